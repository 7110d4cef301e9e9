"""A sandbox for the whole run, a connector in it, and clients."""

from __future__ import annotations

import ctypes
import os
import pathlib
import subprocess

import pytest

import pgrant
from pgrant._library import library

SOURCE = pathlib.Path(__file__).resolve().parents[3]
CONNECTOR = "pgrant_connector"
POLICY = {
    "version": 1,
    "bundles": {
        "sales-read": {
            "description": "Read the sales schema",
            "maximum_duration": "8h",
            "grants": [{"database": "shop", "schema": "sales", "tables": "*", "privileges": ["SELECT"]}],
        },
        "billing-read": {
            "grants": [{"database": "billing", "schema": "invoices", "tables": "*", "privileges": ["SELECT"]}],
        },
    },
}

# Nothing of the caller's environment may decide what a test sees.
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("PG")}


class Box(pgrant.Sandbox):
    def sql(self, text, database="postgres"):
        """As the server's own superuser."""
        report = self.report()
        where = f"host={report.socket_directory} port={report.port} user={report.superuser} dbname={database}"
        return self.psql(where, text).stdout.strip()

    def psql(self, where, text, password=None, check=True):
        environment = dict(ENVIRONMENT, **({"PGPASSWORD": password} if password else {}))
        command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", where, "-c", text]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert not check or ran.returncode == 0, ran.stderr
        return ran

    def as_grantee(self, credentials, text, database="shop"):
        """What psql says as somebody who was given a login."""
        where = self.spec(credentials.user, secret="env:NONE", dbname=database).conninfo()
        return self.psql(where, text, credentials.password, check=False)


def search_path():
    """Where `./dev` keeps PostgreSQL servers."""
    caches = [os.environ.get("PGRANT_CACHE"), "/var/cache/pgrant", os.path.expanduser("~/.cache/pgrant")]
    return [path for path in (os.path.join(one, "postgresql") for one in caches if one) if os.path.isdir(path)]


@pytest.fixture(scope="session")
def box():
    version = int(os.environ.get("PGRANT_TEST_VERSIONS", "18").split(",")[-1])
    with Box.start(version=version, search_path=search_path()) as made:
        yield made


@pytest.fixture(scope="session")
def admin(box):
    with pgrant.Client(box.spec()) as client:
        yield client


@pytest.fixture(scope="session")
def connector(admin, box):
    """The spec of a connector, which an administrator has made."""
    password = pgrant.password()
    plan = admin.plan_bootstrap(CONNECTOR, creators="app_owner")
    admin.apply(plan, secrets={"connector": password})
    return box.spec(CONNECTOR, password=password)


@pytest.fixture(scope="session")
def client(connector):
    with pgrant.Client(connector) as made:
        made.apply(made.plan(POLICY))
        yield made


@pytest.fixture
def ended(monkeypatch):
    """Whether each operation had completed when it was given up."""
    lib, found = library(), []
    is_done, destroy = ctypes.CDLL(lib.path).pgrant_operation_is_done, lib.pgrant_operation_destroy
    is_done.argtypes = [ctypes.c_void_p]

    def watched(operation):
        if operation:
            found.append(bool(is_done(operation)))
        destroy(operation)

    monkeypatch.setattr(lib, "pgrant_operation_destroy", watched)
    return found


def pytest_terminal_summary(terminalreporter):
    def count(*kinds):
        return sum(len(terminalreporter.stats.get(kind, [])) for kind in kinds)

    terminalreporter.ensure_newline()
    skipped = count("skipped")
    terminalreporter.write_line(
        f"{count('passed')} passed, {count('failed', 'error')} failed" + (f", {skipped} skipped" if skipped else "")
    )
