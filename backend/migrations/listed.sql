-- Imports, rehearsals and enrollment rules stand in tables that the log does not tell of: that one of them is new or another is told, and
-- nothing else, so that lists of them are read again.

SET LOCAL lock_timeout = '5s';

CREATE FUNCTION log_listed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (at, facet) VALUES (muster_now(), 'listed');
    RETURN NULL;
END $$;
-- allowed: only added, to tables of few rows
CREATE TRIGGER listed_insert AFTER INSERT OR DELETE ON rehearsal FOR EACH STATEMENT EXECUTE FUNCTION log_listed();
-- That somebody has looked at one is nothing new.
CREATE TRIGGER listed_update AFTER UPDATE ON rehearsal FOR EACH ROW
    WHEN (OLD.version <> NEW.version OR OLD.state <> NEW.state) EXECUTE FUNCTION log_listed();
CREATE TRIGGER listed_change AFTER INSERT OR UPDATE OR DELETE ON enrollment_rule FOR EACH STATEMENT EXECUTE FUNCTION log_listed();
-- While a sheet is read and applied, how far it is is told by a topic of its own.
CREATE TRIGGER listed_insert AFTER INSERT OR DELETE ON import_job FOR EACH STATEMENT EXECUTE FUNCTION log_listed();
CREATE TRIGGER listed_update AFTER UPDATE ON import_job FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION log_listed();
