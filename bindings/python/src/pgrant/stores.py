"""Where `rotate` keeps passwords: files, or a store of the program's own."""

from __future__ import annotations

import os
from typing import Optional, Protocol, Union

_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")


class SecretStore(Protocol):
    """A store of the program's own: a vault, a database. It keeps at most three passwords of a login:
    the one in use, a pending one that may or may not be the server's, and the one before.

    What a call has done is durable when it returns, and a call that is repeated after a crash does no
    harm. What a method raises ends the rotation as the cause of a SecretError; the next one goes on from there.
    """

    def pending(self, login: str, /) -> Union[str, bytes, None]:
        """None: there is none. If nobody knows, raise."""

    def put_pending(self, login: str, secret: str, /) -> object:
        """Keeps it beside the one in use."""

    def promote(self, login: str, /) -> object:
        """The pending one is in use from here on, the one in use is the one before. Nothing
        happens if none is pending."""

    def retire(self, login: str, /) -> object:
        """Forgets the one before."""


class AsyncSecretStore(Protocol):
    """The same as coroutines, for AsyncClient. They may use the client meanwhile."""

    async def pending(self, login: str, /) -> Union[str, bytes, None]:
        """As of SecretStore."""

    async def put_pending(self, login: str, secret: str, /) -> object:
        """As of SecretStore."""

    async def promote(self, login: str, /) -> object:
        """As of SecretStore."""

    async def retire(self, login: str, /) -> object:
        """As of SecretStore."""


class FileSecretStore:
    """Files of mode 0600 in one directory, which exists and is closed to others (0700):
    `<login>.password` is the one in use. Every change is flushed to disk and renamed into its place, so
    that a reader and a crash find a whole file or the one before. For one process at a time.

    >>> FileSecretStore("/etc/pgrant/secrets").current_path("app/1")
    '/etc/pgrant/secrets/app%2F1.password'
    """

    def __init__(self, directory: Union[str, os.PathLike[str]], /) -> None:
        self._directory = os.path.abspath(os.fspath(directory))

    @property
    def directory(self) -> str:
        return self._directory

    def current_path(self, login: str, /) -> str:
        """Where the password in use is, for a spec's `secret=file:…`."""
        name = "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in login.encode())
        return os.path.join(self._directory, name + ".password")

    def current(self, login: str, /) -> Optional[str]:
        """The password in use; None if there is none."""
        try:
            with open(self.current_path(login), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def __repr__(self) -> str:
        return f"FileSecretStore({self._directory!r})"


AnyStore = Union[FileSecretStore, SecretStore, AsyncSecretStore]
