"""The documentation matches the tree."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
PIECES = sorted(
    path.name
    for path in (ROOT / "backend").iterdir()
    if not path.name.startswith((".", "__")) and not path.name.startswith("piccolo_")
)


LOCKS = [
    *sorted(ROOT.glob("requirements*.lock")),
    ROOT / "frontend" / "package-lock.json",
    ROOT / ".ci" / "chromium-package-lock.json",
]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_lock_files_name_no_address(lock: Path) -> None:
    assert not re.findall(r"(?:https?|file)://\S+", lock.read_text())


@pytest.mark.parametrize("name", PIECES)
def test_the_architecture_page_names_every_part(name: str) -> None:
    assert re.search(rf"\b{re.escape(name)}\b", ARCHITECTURE), (
        f"docs/architecture.md does not say what {name} is"
    )


@pytest.mark.parametrize(
    "page", [*sorted(ROOT.glob("docs/**/*.md")), ROOT / "README.md"], ids=lambda page: page.name
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|/|#)([^)#\s]+)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/**/*.md")), ids=lambda page: page.name)
def test_modules_that_pages_name_exist(page: Path) -> None:
    for name in re.findall(r"`(?:backend/|tests/|benchmarks/)[\w/]+\.py`", page.read_text()):
        assert (ROOT / name.strip("`")).exists(), f"{page.name} names {name}"
