-- Acts are runs: what they wrote is kept as it was before and after, and the runs that follow name them. See
-- docs/decisions/0046-an-act-is-a-run.md.

SET LOCAL lock_timeout = '5s';

-- The act that a run follows from; of a run that follows from what follows, the act itself.
ALTER TABLE run ADD COLUMN caused_by bigint REFERENCES run ON DELETE SET NULL;
-- allowed: the column is new, so the index holds nothing, and runs are few beside what they write
CREATE INDEX run_caused_by_idx ON run (caused_by, id) WHERE caused_by IS NOT NULL;

-- Runs that are made while the transaction writes for another follow from that one.
CREATE FUNCTION note_cause_of_run() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    acting bigint := muster_run();
BEGIN
    IF NEW.caused_by IS NULL AND acting IS NOT NULL AND acting <> NEW.id THEN
        NEW.caused_by := (SELECT coalesce(r.caused_by, r.id) FROM run r WHERE r.id = acting);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER note_cause BEFORE INSERT ON run FOR EACH ROW EXECUTE FUNCTION note_cause_of_run();

-- What a run wrote of facts and structure, row by row, for its undo. `step` is one for each statement, in order.
-- Enrollments, sources and who waits are not here: `run_change` has them.
CREATE TABLE run_fact (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id bigint NOT NULL,
    step bigint NOT NULL,
    at timestamptz NOT NULL,
    table_name text NOT NULL,
    before jsonb,                           -- null: there was no such row
    after jsonb,                            -- null: it was deleted
    CHECK (num_nonnulls(before, after) > 0)
);
CREATE INDEX run_fact_run_idx ON run_fact (run_id, step);
CREATE INDEX run_fact_at_idx ON run_fact USING brin (at);
CREATE SEQUENCE run_fact_step;

-- The arguments of the trigger: the columns by which a row is found again.
CREATE FUNCTION note_run_fact() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE
    -- Nobody's to keep.
    unkept text[] := ARRAY['password_hash'];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        EXECUTE format(
            'INSERT INTO run_fact (run_id, step, at, table_name, before, after)'
            ' SELECT muster_run(), $1, muster_now(), $2, to_jsonb(o) - $3, to_jsonb(n) - $3'
            ' FROM new_rows n JOIN old_rows o USING (%s) WHERE to_jsonb(o) - $3 - ''version'' <> to_jsonb(n) - $3 - ''version''',
            array_to_string(TG_ARGV, ', '))
        USING nextval('run_fact_step'), TG_TABLE_NAME, unkept;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO run_fact (run_id, step, at, table_name, after)
        SELECT muster_run(), (SELECT nextval('run_fact_step')), muster_now(), TG_TABLE_NAME, to_jsonb(n) - unkept FROM new_rows n;
    ELSE
        INSERT INTO run_fact (run_id, step, at, table_name, before)
        SELECT muster_run(), (SELECT nextval('run_fact_step')), muster_now(), TG_TABLE_NAME, to_jsonb(o) - unkept FROM old_rows o;
    END IF;
    RETURN NULL;
END $$;

-- Whether the run that the transaction writes for takes another one back.
CREATE FUNCTION muster_run_undoes() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM run WHERE id = muster_run() AND undo_of IS NOT NULL)
$$;

-- Has a table's changes kept: of these events, its rows told apart by these columns. Without a run nothing is done. `return` is an
-- insertion by an undo, that brings back what was deleted.
CREATE FUNCTION keep_facts_of(kept text, keys text[], events text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    event text;
    tables text;
    named text := (SELECT string_agg(quote_literal(k), ', ') FROM unnest(keys) AS k);
BEGIN
    FOREACH event IN ARRAY events LOOP
        tables := CASE event WHEN 'delete' THEN 'OLD TABLE AS old_rows'
                             WHEN 'update' THEN 'OLD TABLE AS old_rows NEW TABLE AS new_rows' ELSE 'NEW TABLE AS new_rows' END;
        EXECUTE format('CREATE TRIGGER note_fact_%s AFTER %s ON %I REFERENCING %s FOR EACH STATEMENT WHEN (%s)'
                       ' EXECUTE FUNCTION note_run_fact(%s)', event, replace(event, 'return', 'insert'), kept, tables,
                       CASE event WHEN 'return' THEN 'muster_run_undoes()' ELSE 'muster_run() IS NOT NULL' END, named);
    END LOOP;
END $$;

-- An account that was made is never taken back, and one that is deleted is gone. Structure that is made stays, and is changed back.
SELECT keep_facts_of('learner', '{id}', '{update}');
SELECT keep_facts_of('learner_group', '{id}', '{update,delete,return}');
SELECT keep_facts_of('field', '{id}', '{update,delete,return}');
SELECT keep_facts_of('segment', '{id}', '{update,delete,return}');
SELECT keep_facts_of('session', '{id}', '{update,delete,return}');
SELECT keep_facts_of('enrollment_method', '{id}', '{update,delete,return}');
SELECT keep_facts_of('membership', '{group_id,learner_id}', '{insert,update,delete}');
SELECT keep_facts_of('field_value', '{learner_id,field_id}', '{insert,update,delete}');
SELECT keep_facts_of('session_instructor', '{session_id,learner_id}', '{insert,delete}');
SELECT keep_facts_of('exclusion', '{session_id,learner_id}', '{insert,update,delete}');
SELECT keep_facts_of('result', '{id}', '{insert,update,delete}');
SELECT keep_facts_of('result_attempt', '{id}', '{insert,delete}');
SELECT keep_facts_of('award', '{id}', '{insert,update,delete}');

-- Drafts of changes, with a name; `seen` is how they looked when somebody looked last.
CREATE TABLE rehearsal (
    id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    changes jsonb NOT NULL,
    state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'applied')),
    run_id bigint REFERENCES run ON DELETE SET NULL,
    seen jsonb,
    created_by integer REFERENCES learner ON DELETE SET NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1
);
CREATE INDEX rehearsal_run_idx ON rehearsal (run_id) WHERE run_id IS NOT NULL;
