"""Commands beside a serving instance, and alone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.runtime import clock
from tests.harness.instance import ADMIN_EMAIL, Muster, clean_environment, run_muster


def test_a_token_signs_in(muster: Muster) -> None:
    with muster.anonymous() as client:
        client.headers["Authorization"] = f"Bearer {muster.token()}"
        assert client.get("/auth/me").json()["learner"]["email"] == ADMIN_EMAIL


def test_a_token_is_limited_to_its_scope(muster: Muster) -> None:
    with muster.anonymous() as client:
        client.headers["Authorization"] = f"Bearer {muster.token(ADMIN_EMAIL, 'read')}"
        assert client.get("/auth/me").is_success
        assert client.post("/groups", json={"name": "Nurses"}).status_code == 403


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--email", "nobody@muster.example"), "Nobody"),
        (("--email", ADMIN_EMAIL, "--scope", "everything"), "no scope"),
    ],
)
def test_a_token_for_nothing_is_refused(muster: Muster, arguments: tuple[str, ...], said: str) -> None:
    done = muster.cli("token", "create", *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stdout == ""


def test_an_account_becomes_admin_with_a_new_password(muster: Muster) -> None:
    muster.create_admin("grace@muster.example", "the first password")
    muster.create_admin("Grace@Muster.example", "the second password")
    muster.sign_in("grace@muster.example", "the second password")
    with muster.anonymous() as client:
        first = {"email": "grace@muster.example", "password": "the first password"}
        assert client.post("/auth/login", json=first).status_code == 401


@pytest.mark.parametrize("email", ["", "nobody", "@here", "a@b@c", "a b@c.example"])
def test_an_address_that_is_none_is_refused(muster: Muster, email: str) -> None:
    done = muster.cli("admin", "create", "--email", email, "--password", "long enough")
    assert done.returncode == 1
    assert "not an e-mail address" in done.stderr


def test_the_doctor_finds_nothing(muster: Muster) -> None:
    done = muster.cli("doctor")
    assert done.returncode == 0, done.stdout
    assert {line.split()[0] for line in done.stdout.splitlines()} == {"ok"}


def test_migrating_twice_is_migrating_once(tmp_path: Path) -> None:
    environment = clean_environment(MUSTER_TIMEZONE="Europe/Paris", MUSTER_CLOCK="+P40D")
    first = run_muster("migrate", environment=environment, directory=tmp_path)
    second = run_muster("migrate", environment=environment, directory=tmp_path)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "up to date" in second.stdout
    examined = run_muster("doctor", environment=environment, directory=tmp_path)
    assert "MUSTER_CLOCK is set" in examined.stdout
    assert (tmp_path / ".muster").is_dir()


def test_an_env_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MUSTER_DATA_DIR=elsewhere\nMUSTER_TIMEZONE=Nowhere/Land\n")
    environment = clean_environment(MUSTER_TIMEZONE="Asia/Tokyo")
    assert run_muster("migrate", environment=environment, directory=tmp_path).returncode == 0
    assert (tmp_path / "elsewhere" / "postgres").is_dir()
    assert "Asia/Tokyo" in run_muster("doctor", environment=environment, directory=tmp_path).stdout


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("+P40D", timedelta(days=40)),
        ("-P1DT2H", -timedelta(days=1, hours=2)),
        ("+PT1.5S", timedelta(seconds=1.5)),
        ("+P2W", timedelta(weeks=2)),
        ("2027-03-01T08:00:00Z", timedelta(days=59, hours=8)),
        ("2027-03-01", timedelta(days=59)),
    ],
)
def test_a_clock_setting_is_an_offset_or_an_instant(text: str, moved: timedelta) -> None:
    new_year = datetime(2027, 1, 1, tzinfo=UTC)
    assert clock.parse_offset(text, new_year) == moved
    assert clock.parse_offset(clock.offset_text(moved), new_year) == moved


@pytest.mark.parametrize("text", ["P40D", "+P", "+PT", "+P1DT", "40", "tomorrow", "+P40"])
def test_a_clock_setting_that_is_neither_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither an offset"):
        clock.parse_offset(text, datetime(2027, 1, 1, tzinfo=UTC))
