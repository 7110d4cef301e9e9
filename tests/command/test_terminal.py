"""What happens on a terminal: questions, passwords, colours, progress."""

import os
import pty
import re
import select
import signal
import termios
import time

import pytest
from conftest import COMMAND, ENVIRONMENT


class Terminal:
    """The command on a terminal of its own."""

    def __init__(self, *arguments, **environment):
        self.text = ""
        self.process, self.master = pty.fork()
        if self.process == 0:
            os.execve(COMMAND, [COMMAND, *map(str, arguments)], dict(ENVIRONMENT, TERM="xterm", **environment))

    def read(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            more = os.read(self.master, 65536)
        except OSError:  # Linux: the other side is closed
            return False
        self.text += more.decode(errors="replace")
        return more != b""

    def expect(self, part):
        until = time.monotonic() + 60
        while part not in self.text:
            assert self.read(until - time.monotonic()), f"no {part!r} in {self.text}"

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self):
        while self.read(60):
            pass
        _, status = os.waitpid(self.process, 0)
        os.close(self.master)
        return status


@pytest.fixture
def policy(place):
    """A policy that always has something to do, and nobody misses."""
    made = place / "terminal.yaml"
    made.write_text("version: 1\nroles:\n  terminal_role: { login: false }\n")
    return made


def there(sandbox):
    return sandbox.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'terminal_role'") == "1"


def test_no_means_nothing_is_done(connector, sandbox, policy):
    t = Terminal("apply", policy, PGRANT_DSN=connector)
    t.expect("[y/N]")
    t.type("\n")
    assert os.waitstatus_to_exitcode(t.end()) == 1
    assert "nothing was done" in t.text and not there(sandbox)


def test_yes_applies_with_colours_and_progress(connector, sandbox, policy):
    t = Terminal("apply", policy, PGRANT_DSN=connector)
    t.expect("[y/N]")
    t.type("y\n")
    assert os.waitstatus_to_exitcode(t.end()) == 0
    assert there(sandbox) and "\x1b[32m" in t.text and re.search(r"apply \[[#.]+\] \d+/\d+", t.text)


def test_no_colours_where_they_are_not_wanted(connector):
    for value, coloured in (("1", False), ("", True)):
        t = Terminal("leases", "--all", PGRANT_DSN=connector, NO_COLOR=value)
        t.end()
        t = Terminal("check", PGRANT_DSN=connector, NO_COLOR=value)
        assert os.waitstatus_to_exitcode(t.end()) == 0
        assert ("\x1b[" in t.text) is coloured


def test_password_is_asked_for_and_not_shown(sandbox):
    with open(sandbox.password_files["pgadmin"], encoding="ascii") as file:
        password = file.read().strip()
    t = Terminal("check", PGRANT_DSN=sandbox.dsn("pgadmin", None))
    t.expect("password of pgadmin:")
    t.type(password + "\n")
    assert os.waitstatus_to_exitcode(t.end()) == 0
    assert "TLSv1.3" in t.text and password not in t.text


def test_interrupted_question_for_a_password_leaves_the_terminal_as_it_was(sandbox):
    t = Terminal("check", PGRANT_DSN=sandbox.dsn("pgadmin", None))
    t.expect("password of pgadmin:")
    assert not termios.tcgetattr(t.master)[3] & termios.ECHO
    t.type("\x03")
    status = t.end()
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGINT
