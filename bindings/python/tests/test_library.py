"""Finding the library, and refusing one that does not fit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

import pgrant

PACKAGE = os.path.dirname(pgrant.__file__)


def python(program, **environment):
    ran = subprocess.run([sys.executable, "-c", program], env={**os.environ, **environment}, capture_output=True,
                         text=True, timeout=60)
    return ran.stdout.strip(), ran.stderr


@pytest.fixture(scope="module")
def stub(tmp_path_factory):
    """A library that only knows its ABI's version."""

    def make(version):
        folder = tmp_path_factory.mktemp("stub")
        (folder / "stub.c").write_text(f"int pgrant_abi_version(void) {{ return {version}; }}\n")
        library = folder / "libpgrant.so.0"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, folder / "stub.c"], check=True)
        return str(library)

    return make


LOAD = "import pgrant; print(pgrant.library_path())"


def test_it_is_loaded_when_it_is_needed():
    out, _ = python("import sys, pgrant; from pgrant import _library; print(_library._loaded, 'asyncio' in sys.modules)")
    assert out == "None False"


def test_asyncio_is_imported_only_when_it_is_used():
    out, _ = python("import sys, pgrant; pgrant.library_version(); print('asyncio' in sys.modules, end=' ');"
                    "pgrant.AsyncClient; print('asyncio' in sys.modules, 'AsyncClient' in dir(pgrant))")
    assert out == "False True True"
    with pytest.raises(AttributeError):
        pgrant.Nothing


def test_chosen_library_is_the_only_one():
    out, _ = python(LOAD, PGRANT_LIBRARY=pgrant.library_path())
    assert out == pgrant.library_path()
    _, err = python(LOAD, PGRANT_LIBRARY="/nowhere/libpgrant.so.0")
    assert "LibraryError" in err and "/nowhere/libpgrant.so.0" in err
    _, err = python("try:\n  import pgrant; pgrant.password()\nexcept ImportError as e: print(e.__class__); raise",
                    PGRANT_LIBRARY="/nowhere/x")
    assert "LibraryError" in err


@pytest.mark.parametrize("version, shown", [(1001, "1.1"), (0, "0.0"), (99001, "99.1")])
def test_abi_that_does_not_fit(stub, version, shown):
    path = stub(version)
    _, err = python(LOAD, PGRANT_LIBRARY=path)
    assert "LibraryError" in err and path in err and f"has {shown}" in err and "needs libpgrant with ABI 0.1" in err


def test_library_that_is_another_one(stub):
    _, err = python(LOAD, PGRANT_LIBRARY=stub(1))
    assert "LibraryError" in err and "is missing" in err
    _, err = python(LOAD, PGRANT_LIBRARY="libc.so.6")
    assert "LibraryError" in err and "pgrant_abi_version is missing" in err


def test_order_of_the_search(stub, tmp_path):
    bare = tmp_path / "bare"
    shutil.copytree(PACKAGE, bare / "pgrant", ignore=shutil.ignore_patterns("libpgrant.*", "__pycache__"))
    tell = "import sys; sys.prefix = sys.argv[1]; from pgrant import _library\nfor one in _library.candidates(): print(one[1])"

    def look(**environment):
        environment = {"PGRANT_LIBRARY": "", "PYTHONPATH": str(bare), **environment}
        ran = subprocess.run([sys.executable, "-c", tell, str(tmp_path)], env={**os.environ, **environment},
                             capture_output=True, text=True, check=True)
        return ran.stdout.splitlines()

    assert look() == ["the package", "sys.prefix", "the system's linker"]
    assert look(PGRANT_LIBRARY="x") == ["PGRANT_LIBRARY"]
    # A library in the package that does not fit is an error, not a reason to look further.
    shutil.copy(stub(1001), bare / "pgrant/libpgrant.so.0")
    _, err = python(LOAD, PGRANT_LIBRARY="", PYTHONPATH=str(bare))
    assert "LibraryError" in err and "has 1.1" in err
