-- What large filings cost: what notices and messages name is looked at once a statement, as for sources and enrollments
-- (references.sql). Row by row it was most of the work of filing, for where statements are planned anew (`plan_by_key`) each
-- look-up of each row was, too; and where they are not, a look-up that was planned while its table was small read all of it.

SET LOCAL lock_timeout = '5s';

CREATE FUNCTION check_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM require_learners('message', array_agg(DISTINCT learner_id)) FROM new_rows HAVING count(*) > 0;
    RETURN NULL;
END $$;

-- Messages are not locked: whoever deletes any waits for those who write notices (await_notices).
CREATE FUNCTION require_messages(named bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM message WHERE id = ANY(named)) < cardinality(named) THEN
        PERFORM refuse_reference('notice', 'message', (
            SELECT min(n) FROM unnest(named) n WHERE NOT EXISTS (SELECT FROM message m WHERE m.id = n))::text);
    END IF;
END $$;

CREATE FUNCTION check_notice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE missing text;
BEGIN
    PERFORM require_messages(array_agg(DISTINCT message_id)) FROM new_rows HAVING count(*) > 0;
    PERFORM require_learners('notice', array_agg(DISTINCT learner_id)) FROM new_rows HAVING count(*) > 0;
    SELECT n.id INTO missing FROM (SELECT DISTINCT session_id FROM new_rows) n(id)
    WHERE n.id IS NOT NULL AND NOT EXISTS (SELECT FROM session s WHERE s.id = n.id FOR KEY SHARE) LIMIT 1;
    IF FOUND THEN PERFORM refuse_reference('notice', 'session', missing); END IF;
    SELECT n.id INTO missing FROM (SELECT DISTINCT method_id FROM new_rows) n(id)
    WHERE n.id IS NOT NULL AND NOT EXISTS (SELECT FROM enrollment_method m WHERE m.id = n.id FOR KEY SHARE) LIMIT 1;
    IF FOUND THEN PERFORM refuse_reference('notice', 'enrollment_method', missing); END IF;
    SELECT n.id INTO missing FROM (SELECT DISTINCT run_id FROM new_rows) n(id)
    WHERE n.id IS NOT NULL AND NOT EXISTS (SELECT FROM run r WHERE r.id = n.id FOR KEY SHARE) LIMIT 1;
    IF FOUND THEN PERFORM refuse_reference('notice', 'run', missing); END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_message_of_notice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM require_messages(ARRAY[NEW.message_id]);
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION await_writers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE source, enrollment, run_change, run_change_shared, message, notice IN SHARE ROW EXCLUSIVE MODE;
    RETURN NULL;
END $$;

CREATE FUNCTION await_notices() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE notice IN SHARE ROW EXCLUSIVE MODE;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION forget_learner() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gone integer[];
    lowest integer;
    highest integer;
BEGIN
    SELECT coalesce(array_agg(id), '{}'), min(id), max(id) INTO gone, lowest, highest FROM old_rows;
    DELETE FROM run_change WHERE learner_id = ANY(gone);
    DELETE FROM run_change_shared s WHERE first_id <= highest AND last_id >= lowest AND learners <@ gone;
    UPDATE run_change_shared s SET learners = ARRAY(SELECT l FROM unnest(s.learners) l WHERE l <> ALL(gone) ORDER BY l)
    WHERE first_id <= highest AND last_id >= lowest AND learners && gone;
    DELETE FROM source WHERE learner_id = ANY(gone);
    DELETE FROM enrollment WHERE learner_id = ANY(gone);
    -- With their notices: a message tells one person.
    DELETE FROM message WHERE learner_id = ANY(gone);
    RETURN NULL;
END $$;

CREATE FUNCTION forget_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM notice WHERE message_id IN (SELECT id FROM old_rows);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION forget_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM enrollment WHERE session_id IN (SELECT id FROM old_rows);
    DELETE FROM notice WHERE session_id IN (SELECT id FROM old_rows);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION forget_method() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM source WHERE method_id IN (SELECT id FROM old_rows);
    DELETE FROM notice WHERE method_id IN (SELECT id FROM old_rows);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION forget_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM run_change WHERE run_id IN (SELECT id FROM old_rows);
    UPDATE source SET run_id = NULL WHERE run_id IN (SELECT id FROM old_rows);
    UPDATE source SET end_run_id = NULL WHERE end_run_id IN (SELECT id FROM old_rows);
    UPDATE notice SET run_id = NULL WHERE run_id IN (SELECT id FROM old_rows);
    RETURN NULL;
END $$;

ALTER TABLE notice
    DROP CONSTRAINT notice_message_id_fkey, DROP CONSTRAINT notice_learner_id_fkey, DROP CONSTRAINT notice_session_id_fkey,
    DROP CONSTRAINT notice_method_id_fkey, DROP CONSTRAINT notice_run_id_fkey;
ALTER TABLE message DROP CONSTRAINT message_learner_id_fkey;

CREATE TRIGGER check_insert AFTER INSERT ON message REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION check_message();
CREATE TRIGGER check_insert AFTER INSERT ON notice REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION check_notice();
CREATE TRIGGER await_notices BEFORE DELETE ON message FOR EACH STATEMENT EXECUTE FUNCTION await_notices();
CREATE TRIGGER forget AFTER DELETE ON message REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION forget_message();

-- A notice moves to another message; all else that it names stays, but that a run which is gone is named no longer.
CREATE TRIGGER check_message BEFORE UPDATE OF message_id ON notice FOR EACH ROW WHEN (OLD.message_id <> NEW.message_id)
    EXECUTE FUNCTION check_message_of_notice();
CREATE TRIGGER keep_reference BEFORE UPDATE OF learner_id, session_id, method_id, run_id ON notice FOR EACH ROW
    WHEN (OLD.learner_id <> NEW.learner_id OR OLD.session_id IS DISTINCT FROM NEW.session_id
          OR OLD.method_id IS DISTINCT FROM NEW.method_id OR (NEW.run_id IS NOT NULL AND OLD.run_id IS DISTINCT FROM NEW.run_id))
    EXECUTE FUNCTION refuse_other_reference();
CREATE TRIGGER keep_reference BEFORE UPDATE OF id, learner_id ON message FOR EACH ROW
    WHEN (OLD.id <> NEW.id OR OLD.learner_id <> NEW.learner_id)
    EXECUTE FUNCTION refuse_other_reference();
