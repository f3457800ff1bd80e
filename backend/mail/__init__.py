"""E-mail: how a message reads in the recipient's language, and how it gets to the mail server."""

from backend.mail.envelope import BadAddress, Envelope
from backend.mail.rendering import Alert, Alerts, Invitation, Item, Letter, Recipient, Rendered, render
from backend.mail.settings import MailSettings
from backend.mail.smtp import Connection, Deferred, Refused, Unreachable

__all__ = [
    "Alert",
    "Alerts",
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
    "render",
]
