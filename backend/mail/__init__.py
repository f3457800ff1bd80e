"""E-mail: how a message reads in the recipient's language, and how it gets to the mail server."""

from backend.mail.envelope import BadAddress, Envelope
from backend.mail.rendering import Alert, Invitation, Item, Letter, Recipient, Rendered, Why, render
from backend.mail.settings import MailSettings
from backend.mail.smtp import Connection, Deferred, Refused, Unreachable

__all__ = [
    "Alert",
    "BadAddress",
    "Connection",
    "Deferred",
    "Envelope",
    "Invitation",
    "Item",
    "Letter",
    "MailSettings",
    "Recipient",
    "Refused",
    "Rendered",
    "Unreachable",
    "Why",
    "render",
]
