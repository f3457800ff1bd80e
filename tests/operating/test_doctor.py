"""The doctor sees what waits for nobody."""

from pathlib import Path

from tests.harness.instance import clean_environment, run_muster
from tests.harness.servers import Servers
from tests.harness.world import world_of


def test_what_waits_for_nobody_is_told(servers: Servers, tmp_path: Path) -> None:
    database = servers.new_database()
    environment = clean_environment(MUSTER_DATABASE_URL=database, MUSTER_REDIS_URL=servers.new_redis())

    def doctor() -> str:
        return run_muster("doctor", environment=environment, directory=tmp_path).stdout

    assert doctor().count("nothing waits for longer than it should") == 3
    with world_of(database) as world:
        learner = world.learner()
        world.run("UPDATE outbox SET at = now() - interval '1 hour'")
        world.run("SELECT sequence_outbox(1000)")
        world.run(
            "INSERT INTO message (learner_id, kind, due_at, state, message_id, created_at)"
            " VALUES ($1, 'invitation', now() - interval '1 hour', 'pending', 'one@muster.example', now())",
            learner,
        )
        world.run(
            "INSERT INTO run (cause, state, created_at) VALUES ('confirm', 'applying', now() - interval '1 hour')"
        )
    said = doctor()
    assert "note reconciler: changes have not been looked at for 60 minutes" in said
    assert "note outgoing mail: messages are due for 60 minutes" in said
    assert "note runs: a run is being applied for 60 minutes" in said
    servers.drop_database(database)


def test_texts_from_before_there_was_one_form_are_listed_and_mended(servers: Servers, tmp_path: Path) -> None:
    database = servers.new_database()
    environment = clean_environment(MUSTER_DATABASE_URL=database, MUSTER_REDIS_URL=servers.new_redis())
    run_muster("migrate", environment=environment, directory=tmp_path)
    with world_of(database) as world:
        world.run("ALTER TABLE learner DISABLE TRIGGER learner_in_normal_form")
        for email in (
            "ju\u0308rgen@x.org",
            "j\u00fcrgen@x.org",
            "zoe\u0308@x.org",
            "ida@xn--bcher-kva.example",
        ):
            world.run("INSERT INTO learner (email, added_at) VALUES ($1, now())", email)
        world.run("ALTER TABLE learner ENABLE TRIGGER learner_in_normal_form")
        note = world.field("note", "text")
        for learner, value in zip(world.learners(3), ("  ", "Ko\u0308ln ", "plain"), strict=True):
            world.set_text(note, value, learner)
    said = run_muster("doctor", environment=environment, directory=tmp_path).stdout
    assert "ju\\u0308rgen@x.org' is the same as that of" in said
    assert "zoe\\u0308@x.org'" in said
    mended = run_muster("doctor", "--repair", environment=environment, directory=tmp_path).stdout
    assert "ju\\u0308rgen" in mended
    assert "zoe" not in mended
    assert "2 values of field “note”" in said
    assert "note”" not in mended
    with world_of(database) as world:
        found = world.run("SELECT string_agg(email, ' ') FROM learner").split()
        kept = world.run("SELECT string_agg(text_value, ' ' ORDER BY text_value) FROM field_value")
    assert kept == "K\u00f6ln plain"
    assert {"zo\u00eb@x.org", "ida@b\u00fccher.example"} < set(found)
    servers.drop_database(database)
