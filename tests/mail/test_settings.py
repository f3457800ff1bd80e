"""What the address of a mail server says."""

from urllib.parse import quote

import pytest

from backend.mail import MailSettings


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail", ("mail", 25, None, None, False, True)),
        ("smtp://u%40x:p%3A@mail:2525?verify=no", ("mail", 2525, "u@x", "p:", False, False)),
        ("smtp://u:p@mail", ("mail", 587, "u", "p", False, True)),
        ("smtps://u:p@mail", ("mail", 465, "u", "p", True, True)),
    ],
)
def test_smtp_urls(url: str, expected: tuple[object, ...]) -> None:
    server = MailSettings(url, "https://m.example:8000").server
    assert server is not None
    assert (
        server.host,
        server.port,
        server.username,
        server.password,
        server.implicit_tls,
        server.verify,
    ) == expected


def test_who_it_comes_from() -> None:
    assert MailSettings(None, "https://m.example:8000").sender == "muster@m.example"
    assert MailSettings(f"smtp://{quote('a@b.c', safe='')}:p@mail").sender == "a@b.c"
    assert MailSettings("smtp://u@mail?from=x@y.z").sender == "x@y.z"
    with pytest.raises(ValueError, match="MUSTER_SMTP_URL"):
        _ = MailSettings("http://mail").server
