"""What is done with leases beside granting and ending one: more time, later, found again, all at once, read."""

import json
import time

import pytest
from conftest import pgrant, psql


def grant(connector, *options, **more):
    return pgrant("grant", *options, "--reason", "x", "--yes", "--json", dsn=connector, secret_output=True, **more).json


@pytest.fixture
def lease(connector, applied):
    made = grant(connector, "sales-read", "--to", "vera", "--for", "1h")["lease"]
    yield made
    pgrant("revoke", made["id"], dsn=connector)


def seconds_between(first, second):
    def point(text):
        return time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))
    return point(second) - point(first)


def test_extend(connector, lease):
    given = ["extend", lease["id"], "--by", "30m", "--reason", "not done", "--key", "k1"]
    longer = pgrant(*given, "--json", dsn=connector).json
    assert longer["format"] == "pgrant.leases/1"
    assert seconds_between(lease["expires_at"], longer["leases"][0]["expires_at"]) == 1800
    assert f"lease {lease['id']} until " in pgrant(*given, dsn=connector).out  # the same key: not once more
    again = pgrant("leases", "--grantee", "vera", "--json", dsn=connector).json["leases"][0]
    assert again["expires_at"] == longer["leases"][0]["expires_at"]
    beyond = pgrant("extend", lease["id"], "--by", "9h", "--reason", "x", dsn=connector, status=2)
    assert "sales-read" in beyond.err and "are left" in beyond.err


def test_unknown_lease_comes_with_a_hint(connector, lease):
    mistyped = lease["id"][:-1] + ("a" if lease["id"][-1] != "a" else "b")
    for verb in (["revoke", mistyped], ["extend", mistyped, "--by", "1h", "--reason", "x"]):
        assert lease["id"] in pgrant(*verb, dsn=connector, status=1).err
    assert lease["id"] in pgrant("revoke", lease["id"][:5], dsn=connector, status=1).err
    assert "grantee" in pgrant("revoke", "vera", dsn=connector, status=1).err


def test_leases_are_found_by_what_they_say(connector, applied):
    made = grant(connector, "sales-read", "--to", "flo", "--for", "1h", "--ticket", "OPS-1", "--label", "team=data",
                 "--label", "env=prod", "--requester", "boss")["lease"]
    assert made["ticket"] == "OPS-1" and made["labels"] == {"team": "data", "env": "prod"}

    def found(*options):
        listed = pgrant("leases", "--json", "--grantee", "flo", *options, dsn=connector).json["leases"]
        return [one["id"] for one in listed]
    assert found("--ticket", "OPS-1") == [made["id"]] and found("--ticket", "OPS-2") == []
    assert found("--label", "team=data", "--label", "env=prod") == [made["id"]]
    assert found("--label", "team=web") == []
    assert found("--requester", "boss") == [made["id"]] and found("--requester", "flo") == []
    assert found("--state", "active") == [made["id"]] and found("--state", "held", "--state", "ending") == []
    assert found("--expiring-in", "2h") == [made["id"]] and found("--expiring-in", "30m") == []
    assert found("--limit", "1") == [made["id"]]
    assert "label" in pgrant("leases", "--label", "team", dsn=connector, status=2).err
    pgrant("revoke", made["id"], dsn=connector)


def test_a_later_start(connector, applied, sandbox):
    given = grant(connector, "sales-read", "--to", "later", "--for", "1h", "--starting-in", "2s")
    lease, login = given["lease"], given["credentials"]
    assert lease["state"] == "scheduled" and seconds_between(lease["starts_at"], lease["expires_at"]) == 3600
    where = sandbox.dsn(login["user"], None, database="shop")
    assert psql(where, "SELECT 1", login["password"]).returncode != 0
    time.sleep(2.1)
    assert f"lease {lease['id']} of later started" in pgrant("expire", dsn=connector).out
    assert psql(where, "SELECT count(*) FROM sales.orders", login["password"]).returncode == 0
    pgrant("revoke", lease["id"], dsn=connector)
    wrong = pgrant("grant", "sales-read", "--to", "x", "--for", "1h", "--reason", "x", "--starting-at", "tomorrow",
                   "--yes", dsn=connector, status=2)
    assert "starting-at" in wrong.err


def test_a_request_in_a_file_with_ad_hoc_privileges(connector, applied, sandbox, place):
    file = place / "request.yaml"
    file.write_text("to: adam\nfor: 1h\nreason: one table\nlabels: { team: data }\nad_hoc:\n"
                    "  - { database: shop, schema: sales, tables: orders, privileges: [SELECT] }\n")
    given = pgrant("grant", "--request", file, "--yes", "--json", dsn=connector, secret_output=True).json
    lease, login = given["lease"], given["credentials"]
    assert lease["bundles"][0].startswith("adhoc-")
    where = sandbox.dsn(login["user"], None, database="shop")
    assert psql(where, "SELECT count(*) FROM sales.orders", login["password"]).returncode == 0
    assert "42501" in psql(where, "SELECT count(*) FROM sales.customers", login["password"]).stderr
    again = pgrant("grant", "--request", file, "--yes", "--json", dsn=connector, secret_output=True).json
    assert again["lease"]["bundles"] == lease["bundles"]
    for one in (lease, again["lease"]):
        pgrant("revoke", one["id"], dsn=connector)
    sandbox.sql("UPDATE pgrant.bundle SET registered_at = registered_at - interval '1 hour' WHERE name ~ '^adhoc-'",
                "pgrant")
    assert pgrant("expire", "--json", dsn=connector).json["dropped_bundles"] == lease["bundles"]
    assert sandbox.sql("SELECT count(*) FROM pg_roles WHERE rolname ~ 'adhoc'") == "0"
    both = pgrant("grant", "sales-read", "--request", file, "--yes", dsn=connector, status=2)
    assert "twice" in both.err


