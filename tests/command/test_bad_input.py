"""Bad input and failures: each is one clear error with its exit status, and nothing is half done."""

import pathlib

import pytest
from conftest import Sandbox, pgrant

NOWHERE = "host=localhost port=1 user=u dbname=d"  # whoever asks the server fails with 1


def grants(*lines):
    return "version: 1\nbundles:\n  b:\n    grants:\n" + "".join(f"      - {line}\n" for line in lines)


@pytest.fixture
def policy(place):
    def write(text, name="bad.yaml"):
        (place / name).write_text(text)
        return place / name
    return write


@pytest.mark.parametrize("text, field, part", [
    ("version: 1\nbundels: {}\n", "bundels", "unknown"),
    (grants("{ database: shop, schema: sales, tabels: '*', privileges: [SELECT] }"), "grants[0].tabels", "unknown"),
    (grants("{ database: shop, schema: sales, tables: '*', privileges: [EXECUTE] }"), "grants[0].privileges",
     "EXECUTE"),
    (grants("{ database: shop, schema: sales, sequences: '*', privileges: [INSERT] }"), "grants[0].privileges",
     "INSERT"),
    (grants("{ database: shop, schema: sales, tables: '*', privileges: [FLY] }"), "grants[0].privileges", "FLY"),
    (grants("{ database: shop, schema: sales, tables: '*', privileges: [] }"), "grants[0].privileges", ""),
    (grants(f"{{ database: {'d' * 64}, privileges: [CONNECT] }}"), "grants[0].database", "63"),
    ("version: 1\nroles:\n  " + "r" * 64 + ": { login: false }\n", "roles", "63"),
    ("version: 1\nbundles:\n  b: { description: nothing }\n", "bundles.b", ""),
    ("version: 1\nbundles:\n  b: { grants: [] }\n", "bundles.b", ""),
    ("version: 2\n", "version", ""),
    ("", "", "one document"),
    ("- 1\n", "", ""),
    ("version: 1\nversion: 1\n", "line 2, column 1", "twice"),
    ("version: 1\nbundles: [\n", "line", "YAML"),
    ("a: &x 1\nb: *x\n", "line 1", "anchors"),
    ("a: 1\n<<: { b: 1 }\n", "line 2", "merge"),
    ("version: !!int 1\n", "line 1", "tags"),
    ("version: 1\n---\nversion: 1\n", "", "one document"),
    ("[" * 100 + "]" * 100, "line 1", "deep"),
])
def test_policy_is_refused_before_anything_is_sent(policy, text, field, part):
    refused = pgrant("plan", policy(text), dsn=NOWHERE, status=2)
    assert "  field    " in refused.err or not field
    assert field in refused.err and part in refused.err and "bad.yaml" in refused.err
    as_json = pgrant("apply", policy(text), "--yes", "--json", dsn=NOWHERE, status=2).json
    assert as_json["code"] == "invalid_argument" and field in (as_json["field"] or "")


def test_yaml_says_what_json_says(policy, connector):
    text = policy('{"version": 1, "bundles": {"j": {"description": "*no alias, &no anchor", "grants": '
                  '[{"database": "shop", "schema": "sales", "tables": "orders", "privileges": ["select"]}]}}}')
    block = policy("version: 1\nbundles:\n  j:\n    description: >-\n      *no alias,\n      &no anchor\n    grants:\n"
                   "      - { database: shop, schema: sales, tables: orders, privileges: [select] }\n", "good.yaml")

    def steps(file):
        return pgrant("plan", file, "--json", dsn=connector).json["steps"]
    assert steps(text) == steps(block) != []


def test_files_that_are_not_there(place):
    assert "nothing.yaml" in pgrant("plan", place / "nothing.yaml", dsn=NOWHERE, status=1).err
    assert "nothing.json" in pgrant("apply", "--plan", place / "nothing.json", dsn=NOWHERE, status=1).err


def test_database_and_objects_that_do_not_exist(policy, connector):
    absent = policy(grants("{ database: nowhere, schema: sales, tables: '*', privileges: [SELECT] }"))
    refused = pgrant("apply", absent, "--yes", dsn=connector, status=1)
    assert "nowhere" in refused.err and "bundles.b.grants[0]" in refused.err
    assert "nowhere" in pgrant("inventory", "--database", "nowhere", dsn=connector, status=1).err


def test_plan_file_that_was_tampered_with(policy):
    assert "field" in pgrant("apply", "--plan", policy('{"format": "pgrant.plan/1", "run": "x"}'), dsn=NOWHERE,
                             status=2).err


# Connections.

@pytest.fixture(scope="module")
def other(place):
    """Another server, with another CA; its tests break it, one after the other."""
    made = Sandbox(place / "other", "--profile", "superuser")
    yield made
    made.remove()


def failure(dsn, code, *parts, state=None):
    shown = pgrant("check", dsn=dsn, status=1)
    assert shown.out == "" and shown.err.startswith("pgrant: ") and "remedy" in shown.err
    as_json = pgrant("check", "--json", dsn=dsn, status=1).json
    assert as_json["format"] == "pgrant.error/1" and as_json["code"] == code and as_json["hint"]
    assert as_json["sqlstate"] == state
    for part in parts:
        assert part in shown.err
    return shown


