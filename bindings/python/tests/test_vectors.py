"""The vectors that all languages share."""

from __future__ import annotations

import json
import subprocess

import pytest
from conftest import SOURCE

import pgrant

FOLDER = SOURCE / "tests/vectors"


def stored(name):
    cases = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    assert cases
    return cases


def vectors(name):
    cases = stored(name)
    return pytest.mark.parametrize("case", cases, ids=[case["name"] for case in cases])


def check(case, function):
    """Runs one case; gives what came of it if something was to come."""
    if "error" not in case:
        return function(case["input"])
    with pytest.raises(pgrant.Error) as caught:
        function(case["input"])
    assert caught.value.status == case["error"]["status"]
    if "field" in case["error"]:
        assert (caught.value.field or "") == case["error"]["field"]
    return None


@vectors("quoting.json")
def test_quoting(case):
    def quote(given):
        if "identifier" in given:
            return pgrant.quote_identifier(given["identifier"])
        return pgrant.quote_literal(given["literal"])

    assert check(case, quote) == case.get("expected")


@vectors("acls.json")
def test_acls(case):
    def parse(text):
        def role(name):
            return {"oid": name.oid} if hasattr(name, "oid") else name

        return [
            {
                "grantee": role(item.grantee),
                "grantor": role(item.grantor),
                "privileges": list(item.privileges),
                "grant_options": list(item.grant_options),
            }
            for item in pgrant.parse_acl(text)
        ]

    assert check(case, parse) == case.get("expected")


@vectors("specs.json")
def test_specs(case):
    spec = check(case, pgrant.ConnectionSpec)
    for word, value in case.get("expected", {}).items():
        if word == "problems":
            assert [problem.field for problem in spec.problems()] == value
        elif word == "warnings":
            assert [warning.id for warning in spec.warnings()] == value
        else:
            assert spec.get(word) == value, word


@vectors("policies.json")
def test_policies(case):
    policy = check(case, pgrant.Policy)
    if policy is not None:
        assert policy.to_dict() == case["expected"]
        assert pgrant.Policy(policy.to_json()) == policy


@vectors("plans.json")
def test_plans(case):
    def read(given):
        return pgrant.Plan.from_json(given if isinstance(given, str) else json.dumps(given))

    plan = check(case, read)
    if plan is not None:
        assert len(plan) == case["expected"]["steps"]
        for part in case["expected"]["shows"]:
            assert part in plan.render()


# The expectations themselves are compared with what PostgreSQL and libpq say.


def test_postgresql_reads_the_quoting_as_expected(box):
    for case in stored("quoting.json"):
        if "identifier" in case["input"] and "expected" in case:
            said = box.sql(f"SELECT row_to_json(t) FROM (SELECT 1) AS t({case['expected']})")
            assert json.loads(said) == {case["input"]["identifier"]: 1}
        if "literal" in case["input"]:
            for strings in ("on", "off"):
                said = box.sql(f"SET standard_conforming_strings = {strings}; SELECT to_json({case['expected']}::text)")
                assert json.loads(said) == case["input"]["literal"]


def test_postgresql_reads_the_acls_as_expected(box):
    cases = stored("acls.json")
    names = {"ada", "owner"}
    for case in cases:
        for item in case.get("expected", ()):
            names.update(name for name in (item["grantee"], item["grantor"]) if isinstance(name, str))
    read = set()
    for name in sorted(names):
        box.sql(f"CREATE ROLE {pgrant.quote_identifier(name)}")

    def role(oid, name):
        return None if oid == 0 else name

    for case in cases:
        text = pgrant.quote_literal(case["input"])
        if "error" in case:
            try:
                box.sql(f"SELECT * FROM aclexplode({text}::aclitem[])")
                read.add(case["name"])
            except subprocess.CalledProcessError:
                pass
            continue
        if not case["expected"]:
            continue  # aclexplode refuses an array without dimensions
        if "gone" in case["name"]:
            continue  # servers print such a number, and do not read it
        rows = box.sql(
            "SELECT json_build_array(grantee::int8, pg_get_userbyid(grantee), grantor::int8, pg_get_userbyid(grantor),"
            f" privilege_type, is_grantable) FROM aclexplode({text}::aclitem[])"
        )
        said = {(role(r[0], r[1]), role(r[2], r[3]), *r[4:]) for r in map(json.loads, rows.splitlines())}
        assert said == {
            (item["grantee"], item["grantor"], privilege, privilege in item["grant_options"])
            for item in case["expected"]
            for privilege in item["privileges"]
        }, case["name"]
    assert read == {"bounds of an array", "star first", "without grantor"}  # what no server prints


def test_libpq_reads_the_specs_as_expected():
    import ctypes
    import ctypes.util

    class Option(ctypes.Structure):
        _fields_ = [(n, ctypes.c_char_p) for n in ("keyword", "envvar", "compiled", "val", "label", "dispchar")] + [
            ("dispsize", ctypes.c_int)]

    libpq = ctypes.CDLL(ctypes.util.find_library("pq"))
    libpq.PQconninfoParse.restype = ctypes.POINTER(Option)
    libpq.PQconninfoParse.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_char_p)]
    compared = 0
    for case in stored("specs.json"):
        text = case["input"]
        if text.lstrip().startswith("{") or "secret=" in text:
            continue
        parsed = libpq.PQconninfoParse(text.encode(), None)
        if "expected" not in case:
            if "field" not in case["error"]:  # malformed as such, not a value
                assert not parsed or case["name"] == "password that was not escaped", case["name"]
            continue
        assert parsed, case["name"]
        at, values = 0, {}
        while parsed[at].keyword:
            values[parsed[at].keyword.decode()] = (parsed[at].val or b"").decode()
            at += 1
        for word, value in case["expected"].items():
            if word in values and word != "password" and (values[word] or word not in ("port", "dbname", "sslmode", "sslrootcert")):
                assert values[word] == value, (case["name"], word)
                compared += 1
    assert compared > 30
