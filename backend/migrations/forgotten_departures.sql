-- That somebody had left a method comes back with an undo of what made it forgotten.

SET LOCAL lock_timeout = '5s';

-- The day on which they had left before; null where they had not. Processes of the previous release do not know it.
ALTER TABLE source ADD COLUMN left_before date;

-- Whoever ends a source, of a method that does not take everybody back at once: they left it. An undo is no leaving: as before it
-- came, they either had left on the day that the source made forgotten, or had not left.
CREATE OR REPLACE FUNCTION note_departures() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM enrollment_method WHERE reenter <> 'always') THEN
        INSERT INTO departure (method_id, learner_id, left_on)
        SELECT n.method_id, n.learner_id,
               (muster_now() AT TIME ZONE muster_timezone())::date
        FROM new_rows n
        JOIN old_rows o ON o.id = n.id AND o.until IS NULL
        JOIN enrollment_method m ON m.id = n.method_id AND m.reenter <> 'always' AND m.deleted_at IS NULL
        LEFT JOIN run r ON r.id = n.end_run_id
        WHERE n.until IS NOT NULL AND r.cause IS DISTINCT FROM 'undo'
        ON CONFLICT (method_id, learner_id) DO UPDATE SET left_on = excluded.left_on;
    END IF;
    IF EXISTS (SELECT FROM new_rows WHERE left_before IS NOT NULL AND until IS NOT NULL) THEN
        INSERT INTO departure (method_id, learner_id, left_on)
        SELECT n.method_id, n.learner_id, n.left_before
        FROM new_rows n
        JOIN old_rows o ON o.id = n.id AND o.until IS NULL
        JOIN run r ON r.id = n.end_run_id AND r.cause = 'undo'
        WHERE n.until IS NOT NULL AND n.left_before IS NOT NULL
        ON CONFLICT (method_id, learner_id) DO UPDATE SET left_on = excluded.left_on;
    END IF;
    RETURN NULL;
END $$;

-- Whoever is in it again has not left; the source keeps on which day they had.
CREATE OR REPLACE FUNCTION forget_departures() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM departure) THEN
        WITH forgotten AS (
            DELETE FROM departure d USING new_rows n
            WHERE d.method_id = n.method_id AND d.learner_id = n.learner_id AND n.until IS NULL
            RETURNING n.id, d.left_on
        )
        UPDATE source s SET left_before = f.left_on FROM forgotten f WHERE s.id = f.id;
    END IF;
    RETURN NULL;
END $$;
