"""How every process logs: one JSON object a line on stderr, or words for people where a terminal is.

Nobody's data gets into a log: tracebacks hold no values of variables, errors are told without what they quote, and
addresses are left out wherever they stand.
"""

import logging
import os
import re
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from typing import Any

import structlog

from backend.runtime.metrics import NAME

# Set by a supervisor whose own stderr is a terminal: its processes write into pipes.
FOR_PEOPLE = "MUSTER_LOG_FOR_PEOPLE"
HIDDEN = "[…]"
# What errors quote: 'this', "this", (this)=(that) as PostgreSQL does.
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|=\([^)]*\)")
_ADDRESS = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)*")
# Whose words are about machines, not about people.
_HARMLESS = (OSError, TimeoutError, EOFError, MemoryError)
_CHAIN_MOST = 5

Event = MutableMapping[str, Any]


def configure() -> None:
    """Let structlog and the standard library's loggers write to stderr in one form."""
    people = for_people()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_process,
        _tell_errors,
        _hide_addresses,
    ]
    form: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=False) if people else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, form],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, form],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def for_people() -> bool:
    """Whether a person reads along."""
    return FOR_PEOPLE in os.environ or sys.stderr.isatty()


def _name_process(_logger: Any, _method: str, event: Event) -> Event:
    event.setdefault("process", NAME)
    return event


def _tell_errors(_logger: Any, _method: str, event: Event) -> Event:
    found = event.pop("exc_info", None)
    if isinstance(found, tuple):
        found = found[1]
    elif found is True:
        found = sys.exc_info()[1]
    if isinstance(found, BaseException):
        event["exception"] = "\n".join(_told(found))
    for name, value in event.items():
        if isinstance(value, BaseException):
            event[name] = described(value)
    return event


def _told(error: BaseException) -> Iterator[str]:
    current: BaseException | None = error
    for _ in range(_CHAIN_MOST):
        if current is None:
            return
        yield described(current)
        yield "".join(traceback.format_tb(current.__traceback__)).rstrip()
        current = current.__cause__ or current.__context__


def described(error: BaseException) -> str:
    """The error's kind and words, without the values that it quotes."""
    words = str(error).partition("\n")[0]
    if not isinstance(error, _HARMLESS):
        words = _QUOTED.sub(HIDDEN, words)
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _hide_addresses(_logger: Any, _method: str, event: Event) -> Event:
    for name, value in event.items():
        if isinstance(value, str) and "@" in value:
            event[name] = _ADDRESS.sub(HIDDEN, value)
    return event
