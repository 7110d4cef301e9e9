"""The library's threads, shared by all clients of the process."""

from __future__ import annotations

import itertools
import os
import threading
from typing import Optional

from ._call import Handle, call_for_handle
from ._library import library

#: Tags of operations, clients and queues, which all differ.
tags = itertools.count(1)

_shared: Optional[Handle] = None
_lock = threading.Lock()


def shared() -> Handle:
    """The runtime; the first call starts it. It ends with the process, what is under way with it."""
    global _shared
    runtime = _shared
    if runtime is None:
        with _lock:
            if _shared is None:
                lib = library()
                # One thread: it waits for servers most of the time.
                _shared = Handle(call_for_handle(lib.pgrant_runtime_create, 0), lib.pgrant_runtime_destroy)
            runtime = _shared
    return runtime


def _forget() -> None:
    """In a child process: what was made before the fork does not work there."""
    global _shared, _lock
    _shared, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
