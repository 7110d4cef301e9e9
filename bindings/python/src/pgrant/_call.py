"""Calling the library: texts in and out, errors as exceptions, handles that are given back."""

from __future__ import annotations

import weakref
from ctypes import byref, c_void_p
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Dict, Iterable, Mapping, Optional, Union

from ._errors import from_handle, refuse
from ._library import library

Text = Union[str, bytes]
Duration = Union[timedelta, int, str]


class Secret(bytes):
    """A value that is handed over as a secret, and shows as nothing.

    >>> Secret(b"hunter2")
    Secret(...)
    """

    def __repr__(self) -> str:
        return "Secret(...)"

    __str__ = __repr__


def to_bytes(text: Text, field: str) -> bytes:
    """Text for the library, which itself says what is wrong with text that is no UTF-8."""
    if isinstance(text, str):
        return text.encode("utf-8", "surrogatepass")
    if isinstance(text, (bytes, bytearray)):
        return bytes(text)
    raise TypeError(f"{field} must be str, not {type(text).__name__}")


def to_key(text: str, field: str) -> bytes:
    """A key, which goes to the library up to its NUL byte."""
    key = to_bytes(text, field)
    if b"\0" in key:
        refuse(field, f"{field} holds a NUL character")
    return key


def to_int(value: int, bits: int, field: str, *, signed: bool = True) -> int:
    """A number that fits; ctypes would cut it off in silence."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{field} must be int, not {type(value).__name__}")
    least = -(1 << (bits - 1)) if signed else 0
    if not least <= value < least + (1 << bits):
        refuse(field, f"{field} is out of range")
    return value


_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def to_seconds(duration: Duration, field: str) -> int:
    """Whole seconds. Text is read as in a policy: whole numbers with units, greatest first.

    >>> to_seconds("8h30m", "duration"), to_seconds(timedelta(minutes=5), "duration")
    (30600, 300)
    >>> to_seconds("30m8h", "duration")
    Traceback (most recent call last):
    pgrant.InvalidArgumentError: duration must be like "8h30m"
      field: duration
    """
    if isinstance(duration, timedelta):
        return -(-duration // timedelta(seconds=1))  # a part of a second is a second
    if isinstance(duration, str):
        return _parse_duration(duration, field)
    return to_int(duration, 64, field)


def _parse_duration(text: str, field: str) -> int:
    total, digits, units = 0, "", "dhms"
    for character in text:
        if character in "0123456789":
            digits += character
        elif digits and len(digits) <= 12 and character in units:
            total += int(digits) * _UNITS[character]
            digits, units = "", units[units.index(character) + 1 :]
        else:
            break
    else:
        if text and not digits:
            return total
    refuse(field, f'{field} must be like "8h30m"')


_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def to_microseconds(when: datetime, field: str) -> int:
    """A time for the library."""
    if when.tzinfo is None:
        refuse(field, f"{field} needs a time zone")
    return (when - _EPOCH) // timedelta(microseconds=1)


def call(function: Callable[..., int], *arguments: Any) -> None:
    """Calls a function whose last parameter is an error."""
    error = c_void_p()
    status = function(*arguments, byref(error))
    if status:
        raise from_handle(error.value, status)


def call_for_handle(function: Callable[..., int], *arguments: Any) -> int:
    """The same for one that gives a handle before that."""
    made, error = c_void_p(), c_void_p()
    status = function(*arguments, byref(made), byref(error))
    if status:
        raise from_handle(error.value, status)
    return made.value or 0


def call_for_text(function: Callable[..., int], *arguments: Any) -> str:
    """The same for one that gives a text."""
    return take_text(call_for_handle(function, *arguments))


def take_text(text: int) -> str:
    """What stands in a text, which is destroyed."""
    lib = library()
    try:
        data: bytes = lib.pgrant_text_data(text)
        return data.decode("utf-8")
    finally:
        lib.pgrant_text_destroy(text)


class Handle:
    """Owns a handle of the library: `close` gives it back, and so does forgetting it."""

    __slots__ = ("__weakref__", "_finalizer", "_pointer")

    def __init__(self, pointer: int, destroy: Callable[[int], Any]) -> None:
        self._pointer: Optional[int] = pointer
        self._finalizer = weakref.finalize(self, destroy, pointer)

    @property
    def pointer(self) -> Optional[int]:
        """None, once it is closed; the library then says so."""
        return self._pointer

    def close(self) -> None:
        self._pointer = None
        self._finalizer()


OptionValue = Union[None, bool, int, str, Secret, Iterable[str]]


def make_options(kind: int, settings: Mapping[str, OptionValue], fields: Mapping[str, str]) -> Optional[int]:
    """Options as the library takes them, to be destroyed by the caller. None is left out.

    `fields` names the parameters of the caller by the options' keys, for errors.
    """
    lib = library()
    given: Dict[str, OptionValue] = {key: value for key, value in settings.items() if value is not None}
    if not given:
        return None
    options = call_for_handle(lib.pgrant_options_create, kind)
    try:
        for key, value in given.items():
            field = fields.get(key, key)
            name = to_key(key, field)
            if isinstance(value, bool):
                call(lib.pgrant_options_set_bool, options, name, int(value))
            elif isinstance(value, int):
                call(lib.pgrant_options_set_int, options, name, to_int(value, 64, field))
            elif isinstance(value, Secret):
                call(lib.pgrant_options_set_secret, options, name, bytes(value), len(value))
            elif isinstance(value, str):
                text = to_bytes(value, field)
                call(lib.pgrant_options_set_string, options, name, text, len(text))
            else:
                for one in value or ():
                    text = to_bytes(one, field)
                    call(lib.pgrant_options_add_string, options, name, text, len(text))
    except BaseException:
        lib.pgrant_options_destroy(options)
        raise
    return options
