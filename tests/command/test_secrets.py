"""No password has been in an argument, an output, or the server's log."""

import pathlib

from conftest import everything


def test_no_password_was_shown(sandbox, connector_password, connector):
    files = [*sandbox.password_files.values(), connector_password]
    passwords = [pathlib.Path(file).read_text().strip() for file in files]
    assert len(passwords) >= 3 and all(len(one) > 16 for one in passwords)
    shown, log = "\n".join(everything), sandbox.log()
    assert "pgrant" in log  # statements are logged
    for one in passwords:
        assert one not in shown
        assert one not in log
    stored = sandbox.sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'apono_connector'")
    assert stored.startswith("SCRAM-SHA-256$") and stored not in shown
