"""Every link, path, command and module that the documents name is there."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from strategies.registry import STRATEGIES
from tests.docs.commands import commands

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(str(p.relative_to(ROOT)) for p in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")] if p.is_file())
TOP = ("webhook", "workers", "strategies", "sandbox", "deploy", "tests", "docs", ".ci")
ELSEWHERE = {
    ".env", ".github/autofix.yml", "pennyfix.toml", "pennyfix.db", "pennyfix.db-wal", "pennyfix.db-shm", "issue.md",
    "outcomes.csv", "report.html",
}  # fmt: skip
"""Files that are an operator's or a repository's and not ours."""
FILE = re.compile(r"[\w./-]+\.(?:py|md|toml|ya?ml|json|sh|service|png|svg|lock|example)")


def read(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def prose(document: str) -> str:
    """The text without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", read(document), flags=re.DOTALL | re.MULTILINE)


@cache
def anchors(document: str) -> frozenset[str]:
    """The anchors that GitHub gives to a document's headings."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", re.sub(r"`", "", heading)).strip().lower().replace(" ", "-")
        n = 0
        while (name := f"{plain}-{n}" if n else plain) in found:
            n += 1
        found.add(name)
    return frozenset(found)


def test_there_are_documents() -> None:
    assert {"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs/architecture.md"} <= set(DOCUMENTS)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_relative_link_leads_to_a_file_and_a_heading(document: str) -> None:
    for link in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", prose(document)):
        path, _, anchor = link.partition("#")
        target = (ROOT / document).parent / path if path else ROOT / document
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(str(target.resolve().relative_to(ROOT))), link


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_in_backticks_is_there(document: str) -> None:
    for named in re.findall(r"`([^`\n]+)`", prose(document)):
        path = named.rstrip("/")
        ours = path.partition("/")[0] in TOP and re.fullmatch(r"[\w./-]+/[\w./-]*", named)
        if (ours or FILE.fullmatch(path)) and path not in ELSEWHERE:
            assert (ROOT / path).exists() or (ROOT / document).parent.joinpath(path).exists(), named


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_module_that_is_run_is_there(document: str) -> None:
    for module in re.findall(rf"python -m ((?:{'|'.join(TOP[:-2])})[\w.]*)", read(document)):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if d != "docs/commands.md"])
def test_every_command_named_exists(document: str) -> None:
    known = {" ".join(c) for c in commands()}
    groups = {c[0] for c in commands() if len(c) > 1}
    for verb, inner in re.findall(r"(?:`|bin/)pennyfix ([a-z]+)(?: ([a-z]+))?", read(document)):
        assert verb in known, verb
        if inner and verb in groups:
            assert f"{verb} {inner}" in known, f"{verb} {inner}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_named_exists(document: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:^|`|&& )make ([a-z][a-z-]*)", read(document), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("document", DOCUMENTS)
def test_strategies_named_in_examples_are_registered(document: str) -> None:
    for named in re.findall(r"--strategies ([a-z,-]+)", prose(document) + read(document)):
        assert set(named.split(",")) <= set(STRATEGIES)


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if d != "docs/commands.md"])
def test_lines_of_prose_fit_a_screen(document: str) -> None:
    long = [line for line in prose(document).splitlines() if len(line) > 120 and not line.startswith("|")]
    assert long == []


def test_the_readme_stays_one_screen_long_and_shows_two_pictures() -> None:
    text = read("README.md")
    assert len(text.splitlines()) <= 160
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert pictures == ["docs/pull-request.png", "docs/dashboard.png"]
    assert all((ROOT / picture).stat().st_size <= 120_000 for picture in pictures)


def test_the_architecture_answers_at_least_twenty_questions_with_one_file_each() -> None:
    rows = re.findall(r"^\| Where [^|]+\? \| \[`([^`]+)`\]", read("docs/architecture.md"), re.MULTILINE)
    assert len(rows) >= 20


def test_each_library_is_imported_only_where_the_architecture_says() -> None:
    section = read("docs/architecture.md").partition("## One door for each dependency")[2].partition("\n## ")[0]
    doors = dict(re.findall(r"^\| ([a-z]+) \| `([\w/.]+)` \|$", section, re.MULTILINE))
    assert {"githubkit", "celery", "litellm", "docker"} <= set(doors)
    for package in TOP[:4]:
        for file in (ROOT / package).rglob("*.py"):
            path = str(file.relative_to(ROOT))
            for name in re.findall(r"^\s*(?:import|from) (\w+)", file.read_text(encoding="utf-8"), re.MULTILINE):
                assert name not in doors or path.startswith(doors[name]), f"{path} imports {name}"


def test_the_layers_told_are_in_the_order_of_the_contracts() -> None:
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layers = {
        c["containers"][0]: [re.split(r" [:|] ", layer) for layer in c["layers"]]
        for c in contracts
        if "containers" in c
    }
    section = read("docs/architecture.md").partition("## Rooms and layers")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([\w/]+)/` \| (.+ · .+) \|$", section, re.MULTILINE)
    assert {package.replace("/", ".") for package, _ in rows} == set(layers)
    for package, told in rows:
        contract = layers[package.replace("/", ".")]
        places = [[n for n, names in enumerate(contract) if name in names] for name in re.split(r" · |, ", told)]
        assert all(len(place) == 1 for place in places), package
        assert places == sorted(places), package


def test_every_room_of_the_largest_package_is_told() -> None:
    section = read("docs/architecture.md").partition("## Rooms and layers")[2].partition("\n## ")[0]
    rooms = {p.parent.name for p in (ROOT / "workers").glob("*/__init__.py")}
    told = re.search(r"^\| `workers/` \| (.+) \|$", section, re.MULTILINE)
    assert told is not None
    assert rooms == set(told[1].split(" · "))
