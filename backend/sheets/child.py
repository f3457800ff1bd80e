"""The child process that parses a sheet: the file on stdin, MessagePack on stdout. Nothing it does can hurt its parent.

Its argument are the `Wishes` as JSON. It answers `{"sheet": Sheet}` or `{"error": parts of a Message}`.
"""

import resource
import sys

import msgspec

from backend.sheets.limits import CHILD_MEMORY, CHILD_SECONDS, SheetError
from backend.sheets.parsing import parse
from backend.sheets.sheet import Wishes
from backend.words import Message


def main() -> None:
    """Parse what comes on stdin."""
    resource.setrlimit(resource.RLIMIT_AS, (CHILD_MEMORY, CHILD_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CHILD_SECONDS, CHILD_SECONDS))
    answer: dict[str, object]
    try:
        answer = {"sheet": parse(sys.stdin.buffer.read(), msgspec.json.decode(sys.argv[1], type=Wishes))}
    except SheetError as error:
        answer = {"error": error.detail.parts()}
    except MemoryError:
        answer = {"error": Message("The sheet is too large to be read.").parts()}
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer))


if __name__ == "__main__":
    main()
