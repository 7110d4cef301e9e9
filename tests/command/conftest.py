"""A sandbox, a connector in it, and a way to run the command that checks each exit status."""

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

COMMAND = os.environ.get("PGRANT_COMMAND", "pgrant")
SOURCE = pathlib.Path(__file__).resolve().parents[2]
CONNECTOR = "apono_connector"

# Nothing of the caller's environment may decide what a test sees.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("PG") or k == "PGRANT_CACHE"}
ENVIRONMENT["LC_ALL"] = "C.UTF-8"

#: All that any run printed, and its arguments: no password may be in it.
everything = []


@dataclasses.dataclass
class Outcome:
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


def pgrant(*arguments, dsn=None, status=0, secret_output=False, environment=None):
    """Runs the command without a terminal; `status` is what it must exit with."""
    env = dict(ENVIRONMENT, **(environment or {}))
    if dsn is not None:
        env["PGRANT_DSN"] = dsn
    command = [COMMAND, *map(str, arguments)]
    ran = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True,
                         start_new_session=True, timeout=120, check=False)
    made = Outcome(ran.stdout.decode(), ran.stderr.decode())
    everything.append(" ".join(command) + made.err + ("" if secret_output else made.out))
    assert ran.returncode == status, f"{command} ended with {ran.returncode}\n{made.out}{made.err}"
    return made


class Sandbox:
    def __init__(self, directory, *options):
        pgrant("sandbox", "start", "--directory", directory, *options)
        self.directory = directory
        self.report = pgrant("sandbox", "status", "--directory", directory, "--json").json
        self.password_files = {one["name"]: one["password_file"] for one in self.report["logins"]}

    def dsn(self, user, secret, database="postgres", mode="verify-full", ca=None, host="localhost"):
        return (f"host={host} hostaddr=127.0.0.1 port={self.report['port']} dbname={database} user={user} "
                f"sslmode={mode} sslrootcert={ca or self.report['ca_file']}"
                + (f" secret=file:{secret}" if secret else ""))

    def login(self, user, **more):
        return self.dsn(user, self.password_files[user], **more)

    def sql(self, text, database="postgres"):
        """As the server's own superuser."""
        return psql(f"host={self.report['socket_directory']} port={self.report['port']} "
                    f"user={self.report['superuser']} dbname={database}", text).stdout.strip()

    def log(self):
        return pathlib.Path(self.report["log_file"]).read_text(errors="replace")

    def remove(self):
        pgrant("sandbox", "stop", "--directory", self.directory, "--remove")


def psql(conninfo, text, password=None):
    env = dict(ENVIRONMENT, **({"PGPASSWORD": password} if password else {}))
    return subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", conninfo, "-c", text],
                          env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          check=password is None)


@pytest.fixture(scope="session")
def place():
    """A directory that the server's user may pass through."""
    made = pathlib.Path(tempfile.mkdtemp(prefix="pgrant-command-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session")
def sandbox(place):
    made = Sandbox(place / "sandbox")
    made.sql("ALTER SYSTEM SET log_statement = 'all'")
    made.sql("SELECT pg_reload_conf()")
    yield made
    made.remove()


@pytest.fixture(scope="session")
def admin(sandbox):
    return sandbox.login("pgadmin")


@pytest.fixture(scope="session")
def connector_password(place):
    made = place / "connector.password"
    text = pgrant("password", "--json", secret_output=True).json["password"]
    made.touch(mode=0o600)
    made.write_text(text + "\n")
    return made


@pytest.fixture(scope="session")
def bootstrap_arguments(connector_password):
    return ["bootstrap", "--profile", "guide", "--connector", CONNECTOR, "--password-file", connector_password,
            "--creator", "app_owner"]


@pytest.fixture(scope="session")
def bootstrapped(admin, bootstrap_arguments):
    return pgrant(*bootstrap_arguments, "--yes", dsn=admin)


@pytest.fixture(scope="session")
def connector(sandbox, bootstrapped, connector_password):
    return sandbox.dsn(CONNECTOR, connector_password)


@pytest.fixture(scope="session")
def applied(connector):
    return pgrant("apply", SOURCE / "examples/policy.yaml", "--yes", dsn=connector)


def pytest_collection_modifyitems(items):
    """The main job starts on a server that nobody has touched; what was printed is looked at last."""
    order = {"test_main_job": 0, "test_secrets": 2}
    items.sort(key=lambda item: order.get(item.module.__name__, 1))


def pytest_terminal_summary(terminalreporter):
    def count(*kinds):
        return sum(len(terminalreporter.stats.get(kind, [])) for kind in kinds)

    terminalreporter.ensure_newline()
    terminalreporter.write_line(f"{count('passed')} passed, {count('failed', 'error')} failed"
                                + (f", {count('skipped')} skipped" if count("skipped") else ""))
