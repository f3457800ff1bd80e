"""The words of messages; see `backend.words`."""

from collections.abc import Callable

from backend.words import Message

WORDS = {
    "hello": Message("Hello {name},"),
    "hello_nobody": Message("Hello,"),
    "automatic": Message("This message was sent automatically by Muster."),
    "enrolled_one": Message("You are enrolled in {title}"),
    "enrolled_many": Message("You are enrolled in {count} activities"),
    "enrolled_lead": Message("You have been enrolled:"),
    "changed_one": Message("Your due date for {title} has changed"),
    "changed_many": Message("{count} of your due dates have changed"),
    "changed_lead": Message("A due date of yours is now earlier:"),
    "nudged_one": Message("A reminder of {title}"),
    "nudged_many": Message("A reminder of {count} activities"),
    "nudged_lead": Message("This is waiting for you:"),
    "and_more": Message("and {count} more, which you find in your catalog"),
    "starts": Message("Starts:"),
    "ends": Message("Ends:"),
    "due": Message("Due:"),
    "mandatory": Message("Mandatory"),
    "open": Message("Open"),
    "invitation_subject": Message("Your invitation to {organisation}"),
    "invitation_lead": Message(
        "an account at {organisation} has been made for you. Choose a password to begin."
    ),
    "invitation_open": Message("Accept the invitation"),
    "invitation_until": Message("The link works until {day}."),
    "held_subject": Message("Held for your approval: {method}"),
    "held_lead": Message(
        "Muster has stopped a large change of who is enrolled in {session}: {figures}. Nothing has changed yet: approve, shrink or reject it."
    ),
    "frozen_subject": Message("Frozen: {method}"),
    "frozen_lead": Message(
        "The audience “{method}” of {session} cannot be evaluated, so nobody is added or removed until it is mended."
    ),
    "failed_subject": Message("Not finished: {method}"),
    "failed_lead": Message(
        "A large change of who is enrolled in {session} could not be finished and was given up. Some people are done, others are not: look at the run, and confirm a plan again."
    ),
    "jumped_subject": Message("An unusual change: {method}"),
    "jumped_lead": Message(
        "The audience “{method}” has changed by more than is usual for it. If that is right, say so; if it is not, look at what happened."
    ),
    "proposed_subject": Message("{method} proposes whom to enroll"),
    "proposed_lead": Message(
        "{method} asks that people be enrolled in {session}: look at whom, approve it or decline it."
    ),
    "approved_subject": Message("Done as you proposed: {session}"),
    "approved_lead": Message("What you proposed for {session} has been done."),
    "declined_subject": Message("Not done: what you proposed for {session}"),
    "declined_lead": Message("What you proposed for {session} was declined."),
    "broken_pin_subject": Message("Not where they must be: people pinned to {method}"),
    "broken_pin_lead": Message(
        "The rule of “{method}” no longer does what is expected of it for people who are pinned to it."
    ),
    "alert_open": Message("Look at it"),
    "several_subject": Message("{count} things wait for your decision"),
    "and_more_waiting": Message("and {count} more"),
    "alert_open_all": Message("Look at all that waits for you"),
}
# What a held run would do to how many people.
FIGURES: dict[str, Callable[[int], Message]] = {
    "entering": lambda count: Message.plural(
        "{count:,} person would be enrolled", "{count:,} people would be enrolled", count
    ),
    "leaving": lambda count: Message.plural(
        "{count:,} person would lose access", "{count:,} people would lose access", count
    ),
    "gaining": lambda count: Message.plural(
        "{count:,} enrolled already", "{count:,} enrolled already", count
    ),
    "losing": lambda count: Message.plural(
        "{count:,} stays enrolled for another reason", "{count:,} stay enrolled for another reason", count
    ),
    "completed_stay": lambda count: Message.plural(
        "{count:,} has completed and stays", "{count:,} have completed and stay", count
    ),
}
DAY_AND_TIME = "EEEE d MMMM y, HH:mm"
