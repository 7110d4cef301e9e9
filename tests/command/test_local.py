"""Verbs that need no server, help, and the manual page."""

import base64
import hashlib
import hmac
import json
import re

import pytest
from conftest import SOURCE, pgrant

VERBS = ["check", "bootstrap", "inventory", "plan", "apply", "grant", "leases", "revoke", "expire", "schema",
         "password", "sandbox", "sandbox start", "sandbox stop", "sandbox status"]


def test_version():
    assert re.fullmatch(r"pgrant \d+\.\d+\.\d+\n", pgrant("--version").out)


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_an_example(verb):
    text = pgrant(*verb.split(), "--help").out
    assert f"Example:\n  pgrant {verb}" in text


@pytest.mark.parametrize("verb", VERBS)
def test_manual_has_every_option(verb):
    page = (SOURCE / "docs/man/pgrant.1").read_text().replace("\\-", "-")
    section = re.search(rf'^\.SS "?{verb.split()[0]}\b.*?\n(.*?)(?=^\.S[SH] )', page, re.M | re.S)
    assert section, f"no section for {verb}"
    common = re.search(r"^\.SH CONNECTION\n(.*?)(?=^\.SS )", page, re.M | re.S)
    for option in re.findall(r"--[a-z][a-z-]+", pgrant(*verb.split(), "--help").out.split("Example:")[0]):
        assert re.search(rf"{option}\b", section[1] + common[1]), f"{verb} {option}"


@pytest.mark.parametrize("document", ["policy", "integration"])
def test_schema(document):
    schema = json.loads(pgrant("schema", document).out)
    assert schema["$schema"].startswith("https://json-schema.org/") and schema["title"]
    assert json.loads(pgrant("schema", document, "--json").out) == schema


def test_password_and_its_verifier():
    made = pgrant("password", "--length", "40", "--iterations", "5000", "--json", secret_output=True).json
    assert made["format"] == "pgrant.password/1" and len(made["password"]) == 40
    # RFC 5802: StoredKey = H(HMAC(SaltedPassword, "Client Key")).
    parts = re.fullmatch(r"SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+)", made["verifier"])
    salted = hashlib.pbkdf2_hmac("sha256", made["password"].encode(), base64.b64decode(parts[2]), int(parts[1]))
    client_key = hmac.new(salted, b"Client Key", "sha256").digest()
    assert parts[1] == "5000"
    assert base64.b64decode(parts[3]) == hashlib.sha256(client_key).digest()
    assert pgrant("password", secret_output=True).out != pgrant("password", secret_output=True).out


@pytest.mark.parametrize("arguments", [
    [], ["nothing"], ["check", "--nothing"], ["check", "surplus"], ["bootstrap", "--connector", "c"],
    ["schema", "nothing"], ["password", "--length", "3"], ["password", "--length", "many"],
    ["sandbox"], ["sandbox", "start"], ["grant", "b", "--to", "a", "--to-role", "b", "--for", "1h", "--reason", "x"],
    ["apply", "a.yaml", "--plan", "b.json"], ["apply"], ["revoke"],
    ["grant", "b", "--for", "1h", "--reason", "x", "--yes"],
    ["grant", "b", "--to", "a", "--for", "soon", "--reason", "x", "--yes"],
    ["bootstrap", "--profile", "nothing", "--connector", "c", "--password-file", "f"],
])
def test_bad_usage(arguments):
    assert pgrant(*arguments, status=2, dsn="host=localhost user=u").err != ""


def test_bad_usage_as_json():
    refused = pgrant("check", "--json", "--nothing", status=2).json
    assert refused["format"] == "pgrant.error/1" and refused["code"] == "invalid_argument"


def test_sandbox_that_is_not_there(place):
    assert "no sandbox in" in pgrant("sandbox", "status", "--directory", place / "nothing", status=1).err
