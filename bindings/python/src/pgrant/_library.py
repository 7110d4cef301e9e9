"""Finding and loading libpgrant."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from typing import Iterator, List, Optional, Tuple

from ._ffi import ABI_MAJOR, ABI_MINOR, QUICK, SIGNATURES

#: Names of the shared object, which hold the major version of its ABI.
_FILE_NAME = {
    "darwin": f"libpgrant.{ABI_MAJOR}.dylib",
    "win32": f"pgrant-{ABI_MAJOR}.dll",
}.get(sys.platform, f"libpgrant.so.{ABI_MAJOR}")


class LibraryError(ImportError):
    """libpgrant was not found, or is one that this package cannot work with."""


class Library:
    """The functions of libpgrant, by name.

    Calls go through ctypes, which releases Python's global lock while they run; the quick ones,
    which never wait for anything, keep it: that is faster, and other threads are not woken.
    """

    def __init__(self, path: str) -> None:
        try:
            releasing = ctypes.CDLL(path)
            keeping = ctypes.PyDLL(path)
        except OSError as why:
            raise LibraryError(f"cannot load libpgrant from {path}: {why}") from why
        self.path = path
        _check_abi(releasing, path)
        for name, (result, arguments) in SIGNATURES.items():
            try:
                function = getattr(keeping if name in QUICK else releasing, name)
            except AttributeError:
                raise LibraryError(f"{path} is not the libpgrant that it says it is: {name} is missing") from None
            function.restype = result
            function.argtypes = arguments
            setattr(self, name, function)

    def __getattr__(self, name: str) -> ctypes._NamedFuncPointer:
        raise AttributeError(name)  # all that there are were set when the library was loaded


def _check_abi(library: ctypes.CDLL, path: str) -> None:
    try:
        version = library.pgrant_abi_version()
    except AttributeError:
        raise LibraryError(f"{path} is no libpgrant: pgrant_abi_version is missing") from None
    major, minor = divmod(version, 1000)
    if major != ABI_MAJOR or minor < ABI_MINOR:
        raise LibraryError(
            f"this package needs libpgrant with ABI {ABI_MAJOR}.{ABI_MINOR} or a later {ABI_MAJOR}.x; "
            f"{path} has {major}.{minor}"
        )


def candidates() -> Iterator[Tuple[str, str]]:
    """Where the library may be, with the reason to look there, in the order of preference."""
    chosen = os.environ.get("PGRANT_LIBRARY")
    if chosen:
        yield chosen, "PGRANT_LIBRARY"
        return  # who names one wants that one and no other
    yield os.path.join(os.path.dirname(os.path.abspath(__file__)), _FILE_NAME), "the package"
    yield os.path.join(sys.prefix, "lib", _FILE_NAME), "sys.prefix"
    from ctypes.util import find_library  # asks the system's linker: slow, and seldom needed

    yield find_library("pgrant") or _FILE_NAME, "the system's linker"


def find() -> Library:
    """Loads the first library that exists."""
    tried: List[str] = []
    for path, why in candidates():
        named = os.path.dirname(path) != ""
        if named and why != "PGRANT_LIBRARY" and not os.path.exists(path):
            tried.append(path)
            continue
        try:
            return Library(path)
        except LibraryError as failure:
            if named or not isinstance(failure.__cause__, OSError):
                raise
            tried.append(f"{path} ({why})")
    raise LibraryError("libpgrant was not found; looked for " + ", ".join(tried) + ". PGRANT_LIBRARY may name its file.")


_loaded: Optional[Library] = None
_loading = threading.Lock()


def library() -> Library:
    """The library; the first call loads it."""
    global _loaded
    if _loaded is None:
        with _loading:
            if _loaded is None:
                _loaded = find()
    return _loaded
