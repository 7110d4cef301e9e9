"""What the package believes about the library, compared with the headers."""

from __future__ import annotations

import ctypes
import re

import pytest
from conftest import SOURCE

import pgrant
from pgrant import _errors, _ffi
from pgrant._library import library

HEADERS = sorted((SOURCE / "capi/include/pgrant/c").glob("*.h"))
TEXT = re.sub(r"/\*.*?\*/", "", "\n".join(header.read_text() for header in HEADERS), flags=re.S)
FUNCTION = re.compile(r"PGRANT_API\s+([^;(]+?)\s*\b(pgrant_\w+)\(([^)]*)\);")
NUMBERS = {name: kind for kind, name in re.findall(r"typedef (u?int\d+_t) (pgrant_\w+);", TEXT)}
BY_NAME = {"int32_t": ctypes.c_int32, "int64_t": ctypes.c_int64, "uint64_t": ctypes.c_uint64, "size_t": ctypes.c_size_t}


def as_ctypes(declared):
    """The ctypes type of a parameter or a result; a parameter's name may stand at the end."""
    words = declared.replace("const", " ").replace("*", " * ").split()
    stars = words.count("*")
    base = NUMBERS.get(words[0], words[0])
    if base == "char":
        assert stars == 1
        return ctypes.c_char_p
    if stars == 2:
        return ctypes.POINTER(ctypes.c_void_p)
    if stars == 1:
        return ctypes.c_void_p
    return None if base == "void" else BY_NAME[base]


def declarations():
    found = FUNCTION.findall(TEXT)
    assert len(found) > 100
    return {name: (as_ctypes(result), [as_ctypes(one) for one in parameters.split(",") if one.strip() != "void"])
            for result, name, parameters in found}


def test_functions_have_the_types_of_the_header():
    declared = declarations()
    for name, types in _ffi.SIGNATURES.items():
        assert types == declared[name], name


def test_no_verb_was_forgotten():
    verbs = {name for name in declarations() if name.endswith("_start")}
    assert verbs <= set(_ffi.SIGNATURES)


def test_symbols_are_those_of_the_library():
    symbols = (SOURCE / "capi/abi/symbols.txt").read_text().split()
    assert set(_ffi.SIGNATURES) <= set(symbols)
    for name in _ffi.SIGNATURES:
        assert getattr(library(), name).argtypes == _ffi.SIGNATURES[name][1]


def constants(prefix):
    pairs = re.findall(rf"\b({prefix}\w+)\s*(?:=|\s)\s*(-?\d+)", TEXT)
    return {name: int(value) for name, value in pairs}


def test_numbers_are_those_of_the_header():
    assert constants("PGRANT_ABI_") == {"PGRANT_ABI_MAJOR": _ffi.ABI_MAJOR, "PGRANT_ABI_MINOR": _ffi.ABI_MINOR}
    for prefix in ("OPTIONS_", "EVENT_", "STORE_"):
        for name, value in constants("PGRANT_" + prefix).items():
            assert getattr(_ffi, name[len("PGRANT_"):]) == value


def test_every_status_has_its_exception():
    statuses = {name: value for name, value in constants("PGRANT_").items()
                if value < 0 and name != "PGRANT_NO_TIME"}
    assert set(statuses.values()) == set(_errors.BY_NUMBER)
    for value in statuses.values():
        kind = _errors.BY_NUMBER[value]
        assert library().pgrant_status_name(value).decode() == kind.status
        assert getattr(pgrant, kind.__name__) is kind


@pytest.mark.parametrize("kind", sorted(constants("PGRANT_OPTIONS_").values()))
def test_every_option_can_be_set(kind):
    """Each key that the library lists is one that some parameter of the package sets."""
    listed, index = set(), 0
    while True:
        key = library().pgrant_options_key(kind, index)
        if not key:
            break
        listed.add(key.decode())
        index += 1
    source = "\n".join(path.read_text() for path in (SOURCE / "bindings/python/src/pgrant").glob("*.py"))
    for key in listed:
        word = key[:-1] if key.endswith(".*") else key
        stem = word[:-3] if word.endswith("_ms") else word
        assert f'"{word}"' in source or f'"{stem}"' in source or f'"{word}" +' in source, key
    assert listed
