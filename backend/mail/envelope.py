"""One message to one address, as the mail server gets it."""

from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

import msgspec

from backend.words import Message


class BadAddress(ValueError):
    """Not one e-mail address."""

    def __init__(self, text: str) -> None:
        self.reason = Message("“{name}” is not one e-mail address.", name=text)
        super().__init__(self.reason)


def parse_address(text: str, name: str = "") -> Address:
    """Exactly one address (`EmailMessage` would take several in one header); domains outside ASCII in their ASCII form."""
    try:
        parsed = Address(addr_spec=text)
        domain = parsed.domain.encode("idna").decode()
        if not parsed.username or not domain:
            raise BadAddress(text)
        return Address(display_name=one_line(name), username=parsed.username, domain=domain)
    except (HeaderParseError, ValueError, IndexError) as error:
        raise BadAddress(text) from error


def one_line(text: str) -> str:
    """`text` without line breaks or other control characters, fit for a header."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent; `message_id` without its angle brackets."""

    message_id: str
    sender: str
    sender_name: str
    recipient: str
    recipient_name: str
    subject: str
    text: str
    html: str

    def message(self, now: datetime) -> EmailMessage:
        """The MIME message; raises `BadAddress`."""
        message = EmailMessage()
        message["From"] = parse_address(self.sender, self.sender_name)
        message["To"] = parse_address(self.recipient, self.recipient_name)
        message["Subject"] = one_line(self.subject)
        message["Message-ID"] = f"<{self.message_id}>"
        message["Date"] = format_datetime(now)
        # Keeps holiday notes from being sent back.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(self.text)
        message.add_alternative(self.html, subtype="html")
        return message