def test_break_glass(connector, applied, sandbox):
    for bundle, person in (("sales-read", "gus"), ("sales-read", "guy"), ("orders-write", "gil")):
        grant(connector, bundle, "--to", person, "--for", "1h")
    assert "--yes" in pgrant("revoke", "--bundle", "sales-read", dsn=connector, status=2).err
    cut = pgrant("revoke", "--bundle", "sales-read", "--yes", "--json", dsn=connector).json
    assert {one["lease"]["person"] for one in cut["ends"]} >= {"gus", "guy"}
    assert "sales-read" in pgrant("revoke", "--bundle", "sales-raed", "--yes", dsn=connector, status=1).err
    assert "of gil ended" in pgrant("revoke", "--all", "--yes", dsn=connector).out
    assert sandbox.sql("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'lease_g%'") == "0"
    assert pgrant("revoke", "--all", "--yes", dsn=connector).out == "no leases\n"


def test_audit(connector, lease, sandbox):
    listed = pgrant("audit", "list", "--lease", lease["id"], "--json", dsn=connector).json
    assert listed["format"] == "pgrant.audit/1"
    assert [one["action"] for one in listed["entries"]] == ["grant"]
    assert listed["entries"][0]["details"]["person"] == "vera"
    assert lease["id"] in pgrant("audit", "list", "--action", "grant", "--within", "1h", dsn=connector).out
    verdict = pgrant("audit", "verify", "--json", dsn=connector).json
    assert verdict["format"] == "pgrant.audit_verdict/1" and verdict["intact"] is True
    change = "SET session_replication_role = replica; ALTER TABLE pgrant.audit DISABLE TRIGGER ALL; " \
             "UPDATE pgrant.audit SET actor = '{}' WHERE lease_id = '" + lease["id"] + "'; " \
             "ALTER TABLE pgrant.audit ENABLE ALWAYS TRIGGER only_grows"
    sandbox.sql(change.format("nobody"), "pgrant")
    broken = pgrant("audit", "verify", dsn=connector, status=1).out
    assert "changed or missing" in broken and "not all" in broken
    sandbox.sql(change.format("vera"), "pgrant")
    assert "each as it was written" in pgrant("audit", "verify", dsn=connector).out


def test_adopt_shows_and_writes(connector, lease, sandbox):
    sandbox.sql("CREATE DATABASE lost")
    sandbox.sql("GRANT CREATE, CONNECT ON DATABASE lost TO apono_connector")
    there = ["--ledger-database", "lost"]
    shown = pgrant("adopt", "--json", *there, dsn=connector).json
    assert shown["format"] == "pgrant.adopt/1" and shown["written"] is False
    assert lease["grantee"] in {one["grantee"] for one in shown["leases"]}
    assert {"sales-read", "orders-write"} <= {one["name"] for one in shown["bundles"]}
    assert "--yes" in pgrant("adopt", *there, dsn=connector).out
    assert pgrant("leases", *there, dsn=connector).out == "no leases\n"
    assert "written" in pgrant("adopt", "--yes", *there, dsn=connector).out
    adopted = pgrant("leases", "--grantee", lease["grantee"], "--json", *there, dsn=connector).json["leases"]
    assert adopted[0]["bundles"] == ["sales-read"] and adopted[0]["expires_at"] == lease["expires_at"]
    pgrant("revoke", "--all", "--yes", *there, dsn=connector)
    sandbox.sql("DROP DATABASE lost WITH (FORCE)")


def test_a_restored_ledger_waits_for_somebody(connector, lease, sandbox):
    sandbox.sql("UPDATE pgrant.identity SET table_oid = 1", "pgrant")
    assert any(one["id"] == "ledger-restored" for one in pgrant("check", "--json", dsn=connector).json["findings"])
    for verb in (["expire"], ["grant", "sales-read", "--to", "x", "--for", "1h", "--reason", "x", "--yes"],
                 ["extend", lease["id"], "--by", "1m", "--reason", "x"]):
        assert "--accept-restored" in pgrant(*verb, dsn=connector, status=1).err
    pgrant("expire", "--accept-restored", dsn=connector)
    assert pgrant("check", "--json", dsn=connector).json["ledger"]["restored"] == []
    pgrant("expire", dsn=connector)


def test_apply_says_what_it_did_in_each_database(connector, applied, place):
    policy = place / "report.json"
    policy.write_text(json.dumps({"version": 1, "bundles": {"report": {"grants": [
        {"database": "shop", "schema": "sales", "tables": "orders", "privileges": ["SELECT"]}]}}}))
    done = pgrant("apply", policy, "--yes", "--json", dsn=connector).json
    assert done["report"]["format"] == "pgrant.apply_report/1"
    outcomes = {one["database"]: one["outcome"] for one in done["report"]["databases"]}
    assert outcomes[None] == "committed" and outcomes["shop"] == "committed"
    policy.write_text(json.dumps({"version": 1, "dropped_bundles": ["report"]}))
    pgrant("apply", policy, "--yes", dsn=connector)


def test_what_grant_and_revoke_need(connector):
    assert "bundles" in pgrant("grant", "--to", "x", "--for", "1h", "--reason", "x", status=2).err
    assert "for" in pgrant("grant", "b", "--to", "x", "--reason", "x", status=2).err
    assert "reason" in pgrant("grant", "b", "--to", "x", "--for", "1h", status=2).err
    assert "--all" in pgrant("revoke", dsn=connector, status=2).err
