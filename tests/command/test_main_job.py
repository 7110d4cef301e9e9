"""The main job, verb by verb, in the order in which somebody does it."""

import json
import re
import subprocess
import time

import pytest
from conftest import CONNECTOR, ENVIRONMENT, SOURCE, pgrant, psql

EXAMPLE = SOURCE / "examples/policy.yaml"


def state_of(sandbox, role):
    return sandbox.sql(f"""
        SELECT r.*, (SELECT array_agg(m::text ORDER BY m::text) FROM pg_auth_members m WHERE m.member = r.oid)
          FROM pg_roles r WHERE rolname = '{role}'""")


def login_conninfo(sandbox, user, database):
    return sandbox.dsn(user, None, database=database)


def test_check_says_how_the_connection_is_secured_and_what_to_mend(admin):
    text = pgrant("check", dsn=admin).out
    for part in ("TLSv1.3", "verify-full", "certificate and host name verified", "CN=localhost", "valid until",
                 "platform azure", "pgadmin may create roles", "remedy:"):
        assert part in text
    report = pgrant("check", "--json", dsn=admin).json
    assert report["format"] == "pgrant.check/1"
    assert report["connection"]["tls"]["name_verified"] is True
    assert report["login"]["superuser"] is False


def test_without_a_terminal_nothing_is_applied_without_yes(admin, sandbox, bootstrap_arguments):
    refused = pgrant(*bootstrap_arguments, dsn=admin, status=2)
    assert f"CREATE ROLE {CONNECTOR}" in refused.out and "--yes" in refused.err
    assert sandbox.sql(f"SELECT count(*) FROM pg_roles WHERE rolname = '{CONNECTOR}'") == "0"


def test_bootstrap_shows_applies_verifies_and_says_what_could_not_be_granted(bootstrapped):
    text = bootstrapped.out
    assert f"CREATE ROLE {CONNECTOR}" in text and "why:" in text
    assert "verified" in text
    assert "not granted  tables legacy." in text and "owned by legacy_owner" in text


def test_second_bootstrap_has_nothing_to_do(connector, admin, bootstrap_arguments):
    again = pgrant(*bootstrap_arguments, "--json", "--yes", dsn=admin).json
    assert again["format"] == "pgrant.bootstrap/1"
    assert again["applied"] is False and again["verified"] is True
    assert again["plan"]["steps"] == [] and again["plan"]["not_granted"] != []


def test_password_of_an_existing_connector_is_set_only_if_asked(admin, connector, bootstrap_arguments):
    text = pgrant(*bootstrap_arguments, "--reset-password", "--yes", dsn=admin).out
    assert f"ALTER ROLE {CONNECTOR}" in text and "verified" in text
    pgrant("check", dsn=connector)


def test_inventory(connector):
    text = pgrant("inventory", dsn=connector).out
    for part in ("database shop", "database billing", "Odd.Schema", "app_owner", "ROLE"):
        assert part in text
    assert "azure_sys" not in text
    listed = pgrant("inventory", "--database", "shop", "--objects", dsn=connector).out
    assert "Price List" in listed and "invoices.payments" not in listed
    read = pgrant("inventory", "--json", "--objects", "--database", "shop", dsn=connector).json
    assert read["format"] == "pgrant.snapshot/1"
    shop = next(one for one in read["databases"] if one["name"] == "shop")
    assert {"sales", "Odd.Schema"} <= {one["name"] for one in shop["schemas"]}


def test_plan_is_stored_and_applied_and_then_empty(connector, place, sandbox):
    stored = place / "plan.json"
    text = pgrant("plan", EXAMPLE, "--check", "--out", stored, dsn=connector, status=3).out
    assert "CREATE ROLE pgrant_sales_read" in text and "ALTER DEFAULT PRIVILEGES" in text
    assert json.loads(stored.read_text())["format"] == "pgrant.plan/1"
    assert sandbox.sql("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'pgrant_sales%'") == "0"
    pgrant("plan", EXAMPLE, "--out", stored, dsn=connector, status=1)  # never overwrites

    assert "read back" in pgrant("apply", "--plan", stored, "--yes", dsn=connector).out
    again = pgrant("plan", EXAMPLE, "--check", "--json", dsn=connector).json
    assert again["steps"] == []
    stale = pgrant("apply", "--plan", stored, "--yes", dsn=connector, status=1)
    assert stale.err.startswith("pgrant: ") and "remedy" in stale.err


def test_apply_again_changes_nothing(connector, applied):
    assert pgrant("apply", EXAMPLE, "--yes", "--json", dsn=connector).json["plan"]["steps"] == []


@pytest.fixture(scope="module")
def ada(connector, applied, place):
    """A lease with an ephemeral login; its credentials went into a file."""
    kept = place / "ada.json"
    said = pgrant("grant", "sales-read", "--to", "ada", "--for", "1h", "--reason", "look at orders", "--yes",
                  "--credentials-file", kept, dsn=connector)
    assert kept.stat().st_mode & 0o777 == 0o600
    made = json.loads(kept.read_text())
    assert made["format"] == "pgrant.grant/1"
    assert made["credentials"]["password"] not in said.out + said.err
    return made


