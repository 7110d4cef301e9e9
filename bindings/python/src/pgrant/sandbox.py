"""Throwaway PostgreSQL servers that behave like Azure's, for demonstrations and tests."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Dict, Iterable, Mapping, Optional, Tuple, Type, Union

from . import _document as doc
from . import _ffi
from ._call import OptionValue, call_for_text, to_bytes
from ._library import library
from ._operation import Request
from ._queue import run_on_runtime
from .spec import ConnectionSpec, Value

Path = Union[str, "os.PathLike[str]"]


@dataclass(frozen=True)
class SandboxLogin:
    """A login whose password lies in a file."""

    name: str
    password_file: str
    purpose: str


@dataclass(frozen=True)
class SandboxReport:
    """What there is to know about a sandbox. Holds no secret."""

    directory: str
    running: bool
    pid: Optional[int]
    #: "18.4"
    version: str
    profile: str
    #: "localhost", which the server's certificate names.
    host: str
    port: int
    #: None without TLS.
    ca_file: Optional[str]
    #: Connecting through it needs no password, as any role.
    socket_directory: str
    log_file: str
    superuser: str
    administrator: str
    #: For the administrator, verify-full, without a password.
    admin_dsn: str
    databases: Tuple[str, ...] = field(metadata=doc.by(tuple))
    logins: Tuple[SandboxLogin, ...] = field(metadata=doc.by(doc.every(SandboxLogin)))


class Sandbox:
    """A PostgreSQL server in a directory of its own. Its process goes on after this one's.

        with Sandbox.start() as box:
            with Client(box.spec("pgadmin")) as client:
                print(client.check().server.version_text)

    As a context manager it stops the server and deletes the directory at the end.
    """

    def __init__(self, directory: Path) -> None:
        """One that was made before, running or not. Raises NotFoundError."""
        self._directory = os.fspath(directory)
        self._made: Optional[str] = None
        self.report()

    @classmethod
    def start(
        cls,
        directory: Optional[Path] = None,
        *,
        version: Optional[int] = None,
        profile: Optional[str] = None,
        port: Optional[int] = None,
        administrator: Optional[str] = None,
        tls: Optional[bool] = None,
        content: Optional[bool] = None,
        copy_from: Optional[Path] = None,
        postgresql: Optional[Path] = None,
        search_path: Iterable[Path] = (),
        settings: Optional[Mapping[str, str]] = None,
    ) -> Sandbox:
        """Makes one and starts it; some 3 s, 0.4 s for a copy.

        `directory` must not exist or be empty; without it, there is a temporary one. `version`: 14 to
        18 (the newest that is found). `profile`: "azure" or "superuser". `tls` and `content` off: no
        TLS, no application databases. `copy_from`: the directory of a stopped one. `postgresql`: the
        directory of initdb and postgres; `search_path`: directories that hold VERSION/bin/postgres.
        `settings`: of postgresql.conf.

        Raises NotFoundError if there is no PostgreSQL, ConflictError, FileError.
        """
        options: Dict[str, OptionValue] = {
            "major": version,
            "profile": profile,
            "port": port,
            "administrator": administrator,
            "tls": tls,
            "content": content,
            "copy_from": None if copy_from is None else os.fspath(copy_from),
            "postgresql": None if postgresql is None else os.fspath(postgresql),
            "search_path": tuple(os.fspath(one) for one in search_path),
        }
        for name, value in (settings or {}).items():
            options["setting." + name] = value
        made = None
        if directory is None:
            made = tempfile.mkdtemp(prefix="pgrant-sandbox-")
            os.chmod(made, 0o711)  # the server's user has to pass, if we are root
            directory = os.path.join(made, "server")
        self = object.__new__(cls)
        self._directory, self._made = os.fspath(directory), made
        try:
            self._run("create", kind=_ffi.OPTIONS_SANDBOX, settings=options, fields={"major": "version"})
        except BaseException:
            if made:
                shutil.rmtree(made, ignore_errors=True)
            raise
        return self

    @property
    def directory(self) -> str:
        return self._directory

    def report(self) -> SandboxReport:
        """The present state."""
        data = self._path()
        text = call_for_text(library().pgrant_sandbox_status, data, len(data))
        return doc.build(SandboxReport, json.loads(text))

    def password(self, login: str) -> str:
        """The password of one of the logins that the report names. Raises NotFoundError."""
        data, name = self._path(), to_bytes(login, "login")
        return call_for_text(library().pgrant_sandbox_password, data, len(data), name, len(name))

    def spec(self, user: Optional[str] = None, **keywords: Value) -> ConnectionSpec:
        """How to connect as one of its logins (the administrator), or, with a `password` or a
        `secret` among the keywords, as somebody else; `dbname` chooses the database."""
        report = self.report()
        words: Dict[str, Value] = {"host": report.host, "port": report.port, "dbname": "postgres"}
        words["user"] = user or report.administrator
        if report.ca_file:
            words["sslrootcert"] = report.ca_file
        else:
            words["sslmode"] = "disable"
        for login in report.logins:
            if login.name == words["user"] and not {"password", "secret"} & keywords.keys():
                words["secret"] = "file:" + login.password_file
        return ConnectionSpec("", **{**words, **keywords})

    def stop(self) -> None:
        """Stops the server: sessions end, everything is written."""
        self._run("stop")

    def resume(self) -> None:
        """Starts it again, on the port that it had."""
        self._run("resume")

    def remove(self) -> None:
        """Stops the server and deletes the directory."""
        self._run("remove")
        if self._made:
            shutil.rmtree(self._made, ignore_errors=True)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], why: Optional[BaseException], where: Optional[TracebackType]
    ) -> None:
        self.remove()

    def __repr__(self) -> str:
        return f"Sandbox({self._directory!r})"

    def _path(self) -> bytes:
        return to_bytes(self._directory, "directory")

    def _run(self, verb: str, **more: Any) -> None:
        run_on_runtime(Request(verb, f"pgrant_sandbox_{verb}_start", lambda *_: None, self._path(), **more))
