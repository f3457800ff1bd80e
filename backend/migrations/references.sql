-- What large runs cost: references of the tables they write are looked at once a statement instead of once a row, and the
-- mail that follows from them is found in order.
--
-- What a foreign key promises is kept to the letter: nothing is inserted that names what is not there, what is named stays
-- until the transaction ends (FOR KEY SHARE, the lock of a foreign key), and what is deleted takes along what names it. A
-- concurrent deletion waits for the lock, and the triggers here look at a snapshot of their own after that wait.

SET LOCAL lock_timeout = '5s';

-- Deleting a run looks for what names it, and an undo for what it did to each person: an index of runs alone would be taken for
-- that too, and gone through from the beginning for everybody.
-- allowed: written to only by runs, which wait for some seconds at most and are taken up again
CREATE INDEX source_run_idx ON source (run_id, learner_id);
-- allowed: written to only by runs, as above
CREATE INDEX source_end_run_idx ON source (end_run_id, learner_id) WHERE end_run_id IS NOT NULL;
-- allowed: written to only by runs, as above
CREATE INDEX blocked_run_idx ON blocked (run_id, learner_id);

-- A hundred thousand messages fall due at one full hour: the next few of them are found without sorting all.
-- allowed: built in a second; mail that is filed meanwhile waits for it
CREATE INDEX message_next_idx ON message (due_at, id) WHERE state IN ('pending', 'sending');
-- allowed: dropping an index takes its lock for an instant
DROP INDEX message_due_idx;

