"""What is learned in the demo organisation: courses, three paths, their sessions, who is enrolled and why. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from backend.schemas.learning.activities import ActivityInput, CertificateInput, StepInput


class Content(msgspec.Struct, frozen=True):
    """A step to read and tick off."""

    title: str
    body: str
    mandatory: bool = True
    min_score: float | None = None

    def step(self) -> StepInput:
        """On the wire."""
        return StepInput(title=self.title, body=self.body, mandatory=self.mandatory, min_score=self.min_score)


class Course(msgspec.Struct, frozen=True):
    """A course of content steps."""

    external_id: str
    title: str
    description: str
    contents: tuple[Content, ...]

    def activity(self) -> ActivityInput:
        """On the wire."""
        return ActivityInput(
            kind="course",
            title=self.title,
            description=self.description,
            external_id=self.external_id,
            steps=[content.step() for content in self.contents],
        )


class Path(msgspec.Struct, frozen=True, kw_only=True):
    """A path: courses by external id (those after a question mark are optional), then content."""

    external_id: str
    title: str
    description: str
    courses: tuple[str, ...]
    contents: tuple[Content, ...] = ()
    certificate: str | None = None
    months: int | None = None

    def activity(self, courses: Mapping[str, int]) -> ActivityInput:
        """On the wire, with the courses' ids."""
        steps = [
            StepInput(
                kind="course", activity_id=courses[name.lstrip("?")], mandatory=not name.startswith("?")
            )
            for name in self.courses
        ]
        return ActivityInput(
            kind="path",
            title=self.title,
            description=self.description,
            external_id=self.external_id,
            steps=steps + [content.step() for content in self.contents],
            certificate=None
            if self.certificate is None
            else CertificateInput(title=self.certificate, valid_months=self.months),
        )


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """An audience: the rule's groups by external id and its other filters as on the wire."""

    name: str
    blocks: tuple[Mapping[str, Any], ...]
    dynamic: bool = True
    mandatory: bool = False
    due_days: int | None = None
    # Days ago that it was confirmed; each time with one block more, the last time with all.
    confirmed: tuple[int, ...]


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A named audience; other rules of the demo refer to it by its name."""

    name: str
    blocks: tuple[Mapping[str, Any], ...]


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """A session; days are counted from today."""

    external_id: str
    activity: str
    name: str
    group: str
    starts: int | None
    ends: int | None = None
    catalog: str = "group"
    methods: tuple[Method, ...] = ()


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What some of a group's people did before: the part who completed, the part who began, and how long ago."""

    activity: str
    group: str
    completed: float
    started: float
    days: tuple[int, int]


COURSES = (
    Course("fire-safety", "Fire safety", "What to do before, during and after an alarm.", (
        Content("How fires begin", "Most fires at work begin small: an overloaded socket, a rag near a heater, a battery "
                "charging where nobody looks. Walk your floor once a week with these three in mind."),
        Content("Leaving the building", "Leave at once by the nearest green sign. Take nothing, use the stairs, close doors "
                "behind you and go to your assembly point. Nobody goes back before the all-clear."),
        Content("Using an extinguisher", "Pull the pin, aim at the base, squeeze, sweep. If it is not out in ten seconds, leave."),
    )),
    Course("lifting", "Lifting and carrying", "Moving heavy things without harm.", (
        Content("Your back", "Keep the load close, the back straight and let the legs work. Above 25 kg, ask."),
        Content("Tools that help", "Pallet jack, lift table, second person: choose before you lift, not after."),
    )),
    Course("gdpr", "Data protection basics", "What counts as personal data and what you may do with it.", (
        Content("What is personal data", "Anything that can be linked to a living person: a name, a badge number, a photo, "
                "the times somebody logs in."),
        Content("When something goes wrong", "Report within an hour, even if you are not sure. We have 72 hours by law; "
                "most of them are needed to find out what happened."),
    )),
    Course("passwords", "Secure passwords", "Passphrases, managers and second factors.", (
        Content("Long beats clever", "Four random words are stronger than eight strange characters, and you can type them."),
        Content("The second factor", "Turn it on wherever it is offered. Never approve a request that you did not make."),
    )),
    Course("feedback", "Feedback that helps", "Saying what you saw so that somebody can use it.", (
        Content("Situation, behaviour, effect", "Say when and where, what you saw, and what it led to. Then stop and listen."),
        Content("Practise", "Give one piece of feedback this week and write down how it went."),
    )),
    Course("delegation", "Delegating", "Handing over work with what it takes to do it well.", (
        Content("What to hand over", "Outcomes rather than steps, with the authority they need and a day to look at it together."),
    )),
    Course("winter-driving", "Driving in winter", "Grip, distance and what to carry.", (
        Content("Before you start", "Tyres, lights, fluid, shovel, blanket. Five minutes that save five hours."),
        Content("On ice", "Everything gently: steering, braking, accelerating. Ten times the distance."),
    )),
)  # fmt: skip

