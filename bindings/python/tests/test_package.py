"""The package as it is shipped: its wheel, its types, its example, other versions of Python."""

from __future__ import annotations

import glob
import os
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
from conftest import ENVIRONMENT, SOURCE

import pgrant

HERE = SOURCE / "bindings/python"
WHEEL = os.environ.get("PGRANT_TEST_WHEEL", "")

needs_wheel = pytest.mark.skipif(not WHEEL, reason="PGRANT_TEST_WHEEL names no wheel; tests/python/run makes one")


@needs_wheel
def test_wheel_carries_the_library_for_every_python():
    assert re.fullmatch(r"pgrant-[\d.]+-py3-none-linux_x86_64\.whl", os.path.basename(WHEEL))
    with zipfile.ZipFile(WHEEL) as wheel:
        names = set(wheel.namelist())
        assert {"pgrant/libpgrant.so.0", "pgrant/py.typed", "pgrant/aio.py"} <= names
        assert not any("test" in name for name in names)
        metadata = next(name for name in names if name.endswith("/METADATA"))
        assert "Requires-Dist" not in wheel.read(metadata).decode()


@needs_wheel
def test_the_installed_wheel_is_what_is_tested():
    assert pathlib.Path(pgrant.__file__).is_relative_to(sys.prefix) and not os.environ.get("PGRANT_LIBRARY")
    assert os.path.dirname(pgrant.library_path()) == os.path.dirname(pgrant.__file__)


def test_versions_agree():
    assert pgrant.__version__ == pgrant.library_version()
    from pgrant._ffi import ABI_MAJOR, ABI_MINOR
    from pgrant._library import library

    assert library().pgrant_abi_version() >= ABI_MAJOR * 1000 + ABI_MINOR


def test_types_are_strict():
    mypy = shutil.which("mypy", path="/usr/bin:" + os.environ.get("PATH", ""))
    assert mypy, "mypy is not installed"
    files = [HERE / "src/pgrant", HERE / "tests/typed_use.py", HERE / "tests/typed_wrong.py"]
    options = ["--cache-dir", os.devnull, "--strict", "--python-version", "3.9"]
    environment = {**ENVIRONMENT, "MYPYPATH": str(HERE / "src")}
    ran = subprocess.run([mypy, *options, *files], env=environment, capture_output=True, text=True)
    errors = [line for line in ran.stdout.splitlines() if "error:" in line]
    assert len(errors) == 1 and 'Unexpected keyword argument "too"' in errors[0], ran.stdout
    assert '"pgrant.reports.CheckReport"' in ran.stdout


def interpreters():
    found = {}
    for pattern in ("/usr/bin/python3.*", os.path.expanduser("~/.pyenv/versions/3.*/bin/python3.*")):
        for path in glob.glob(pattern):
            version = re.fullmatch(r"python3\.(\d+)", os.path.basename(path))
            if version and 9 <= int(version.group(1)) <= 13:
                found.setdefault(int(version.group(1)), path)
    return sorted(found.items())


@pytest.mark.parametrize("minor, path", interpreters(), ids=lambda value: str(value))
def test_other_versions_of_python(minor, path):
    program = """
import asyncio, pgrant
assert pgrant.quote_identifier("a b") == '"a b"'
spec = pgrant.ConnectionSpec("host=127.0.0.1 port=1 user=u sslmode=require")
async def job():
    async with pgrant.AsyncClient(spec, keep_connections=False) as client:
        try: await client.check()
        except ConnectionError: return True
assert asyncio.run(job())
with pgrant.Client(spec, keep_connections=False) as client:
    try: client.check()
    except ConnectionError: pass
import pgrant.sandbox
"""
    environment = {**ENVIRONMENT, "PYTHONPATH": os.path.dirname(os.path.dirname(pgrant.__file__)),
                   "PYTHONDONTWRITEBYTECODE": "1", "PGRANT_LIBRARY": pgrant.library_path()}
    ran = subprocess.run([path, "-W", "error", "-c", program], env=environment, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr


def test_example():
    example = SOURCE / "examples/main_job.py"
    assert len(example.read_text().splitlines()) < 40
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    from conftest import search_path

    environment["PGRANT_SERVERS"] = os.pathsep.join(search_path())
    ran = subprocess.run([sys.executable, str(example)], env=environment, capture_output=True, text=True, timeout=120, cwd="/")
    assert ran.returncode == 0, ran.stderr
    assert "ada may read" in ran.stdout and "it is over" in ran.stdout


def test_readme_uses_names_that_exist():
    text = (HERE / "README.md").read_text()
    for name in re.findall(r"pgrant\.([A-Za-z_]+)", text):
        if name not in ("so",):
            assert hasattr(pgrant, name), name
    compile(re.findall(r"```python\n(.*?)```", text, re.S)[0], "README", "exec")
