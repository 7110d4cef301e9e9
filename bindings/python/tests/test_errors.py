"""Exceptions: what they are, what they show, and that they travel."""

from __future__ import annotations

import pickle

import pytest

import pgrant
from pgrant import _errors


@pytest.mark.parametrize("kind, base", [
    (pgrant.InvalidArgumentError, ValueError), (pgrant.NotFoundError, LookupError),
    (pgrant.DeniedError, PermissionError), (pgrant.ConnectError, ConnectionError),
    (pgrant.TLSError, ConnectionError), (pgrant.AuthenticationError, PermissionError),
    (pgrant.TimeoutError, TimeoutError), (pgrant.ConnectionLostError, ConnectionError),
    (pgrant.FileError, OSError), (pgrant.InvalidStateError, RuntimeError),
    (pgrant.OutOfMemoryError, MemoryError)])
def test_standard_bases(kind, base):
    assert issubclass(kind, base) and issubclass(kind, pgrant.Error)
    with pytest.raises(base):
        raise kind("why")


@pytest.mark.parametrize("kind", list(_errors.BY_NUMBER.values()))
def test_every_error_is_pickled_whole(kind):
    error = kind("why", detail="more", hint="do", field="port", object="table t", sqlstate="42501", retry="again")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind and str(again) == str(error) and again.retryable
    assert str(error).splitlines() == [
        "why (SQLSTATE 42501)", "  object: table t", "  field: port", "  detail: more", "  hint: do"]


def test_unknown_statuses_are_internal():
    from pgrant._call import call_for_handle
    from pgrant._library import library

    assert _errors.BY_NUMBER.get(-77) is None
    assert type(_errors.from_document({"code": "of a later version", "message": "m"})) is pgrant.InternalError
    with pytest.raises(pgrant.InvalidArgumentError) as caught:
        call_for_handle(library().pgrant_options_create, 77)
    assert caught.value.message and caught.value.__class__.__module__ == "pgrant"


def test_no_connection(tmp_path):
    spec = pgrant.ConnectionSpec("host=127.0.0.1 port=1 user=u sslmode=require")
    with pgrant.Client(spec, keep_connections=False) as client:
        with pytest.raises(ConnectionError) as caught:
            client.check()
    assert type(caught.value) is pgrant.ConnectError and caught.value.retryable


def test_errors_of_a_server(client, box):
    with pytest.raises(pgrant.NotFoundError) as caught:
        client.grant("nothing", to="ada", duration=60, reason="x")
    assert "nothing" in str(caught.value)
    with pytest.raises(pgrant.NotFoundError):
        client.revoke("nosuchlease")
    with pytest.raises(pgrant.NotFoundError):
        client.inspect(databases=["nowhere"])


def test_wrong_password(box):
    with pgrant.Client(box.spec("pgadmin", password="wrong"), keep_connections=False) as client:
        with pytest.raises(pgrant.AuthenticationError) as caught:
            client.check()
    assert caught.value.sqlstate == "28P01" and "wrong" not in str(caught.value)


def test_certificate_that_is_not_trusted(box):
    spec = box.spec().replace(sslrootcert="system")
    with pgrant.Client(spec, keep_connections=False) as client:
        with pytest.raises(pgrant.TLSError):
            client.check()


def test_stale_plan_and_lack_of_authority(client, box):
    policy = {"version": 1, "bundles": {"stale": {"grants": [
        {"database": "shop", "schema": "sales", "tables": "orders", "privileges": ["SELECT"]}]}}}
    plan = client.plan(policy)
    client.apply(plan)
    with pytest.raises(pgrant.StaleError):
        client.apply(plan)
    with pgrant.Client(box.spec("grace")) as nobody:
        with pytest.raises(pgrant.DeniedError) as caught:
            nobody.plan({**policy, "bundles": {"other": policy["bundles"]["stale"]}})
    assert isinstance(caught.value, PermissionError)