def test_no_connection_is_said():
    assert "PGRANT_DSN" in pgrant("check", status=2).err


def test_wrong_password(sandbox, policy):
    wrong = policy("wrong\n", "wrong.password")
    wrong.chmod(0o600)
    failure(sandbox.dsn("pgadmin", wrong), "authentication", "28P01", state="28P01")
    failure(sandbox.dsn("pgadmin", None), "authentication", "password")


def test_database_that_does_not_exist(sandbox):
    failure(sandbox.login("pgadmin", database="nowhere"), "not_found", "nowhere", state="3D000")


def test_wrong_ca(sandbox, other):
    failure(sandbox.login("pgadmin", ca=other.report["ca_file"]), "tls", "certificate")


def test_host_name_that_is_not_in_the_certificate(sandbox):
    failure(sandbox.login("pgadmin", host="db.example.com"), "tls", "db.example.com")


def test_client_without_tls_is_refused(sandbox):
    failure(sandbox.login("pgadmin", mode="disable"), "authentication", state="28000")


def test_server_without_tls_is_refused(other):
    other.sql("ALTER SYSTEM SET ssl = off")
    other.sql("SELECT pg_reload_conf()")
    failure(other.login("pgadmin"), "tls")


def test_server_that_is_down(other):
    pgrant("sandbox", "stop", "--directory", other.directory)
    assert pgrant("sandbox", "status", "--directory", other.directory, "--json").json["running"] is False
    failure(other.login("pgadmin"), "connect", "refused")


def test_login_without_the_authority(sandbox, applied, policy):
    before = sandbox.sql("SELECT count(*) FROM pg_roles")
    text = policy(grants("{ database: shop, schema: legacy, tables: '*', privileges: [SELECT] }"))
    refused = pgrant("apply", text, "--yes", dsn=sandbox.login("grace"), status=1)
    assert "grace may not create role pgrant_b" in refused.err and "remedy" in refused.err
    assert sandbox.sql("SELECT count(*) FROM pg_roles") == before
    denied = pgrant("grant", "sales-read", "--to", "x", "--for", "1h", "--reason", "x", "--yes", "--json",
                    dsn=sandbox.login("grace"), status=1).json
    assert denied["sqlstate"] == "42501" and denied["hint"]


def test_table_that_the_connector_may_not_grant_on_is_named(connector, sandbox, policy):
    before = sandbox.sql("SELECT count(*) FROM pg_roles")
    text = policy(grants("{ database: shop, schema: legacy, tables: ledger_1998, privileges: [SELECT] }"))
    assert "cannot be done" in pgrant("plan", text, dsn=connector).out
    pgrant("plan", text, "--check", dsn=connector, status=3)
    refused = pgrant("apply", text, "--yes", dsn=connector, status=1)
    assert "legacy.ledger_1998" in refused.err and "legacy_owner" in refused.err
    assert sandbox.sql("SELECT count(*) FROM pg_roles") == before


# Secrets.

def test_password_in_an_argument_is_refused(sandbox):
    for dsn in ("host=localhost user=u password=geheim", "postgresql://u:geheim@localhost/d"):
        refused = pgrant("check", "--dsn", dsn, status=2)
        assert "--password-file" in refused.err and "geheim" not in refused.err + refused.out
    # It may stand in the environment, which other users cannot read.
    password = pathlib.Path(sandbox.password_files["pgadmin"]).read_text().strip()
    pgrant("check", dsn=sandbox.dsn("pgadmin", None) + f" password={password}")


def test_password_file(sandbox, policy):
    dsn = sandbox.dsn("pgadmin", None)
    pgrant("check", "--dsn", dsn, "--password-file", sandbox.password_files["pgadmin"])
    pgrant("check", "--dsn", dsn + " secret=env:SECRET",
           environment={"SECRET": pathlib.Path(sandbox.password_files["pgadmin"]).read_text().strip()})
    open_to_all = policy("x\n", "open.password")
    open_to_all.chmod(0o644)
    refused = pgrant("check", "--dsn", dsn, "--password-file", open_to_all, status=1)
    assert "open.password" in refused.err


def test_credentials_that_cannot_be_written_leave_no_lease(connector, applied, place, sandbox):
    taken = place / "taken"
    taken.touch()
    pgrant("grant", "sales-read", "--to", "zoe", "--for", "1h", "--reason", "x", "--yes", "--credentials-file", taken,
           dsn=connector, status=1)
    assert sandbox.sql("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'lease_zoe%'") == "0"


def test_hostile_names_are_shown_and_do_nothing(sandbox, connector):
    sandbox.sql('CREATE SCHEMA "\x1b[31mred"', "shop")
    text = pgrant("inventory", "--database", "shop", dsn=connector).out
    assert "\x1b" not in text and "\\x1b[31mred" in text
    sandbox.sql('DROP SCHEMA "\x1b[31mred"', "shop")