def test_ephemeral_login_reads_and_does_not_write(ada, sandbox):
    credentials = ada["credentials"]
    where = login_conninfo(sandbox, credentials["user"], "shop")
    assert psql(where, "SELECT count(*) > 0 FROM sales.customers", credentials["password"]).stdout == "t\n"
    refused = psql(where, "INSERT INTO sales.customers (name) VALUES ('x')", credentials["password"])
    assert refused.returncode != 0 and "42501" in refused.stderr


def test_credentials_are_shown_once_with_a_line_to_log_in(connector, applied):
    given = ["grant", "sales-read", "--to", "bob", "--for", "30m", "--reason", "x", "--yes", "--key", "bob-1"]
    shown = pgrant(*given, dsn=connector, secret_output=True).out
    user = next(line.split()[1] for line in shown.splitlines() if line.split()[0] == "user")
    password = next(line.split()[1] for line in shown.splitlines() if line.split()[0] == "password")
    line = next(line.split(None, 2)[2] for line in shown.splitlines() if "log in" in line)
    assert line.startswith("psql '") and user in line and password not in line
    # What is shown works in a shell as it stands.
    ran = subprocess.run(["sh", "-c", line + " -XAtc 'SELECT current_user'"], capture_output=True, text=True,
                         env=dict(ENVIRONMENT, PGPASSWORD=password), timeout=30, check=True)
    assert ran.stdout.strip() == user
    again = pgrant(*given, dsn=connector).out  # the same key: the same lease, and no password
    assert shown.split()[1] == again.split()[1] and password not in again
    ended = pgrant("revoke", "--grantee", "bob", "--json", dsn=connector).json
    assert len(ended["ends"]) == 1 and ended["ends"][0]["login_dropped"] is True


def test_existing_role_gets_and_loses_exactly_the_bundle(connector, applied, sandbox):
    before = state_of(sandbox, "grace")
    with open(sandbox.password_files["grace"], encoding="ascii") as file:
        password = file.read().strip()
    where = login_conninfo(sandbox, "grace", "billing")
    change = "UPDATE invoices.invoices SET due_on = due_on"
    pgrant("grant", "orders-write", "--to-role", "grace", "--for", "30m", "--reason", "x", "--requester", "boss",
           "--yes", dsn=connector)
    assert psql(where, change, password).returncode == 0
    lease = pgrant("leases", "--grantee", "grace", "--json", dsn=connector).json["leases"][0]
    assert lease["requester"] == "boss" and lease["state"] == "active"
    assert "ended" in pgrant("revoke", lease["id"], dsn=connector).out
    assert state_of(sandbox, "grace") == before
    assert "42501" in psql(where, change, password).stderr


def test_leases(connector, ada):
    text = pgrant("leases", dsn=connector).out
    assert text.splitlines()[0].split()[:3] == ["LEASE", "STATE", "BUNDLES"]
    assert ada["lease"]["id"] in text and "look at orders" in text
    assert pgrant("leases", "--bundle", "orders-write", dsn=connector).out == "no leases\n"
    everything = pgrant("leases", "--all", "--json", dsn=connector).json
    assert everything["format"] == "pgrant.leases/1"
    assert {"active", "ended"} <= {one["state"] for one in everything["leases"]}


def test_revoke_ends_open_sessions_and_the_login(connector, ada, sandbox):
    user, password = ada["credentials"]["user"], ada["credentials"]["password"]
    where = login_conninfo(sandbox, user, "shop")
    with subprocess.Popen(["psql", "-XAtq", where, "-c", "SELECT pg_sleep(60)"], stderr=subprocess.PIPE, text=True,
                          env=dict(ENVIRONMENT, PGPASSWORD=password)) as session:
        until = time.monotonic() + 20
        while sandbox.sql(f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{user}'") == "0":
            assert time.monotonic() < until and session.poll() is None
            time.sleep(0.1)
        assert re.search(r"[1-9] sessions? ended", pgrant("revoke", ada["lease"]["id"], dsn=connector).out)
        assert session.wait(20) != 0
    assert psql(where, "SELECT 1", password).returncode != 0
    assert sandbox.sql(f"SELECT count(*) FROM pg_roles WHERE rolname = '{user}'") == "0"


def test_expire_ends_what_is_over(connector, applied, sandbox):
    pgrant("grant", "sales-read", "--to", "eve", "--for", "1s", "--reason", "short", "--yes", dsn=connector,
           secret_output=True)
    time.sleep(1.2)
    swept = pgrant("expire", "--json", dsn=connector).json
    assert swept["format"] == "pgrant.revoke/1"
    assert [one["lease"]["person"] for one in swept["ends"]] == ["eve"]
    assert sandbox.sql("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'lease_eve%'") == "0"
    assert pgrant("expire", dsn=connector).out == "nothing has expired\n"


def test_grant_refuses_what_the_policy_does_not_allow(connector, applied):
    long = pgrant("grant", "sales-read", "--to", "ada", "--for", "9h", "--reason", "x", "--yes", dsn=connector,
                  status=2)
    assert "longer than bundle sales-read allows" in long.err
    unknown = pgrant("grant", "nothing", "--to", "ada", "--for", "1h", "--reason", "x", "--yes", dsn=connector,
                     status=1)
    assert "nothing" in unknown.err
