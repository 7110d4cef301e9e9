"""What is printed: nothing that steers a terminal, no secret, and no success where it got lost."""

import json
import subprocess

from conftest import COMMAND, pgrant


def test_names_cannot_steer_the_terminal(connector, sandbox):
    name = "x\x1b[2J\u202e\n"
    sandbox.sql(f'CREATE DATABASE "{name}"')
    sandbox.sql(f'CREATE ROLE "{name}"')
    sandbox.sql(f'CREATE SCHEMA "{name}"', database="shop")
    try:
        for arguments in (["inventory"], ["inventory", "--objects"], ["check"]):
            text = pgrant(*arguments, dsn=connector).out
            assert "\x1b" not in text and "\u202e" not in text and "x\\x1b[2J" in text
        listed = pgrant("inventory", "--json", dsn=connector).json
        assert name in {one["name"] for one in listed["databases"]}
    finally:
        sandbox.sql(f'DROP SCHEMA "{name}"', database="shop")
        sandbox.sql(f'DROP ROLE "{name}"')
        sandbox.sql(f'DROP DATABASE "{name}"')


def test_output_that_nobody_gets_is_a_failure():
    with open("/dev/full", "wb") as full:
        ran = subprocess.run([COMMAND, "schema", "policy"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert ran.returncode == 1 and b"pgrant: " in ran.stderr


def test_nobody_agrees_to_a_plan_that_was_not_shown(connector, place, sandbox):
    policy = place / "unseen.yaml"
    policy.write_text("version: 1\nroles:\n  unseen_role: { login: false }\n")
    for form in ([], ["--json"]):
        assert "--yes" in pgrant("apply", policy, *form, status=2, dsn=connector).err
    assert sandbox.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'unseen_role'") == "0"


def test_password_of_a_grant_is_in_its_file_and_nowhere_else(connector, applied, sandbox, place):
    kept = place / "carol.json"
    said = pgrant("grant", "sales-read", "--to", "carol", "--for", "5m", "--reason", "x", "--yes", "--json",
                  "--credentials-file", kept, dsn=connector)
    password = json.loads(kept.read_text())["credentials"]["password"]
    ended = pgrant("revoke", "--grantee", "carol", "--json", dsn=connector)
    log = sandbox.log()
    assert "lease_carol" in log  # statements are logged
    for text in (said.out, said.err, ended.out, log):
        assert password not in text