PATHS = (
    Path(
        external_id="safety",
        title="Safety at work",
        description="For everybody who works in a warehouse or on the road. Renewed every year.",
        courses=("fire-safety", "lifting"),
        contents=(
            Content(
                "The rules of your site",
                "Read the notice at your entrance and confirm that you know its rules.",
            ),
        ),
        certificate="Safety at work",
        months=12,
    ),
    Path(
        external_id="data-protection",
        title="Data protection",
        description="What everybody at Halden needs to know to handle data well.",
        courses=("gdpr", "passwords"),
        contents=(
            Content("Check what you know", "Ten questions; eight right answers are enough.", min_score=80),
        ),
        certificate="Data protection",
        months=24,
    ),
    Path(
        external_id="leading",
        title="Leading people",
        description="For those who lead a team or are about to.",
        courses=("feedback", "delegation", "?gdpr"),
        contents=(
            Content(
                "Your first hundred days", "Write down what you want your team to say in a hundred days."
            ),
        ),
    ),
)

SEGMENTS = (
    Segment(
        name="Where it snows",
        blocks=(
            {
                "everyone": True,
                "filters": [{"type": "field", "field": "location", "op": "in", "values": ["Oslo", "Chicago"]}],
            },
        ),
    ),
)  # fmt: skip

ROUNDS = (
    Round(
        external_id="safety-current",
        activity="safety",
        name="Safety at work, this year",
        group="operations",
        starts=-75,
        methods=(
            Method(
                name="Warehouses and fleet",
                blocks=(
                    {
                        "groups": ["operations"],
                        "filters": [{"type": "field", "field": "location", "op": "in", "values": ["Lyon", "Chicago"]}],
                    },
                ),
                mandatory=True,
                due_days=90,
                confirmed=(72,),
            ),
        ),
    ),
    Round(
        external_id="data-protection-open",
        activity="data-protection",
        name="Data protection, open",
        group="halden",
        starts=None,
        catalog="everyone",
        methods=(
            Method(
                name="Offices, and certificates that run out",
                blocks=(
                    {"groups": ["sales", "people", "finance"], "filters": []},
                    {
                        "groups": ["technology"],
                        "filters": [
                            {
                                "type": "any",
                                "of": [
                                    {"type": "certificate", "status": "not_obtained", "certificates": ["data-protection"]},
                                    {"type": "certificate", "status": "expiring", "certificates": ["data-protection"], "days": 60},
                                ],
                            }
                        ],
                    },
                ),
                mandatory=True,
                due_days=60,
                confirmed=(48, 33),
            ),
        ),
    ),
    Round(
        external_id="leading-next",
        activity="leading",
        name="Leading people, next round",
        group="halden",
        starts=12,
        ends=110,
        methods=(
            Method(
                name="Team leaders and experienced mentors",
                blocks=(
                    {"groups": ["leaders"], "filters": []},
                    {
                        "groups": ["mentors"],
                        "filters": [{"type": "field", "field": "grade", "op": "gte", "values": [5]}],
                    },
                ),
                confirmed=(9, 4),
            ),
        ),
    ),
    Round(
        external_id="winter-driving-open",
        activity="winter-driving",
        name="Driving in winter",
        group="fleet",
        starts=-20,
        methods=(
            Method(
                name="Drivers where it snows",
                blocks=(
                    {
                        "groups": ["drivers"],
                        "filters": [{"type": "segment", "segments": ["Where it snows"]}],
                    },
                ),
                confirmed=(24,),
            ),
        ),
    ),
)  # fmt: skip

HISTORY = (
    History(activity="safety", group="operations", completed=0.6, started=0.15, days=(20, 420)),
    History(activity="data-protection", group="halden", completed=0.45, started=0.1, days=(40, 760)),
    History(activity="safety", group="operations", completed=0.3, started=0.2, days=(3, 70)),
    History(activity="data-protection", group="halden", completed=0.2, started=0.15, days=(1, 46)),
    History(activity="winter-driving", group="fleet", completed=0.3, started=0.2, days=(2, 18)),
)