CREATE FUNCTION refuse_reference(child text, parent text, missing text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE foreign_key_violation USING
        MESSAGE = format('%s names %s %s, which does not exist', child, parent, missing),
        TABLE = child, CONSTRAINT = format('%s_%s_reference', child, parent);
END $$;

-- A person is looked up for each row (NOT EXISTS with a lock stays a look-up by key, whatever the planner thinks of the number
-- of rows); of methods, sessions and runs a statement names one or a few.
CREATE FUNCTION check_source() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE missing text;
BEGIN
    SELECT n.learner_id INTO missing FROM new_rows n
    WHERE NOT EXISTS (SELECT FROM learner l WHERE l.id = n.learner_id FOR KEY SHARE) LIMIT 1;
    IF FOUND THEN PERFORM refuse_reference('source', 'learner', missing); END IF;
    SELECT format('%s of session %s', n.method_id, n.session_id) INTO missing
    FROM (SELECT DISTINCT method_id, session_id FROM new_rows) n
    WHERE NOT EXISTS (SELECT FROM enrollment_method m WHERE m.id = n.method_id AND m.session_id = n.session_id FOR KEY SHARE)
    LIMIT 1;
    IF FOUND THEN PERFORM refuse_reference('source', 'enrollment_method', missing); END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_runs_of_source() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    named bigint[];
    missing text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(id) INTO named FROM (SELECT run_id FROM new_rows UNION SELECT end_run_id FROM new_rows) n(id);
    ELSE
        -- What these rows named before is not looked up again: it may be what is just being deleted.
        SELECT array_agg(id) INTO named FROM (
            (SELECT run_id FROM new_rows UNION SELECT end_run_id FROM new_rows)
            EXCEPT (SELECT run_id FROM old_rows UNION SELECT end_run_id FROM old_rows)) n(id);
    END IF;
    SELECT n.id INTO missing FROM unnest(named) AS n(id)
    WHERE n.id IS NOT NULL AND NOT EXISTS (SELECT FROM run r WHERE r.id = n.id FOR KEY SHARE) LIMIT 1;
    IF FOUND THEN PERFORM refuse_reference('source', 'run', missing); END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_enrollment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE missing text;
BEGIN
    SELECT n.learner_id INTO missing FROM new_rows n
    WHERE NOT EXISTS (SELECT FROM learner l WHERE l.id = n.learner_id FOR KEY SHARE) LIMIT 1;
    IF FOUND THEN PERFORM refuse_reference('enrollment', 'learner', missing); END IF;
    SELECT format('%s of activity %s', n.session_id, n.activity_id) INTO missing
    FROM (SELECT DISTINCT session_id, activity_id FROM new_rows) n
    WHERE NOT EXISTS (SELECT FROM session s WHERE s.id = n.session_id AND s.activity_id = n.activity_id FOR KEY SHARE) LIMIT 1;
    IF FOUND THEN PERFORM refuse_reference('enrollment', 'session', missing); END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_run_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE missing text;
BEGIN
    SELECT n.learner_id INTO missing FROM new_rows n
    WHERE NOT EXISTS (SELECT FROM learner l WHERE l.id = n.learner_id FOR KEY SHARE) LIMIT 1;
    IF FOUND THEN PERFORM refuse_reference('run_change', 'learner', missing); END IF;
    SELECT n.run_id INTO missing FROM (SELECT DISTINCT run_id FROM new_rows) n
    WHERE NOT EXISTS (SELECT FROM run r WHERE r.id = n.run_id FOR KEY SHARE) LIMIT 1;
    IF FOUND THEN PERFORM refuse_reference('run_change', 'run', missing); END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION forget_learner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM run_change WHERE learner_id IN (SELECT id FROM old_rows);
    DELETE FROM source WHERE learner_id IN (SELECT id FROM old_rows);
    DELETE FROM enrollment WHERE learner_id IN (SELECT id FROM old_rows);
    RETURN NULL;
END $$;

CREATE FUNCTION forget_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM enrollment WHERE session_id IN (SELECT id FROM old_rows);
    RETURN NULL;
END $$;

CREATE FUNCTION forget_method() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM source WHERE method_id IN (SELECT id FROM old_rows);
    RETURN NULL;
END $$;

CREATE FUNCTION forget_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM run_change WHERE run_id IN (SELECT id FROM old_rows);
    UPDATE source SET run_id = NULL WHERE run_id IN (SELECT id FROM old_rows);
    UPDATE source SET end_run_id = NULL WHERE end_run_id IN (SELECT id FROM old_rows);
    RETURN NULL;
END $$;

-- What a row names, and what rows are named by, stays as it was inserted; nothing of Muster changes it.
CREATE FUNCTION refuse_other_reference() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE foreign_key_violation USING
        MESSAGE = format('what a row of %s refers to, and is referred to by, cannot be changed', TG_TABLE_NAME), TABLE = TG_TABLE_NAME;
END $$;

ALTER TABLE source
    DROP CONSTRAINT source_learner_id_fkey, DROP CONSTRAINT source_place_fkey,
    DROP CONSTRAINT source_run_id_fkey, DROP CONSTRAINT source_end_run_id_fkey;
ALTER TABLE enrollment DROP CONSTRAINT enrollment_learner_id_fkey, DROP CONSTRAINT enrollment_place_fkey;
ALTER TABLE run_change DROP CONSTRAINT run_change_run_id_fkey, DROP CONSTRAINT run_change_learner_id_fkey;
-- Only those foreign keys needed them.
ALTER TABLE enrollment_method DROP CONSTRAINT enrollment_method_place_key;
ALTER TABLE session DROP CONSTRAINT session_place_key;

-- Named so that they come before log_*: what is refused is not logged first.
CREATE TRIGGER check_insert AFTER INSERT ON source REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION check_source();
CREATE TRIGGER check_runs_insert AFTER INSERT ON source REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION check_runs_of_source();
CREATE TRIGGER check_runs_update AFTER UPDATE ON source REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION check_runs_of_source();
CREATE TRIGGER check_insert AFTER INSERT ON enrollment REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION check_enrollment();
CREATE TRIGGER check_insert AFTER INSERT ON run_change REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION check_run_change();
CREATE TRIGGER forget AFTER DELETE ON learner REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION forget_learner();
CREATE TRIGGER forget AFTER DELETE ON session REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION forget_session();
CREATE TRIGGER forget AFTER DELETE ON enrollment_method REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION forget_method();
CREATE TRIGGER forget AFTER DELETE ON run REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION forget_run();

-- These fire only where a statement sets such a column.
CREATE TRIGGER keep_reference BEFORE UPDATE OF learner_id, method_id, session_id ON source FOR EACH ROW
    WHEN (OLD.learner_id <> NEW.learner_id OR OLD.method_id <> NEW.method_id OR OLD.session_id <> NEW.session_id)
    EXECUTE FUNCTION refuse_other_reference();
CREATE TRIGGER keep_reference BEFORE UPDATE OF learner_id, session_id, activity_id ON enrollment FOR EACH ROW
    WHEN (OLD.learner_id <> NEW.learner_id OR OLD.session_id <> NEW.session_id OR OLD.activity_id <> NEW.activity_id)
    EXECUTE FUNCTION refuse_other_reference();
CREATE TRIGGER keep_reference BEFORE UPDATE OF learner_id, run_id ON run_change FOR EACH ROW
    WHEN (OLD.learner_id <> NEW.learner_id OR OLD.run_id <> NEW.run_id)
    EXECUTE FUNCTION refuse_other_reference();
CREATE TRIGGER keep_reference BEFORE UPDATE OF id, activity_id ON session FOR EACH ROW
    WHEN (OLD.id <> NEW.id OR OLD.activity_id <> NEW.activity_id)
    EXECUTE FUNCTION refuse_other_reference();
CREATE TRIGGER keep_reference BEFORE UPDATE OF id, session_id ON enrollment_method FOR EACH ROW
    WHEN (OLD.id <> NEW.id OR OLD.session_id <> NEW.session_id)
    EXECUTE FUNCTION refuse_other_reference();
CREATE TRIGGER keep_reference BEFORE UPDATE OF id ON learner FOR EACH ROW WHEN (OLD.id <> NEW.id)
    EXECUTE FUNCTION refuse_other_reference();
CREATE TRIGGER keep_reference BEFORE UPDATE OF id ON run FOR EACH ROW WHEN (OLD.id <> NEW.id)
    EXECUTE FUNCTION refuse_other_reference();
