"""What the documents say is what there is."""

import re

import pytest
from conftest import SOURCE, pgrant

README = (SOURCE / "README.md").read_text()


def test_first_program_of_the_readme_is_the_one_that_the_tests_run():
    shown = re.search(r"<!-- (examples/\S+) -->\n```cpp\n(.*?)```", README, re.S)
    assert shown[2] == (SOURCE / shown[1]).read_text()


def test_files_that_the_readme_names_are_there():
    folders = "bindings|capi|cmake|docs|examples|include|tests"
    for name in re.findall(rf"(?<![\w/])((?:{folders})/[\w./-]*\w/?)", README):
        assert (SOURCE / name).exists(), name


@pytest.mark.parametrize("line", re.findall(r"^    (?:export .*\n    )?(pgrant [a-z]+.*)$", README, re.M))
def test_commands_of_the_readme_have_these_verbs_and_options(line):
    words = line.split("#")[0].split()
    text = pgrant(words[1], "--help").out
    for option in re.findall(r"\s(--[a-z-]+)", line.split("#")[0]):
        assert option in text, option


def test_every_shape_of_json_is_documented():
    page = (SOURCE / "docs/json.md").read_text()
    sources = [file for folder in ("src", "include") for file in (SOURCE / folder).rglob("*.[ch]pp")]
    formats = {found for file in sources for found in re.findall(r"pgrant\.[a-z]+/[0-9]+", file.read_text())}
    assert len(formats) > 8
    assert {one for one in formats if f"`{one}`" not in page and f'"{one}"' not in page} == set()
    for header in re.findall(r"`(json/\w+\.hpp)`", page):
        assert (SOURCE / "include/pgrant" / header).exists()
