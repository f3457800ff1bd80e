"""What is told beside reconciling (pins, sizes) keeps nobody from being enrolled, whatever goes wrong in it."""

from collections.abc import Callable

import pytest

from tests.harness.system import System


def broken(*_: object) -> None:
    raise LookupError("a stored value that nobody thought of")


async def broken_later(*_: object) -> None:
    broken()


@pytest.mark.parametrize(
    ("act", "fault"),
    [
        ("pin_watch.PinWatch.batch", broken),
        ("pin_watch.PinWatch.look", broken_later),
        ("segment_sizes.SegmentSizes.batch", broken),
        ("segment_sizes.SegmentSizes.count", broken_later),
        ("sizes._causes", broken),
        ("sizes.Sizes.judge", broken_later),
    ],
)
async def test_people_are_enrolled_all_the_same(
    system: System, monkeypatch: pytest.MonkeyPatch, act: str, fault: Callable[..., object]
) -> None:
    group = await system.group()
    await system.post("/segments", {"name": "All", "rule": {"blocks": [{"groups": [group]}]}})
    session = await system.session()
    leaving, *staying = await system.people(3, group)
    await system.enroll_group(session, group)
    (method,) = (await system.admin.get(f"/sessions/{session}/methods")).json()["items"]
    pins = f"/sessions/{session}/methods/{method['id']}/pins"
    answer = await system.admin.post(pins, json={"learner_id": leaving, "expected": "in"})
    assert answer.is_success, answer.text
    await system.settled()
    monkeypatch.setattr(f"backend.services.enrollment.reconciler.{act}", fault)
    later = await system.people(3, group)
    await system.leave(group, leaving)
    await system.settled()
    assert await system.enrolled(session) == {*staying, *later}
