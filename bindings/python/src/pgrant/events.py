"""What operations say on their way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Union

from . import _ffi
from ._library import library
from ._operation import OnEvent


@dataclass(frozen=True)
class Progress:
    """How far an operation has come, in units of its own: databases, statements."""

    #: The verb: "inspect", "apply".
    verb: str
    #: What it works on: a database; "" for what is cluster-wide.
    place: str
    done: int
    #: 0: not known.
    total: int


@dataclass(frozen=True)
class LogEntry:
    """What an operation has to say on its way."""

    verb: str
    #: As in `logging`: 10, 20, 30 or 40.
    level: int
    message: str


Event = Union[Progress, LogEntry]


def read_event(event: int, verb: str) -> Optional[Event]:
    """What a LOG or PROGRESS event says."""
    lib = library()
    kind = lib.pgrant_event_kind(event)
    message = lib.pgrant_event_message(event).decode("utf-8", "replace")
    if kind == _ffi.EVENT_PROGRESS:
        return Progress(verb, message, lib.pgrant_event_done(event), lib.pgrant_event_total(event))
    if kind == _ffi.EVENT_LOG:
        return LogEntry(verb, lib.pgrant_event_level(event) * 10, message)
    return None


def tell(said: Optional[Event], on_progress: Optional[OnEvent], on_log: Optional[OnEvent]) -> None:
    """Hands an event to whom it is for."""
    if isinstance(said, Progress) and on_progress:
        on_progress(said)
    elif isinstance(said, LogEntry) and on_log:
        on_log(said)
