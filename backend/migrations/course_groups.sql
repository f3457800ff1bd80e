-- Classes: course groups within one session, who instructs them, and whom methods that enroll nobody put into them. See
-- docs/decisions/0053-who-is-in-a-course-group.md.

SET LOCAL lock_timeout = '5s';

ALTER TABLE course_group
    ADD COLUMN session_id integer REFERENCES session ON DELETE CASCADE,
    ADD COLUMN external_id text,
    ADD COLUMN version integer NOT NULL DEFAULT 1;
-- allowed: no release has written this table, and two sessions of an activity may have a class of one name
ALTER TABLE course_group DROP CONSTRAINT course_group_activity_id_name_key;
-- allowed: no release has written this table, so there is nothing to read
CREATE UNIQUE INDEX course_group_name_key ON course_group (session_id, lower(name));
-- allowed: no release has written this table, so there is nothing to read
CREATE UNIQUE INDEX course_group_external_id_key ON course_group (external_id) WHERE external_id IS NOT NULL;
-- allowed: no release has written this table, so there is nothing to read
CREATE INDEX course_group_activity_idx ON course_group (activity_id);

CREATE TABLE course_group_instructor (
    course_group_id integer NOT NULL REFERENCES course_group ON DELETE CASCADE,
    learner_id integer NOT NULL REFERENCES learner ON DELETE CASCADE,
    PRIMARY KEY (course_group_id, learner_id)
);
CREATE INDEX course_group_instructor_learner_idx ON course_group_instructor (learner_id);

-- Whom a method puts into its class without enrolling them. Derived from facts by the reconciler, never by hand.
CREATE TABLE course_group_place (
    method_id integer NOT NULL REFERENCES enrollment_method ON DELETE CASCADE,
    learner_id integer NOT NULL REFERENCES learner ON DELETE CASCADE,
    since timestamptz NOT NULL,
    PRIMARY KEY (method_id, learner_id)
);
CREATE INDEX course_group_place_learner_idx ON course_group_place (learner_id);

-- The wider list admits every row that the narrower one did.
ALTER TABLE enrollment_method
    DROP CONSTRAINT enrollment_method_kind_check,
    ADD CONSTRAINT enrollment_method_kind_check CHECK (
        kind IN ('manual', 'audience', 'group', 'segment', 'segment_group', 'chain', 'self', 'subpath')) NOT VALID;

-- That something about the classes of a session has changed is told, and nothing else: who looks at them asks anew.
CREATE FUNCTION log_course_group() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (at, facet) VALUES (muster_now(), 'course_group');
    RETURN NULL;
END $$;
-- allowed: only added; who writes to these tables meanwhile waits for an instant
CREATE TRIGGER log_change AFTER INSERT OR UPDATE OR DELETE ON course_group FOR EACH STATEMENT EXECUTE FUNCTION log_course_group();
CREATE TRIGGER log_change AFTER INSERT OR DELETE ON course_group_instructor FOR EACH STATEMENT EXECUTE FUNCTION log_course_group();
-- To the log they are sources: who is held by which method. No run opened them.
CREATE FUNCTION log_course_group_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO outbox (at, facet, learner_id, ref_id, new)
        SELECT muster_now(), 'source', learner_id, method_id, '[0]'::jsonb FROM new_rows;
    ELSE
        INSERT INTO outbox (at, facet, learner_id, ref_id, old)
        SELECT muster_now(), 'source', learner_id, method_id, '[0]'::jsonb FROM old_rows;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER log_insert AFTER INSERT ON course_group_place REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_course_group_place();
CREATE TRIGGER log_delete AFTER DELETE ON course_group_place REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_course_group_place();
-- A method that is gone or a draft again holds nobody, whoever made it so; brought back, it is looked at anew.
CREATE FUNCTION end_course_group_places() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM course_group_place WHERE method_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER end_course_group_places AFTER UPDATE OF deleted_at, state ON enrollment_method FOR EACH ROW
    WHEN (NEW.kind = 'segment_group' AND (NEW.deleted_at IS NOT NULL OR NEW.state = 'draft'))
    EXECUTE FUNCTION end_course_group_places();
-- Others' writes name the column as well and leave it as it is: told from the row, for a statement cannot be asked that.
CREATE TRIGGER log_course_group AFTER UPDATE OF course_group_id ON enrollment FOR EACH ROW
    WHEN (OLD.course_group_id IS DISTINCT FROM NEW.course_group_id) EXECUTE FUNCTION log_course_group();
CREATE TRIGGER access_insert AFTER INSERT ON course_group_instructor REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_access();
CREATE TRIGGER access_delete AFTER DELETE ON course_group_instructor REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_access();
