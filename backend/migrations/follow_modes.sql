-- How a dynamic method follows its audience, and who left one that does not take everybody back at once.

SET LOCAL lock_timeout = '5s';

ALTER TABLE enrollment_method
    ADD COLUMN follow text NOT NULL DEFAULT 'both' CHECK (follow IN ('both', 'enter', 'leave')),
    ADD COLUMN reenter text NOT NULL DEFAULT 'always' CHECK (reenter IN ('always', 'never', 'after_days')),
    ADD COLUMN reenter_days integer CHECK (reenter_days > 0),
    ADD COLUMN starts_at timestamptz,
    ADD COLUMN ends_at timestamptz;

CREATE TABLE departure (
    method_id integer NOT NULL REFERENCES enrollment_method ON DELETE CASCADE,
    learner_id integer NOT NULL REFERENCES learner ON DELETE CASCADE,
    -- The day on which they left, where the organisation is.
    left_on date NOT NULL,
    PRIMARY KEY (method_id, learner_id)
);
CREATE INDEX departure_learner_idx ON departure (learner_id);

-- Its value is the day.
CREATE FUNCTION log_departure() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE t timestamptz := muster_now();
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, old, new)
        SELECT t, 'departure', n.learner_id, n.method_id, to_jsonb(o.left_on), to_jsonb(n.left_on)
        FROM new_rows n JOIN old_rows o USING (method_id, learner_id) WHERE o.left_on <> n.left_on;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, new)
        SELECT t, 'departure', learner_id, method_id, to_jsonb(left_on) FROM new_rows;
    ELSE
        INSERT INTO outbox (at, facet, learner_id, ref_id, old)
        SELECT t, 'departure', learner_id, method_id, to_jsonb(left_on) FROM old_rows;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER log_insert AFTER INSERT ON departure REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_departure();
CREATE TRIGGER log_update AFTER UPDATE ON departure REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_departure();
CREATE TRIGGER log_delete AFTER DELETE ON departure REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_departure();

-- Whoever ends a source, of a method that does not take everybody back at once: they left it, unless that takes back that they came.
CREATE FUNCTION note_departures() RETURNS trigger LANGUAGE plpgsql AS $$
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
    RETURN NULL;
END $$;
CREATE TRIGGER note_departures AFTER UPDATE ON source REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION note_departures();

-- Whoever is in it again has not left.
CREATE FUNCTION forget_departures() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM departure) THEN
        DELETE FROM departure d USING new_rows n
        WHERE d.method_id = n.method_id AND d.learner_id = n.learner_id AND n.until IS NULL;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER forget_departures AFTER INSERT ON source REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION forget_departures();
