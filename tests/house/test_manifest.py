"""What the project says about itself agrees with itself: version, requirements, licence, guides, decisions."""

import os
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from domain.version import VERSION
from tests.house.tree import ROOT, files, read

LOCKS = ["requirements.txt", "requirements-postgres.txt", "requirements-dev.txt"]
GUIDES = ["README.md", "README.ko.md"]

_PIN = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>[^\s;]+)(?P<marker> ; [^\\]+)?(?P<hashes>( --hash=\S+)+)"
)
_HASH = re.compile(r" --hash=sha256:[0-9a-f]{64}")


def _entries(lock: str) -> list[str]:
    """Join the continued lines of a requirement file; comments fall away."""
    text = re.sub(r"\s*\\\n\s*", " ", read(lock))
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _pins(lock: str) -> dict[str, str]:
    return {match["name"]: match["version"] for entry in _entries(lock) if (match := _PIN.fullmatch(entry))}


def _wanted(ranges: str) -> set[str]:
    """Name the packages of a file of ranges the way a lock spells them."""
    lines = [line for line in read(ranges).splitlines() if re.match(r"[A-Za-z]", line)]
    return {re.split(r"[\[<>=~! ]", line)[0].lower().replace("_", "-") for line in lines}


def _commands(guide: str) -> list[str]:
    """Collect the commands of a guide's code blocks, without their remarks."""
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", read(guide), re.MULTILINE | re.DOTALL)
    lines = [line.split(" #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def test_the_version_is_the_same_everywhere() -> None:
    assert tomllib.loads(read("pyproject.toml"))["project"]["version"] == VERSION


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_exact_and_hashed(lock: str) -> None:
    entries = _entries(lock)

    assert entries
    for entry in entries:
        match = _PIN.fullmatch(entry)
        assert match, f"no exact version with hashes: {entry[:80]}"
        assert re.fullmatch(f"({_HASH.pattern})+", match["hashes"]), f"a weak hash: {match['name']}"


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_place_to_fetch_from(lock: str) -> None:
    for word in ("index-url", "find-links", "trusted-host", "://", "file:"):
        assert word not in read(lock)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_what_its_ranges_ask_for(lock: str) -> None:
    assert _wanted(lock.replace(".txt", ".in")) <= set(_pins(lock))


def test_the_locks_agree_with_each_other() -> None:
    versions: dict[str, set[str]] = {}
    for lock in LOCKS:
        for name, version in _pins(lock).items():
            versions.setdefault(name, set()).add(version)

    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_only_an_add_on_manifest_is_named_config() -> None:
    named = [path for path in files() if path.name in {"config.yaml", "config.yml", "config.json"}]

    assert [
        path for path in named if path.parent != Path() and not re.fullmatch(r"[a-z0-9]+_bot", str(path.parent))
    ] == []


def test_the_licence_is_here() -> None:
    assert read("LICENSE").startswith("MIT License\n\nCopyright (c) 2026 the Badukpan authors\n")


def test_the_changelog_has_room_for_the_next_change() -> None:
    assert re.search(r"^## \[?Unreleased\]?$", read("CHANGELOG.md"), re.MULTILINE)


def test_both_guides_name_the_same_commands() -> None:
    english, korean = (_commands(guide) for guide in GUIDES)

    assert english == korean
    assert any(command.startswith("./run.sh ") for command in english)
    assert "tests/run.sh" in english


def test_both_guides_name_the_same_settings_and_exit_codes() -> None:
    english, korean = (re.findall(r"^\| (`[A-Z_`, ]+`|\d+) \|", read(guide), re.MULTILINE) for guide in GUIDES)

    assert english == korean
    assert {"0", "2", "3", "6", "70"} <= set(english)


@pytest.mark.parametrize("guide", [*GUIDES, "CONTRIBUTING.md", "CHANGELOG.md", "docs/decisions/README.md"])
def test_a_link_leads_to_a_file_that_is_there(guide: str) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", read(guide))

    assert [link for link in links if not (ROOT / guide).parent.joinpath(link).exists()] == []


def test_every_decision_has_a_number_of_its_own() -> None:
    pages = [path for path in files() if path.parent == Path("docs/decisions") and path.name != "README.md"]
    numbers = Counter(path.name[:4] for path in pages)

    assert [page.name for page in pages if not re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", page.name)] == []
    assert [number for number, count in numbers.items() if count > 1] == []
    assert [page.name for page in pages if not read(str(page)).startswith(f"# {page.name[:4]} ")] == []


@pytest.mark.parametrize("script", ["run.sh", "tests/run.sh", ".ci/run"])
def test_a_command_can_be_run_and_stops_at_the_first_fault(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    assert read(script).startswith("#!/usr/bin/env bash\n# ")
    assert "\nset -euo pipefail\n" in read(script)
