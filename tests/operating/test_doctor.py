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
