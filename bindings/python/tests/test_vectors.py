"""The vectors that all languages share."""

from __future__ import annotations

import json

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
    asked, expected = [], []
    for case in stored("quoting.json"):
        if "identifier" in case["input"] and "expected" in case:
            asked.append(f"SELECT row_to_json(t) FROM (SELECT 1) AS t({case['expected']})")
            expected.append({case["input"]["identifier"]: 1})
        if "literal" in case["input"]:
            for strings in ("on", "off"):
                asked.append(f"SET standard_conforming_strings = {strings}; SELECT to_json({case['expected']}::text)")
                expected.append(case["input"]["literal"])
    assert [json.loads(line) for line in box.sql("; ".join(asked)).splitlines()] == expected


READ_ACL = """
    CREATE FUNCTION pg_temp.read(list text) RETURNS json LANGUAGE plpgsql AS $$
    BEGIN
      RETURN (SELECT coalesce(json_agg(json_build_array(
          CASE grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(grantee) END, pg_get_userbyid(grantor),
          privilege_type, is_grantable)), '[]') FROM aclexplode(list::aclitem[]));
    EXCEPTION WHEN OTHERS THEN RETURN 'null';
    END $$"""


def test_postgresql_reads_the_acls_as_expected(box):
    # Servers print the number of a role that is gone, and do not read it; and an array without
    # dimensions is nothing that aclexplode takes.
    cases = [case for case in stored("acls.json") if "gone" not in case["name"] and case.get("expected") != []]
    names = {name for case in cases for item in case.get("expected", ()) for name in (item["grantee"], item["grantor"])}
    made = [f"CREATE ROLE {pgrant.quote_identifier(name)}" for name in sorted(names - {None})]
    asked = [f"SELECT pg_temp.read({pgrant.quote_literal(case['input'])})" for case in cases]
    said = [json.loads(line) for line in box.sql("; ".join([*made, READ_ACL, *asked])).splitlines()]
    assert len(said) == len(cases)
    read = {case["name"] for case, rows in zip(cases, said) if "error" in case and rows is not None}
    assert read == {"bounds of an array", "star first", "without grantor"}  # what no server prints
    for case, rows in zip(cases, said):
        if "expected" in case:
            assert sorted(map(json.dumps, rows)) == sorted(
                json.dumps([item["grantee"], item["grantor"], privilege, privilege in item["grant_options"]])
                for item in case["expected"]
                for privilege in item["privileges"]
            ), case["name"]


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
