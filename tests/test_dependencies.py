"""What the code imports is declared, what is declared is locked, and the lock names no host."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
OURS = {"webhook", "workers", "strategies", "sandbox", "deploy", "tests", "pennyfix"}
DATA = ("deploy/demo/project/", "strategies/study/corpus/")
IN_THE_SANDBOX = "sandbox/testing/pytest_record.py"
"""A plugin for the pytest of the repository under test, which the sandbox has and the program never imports."""


def plain(requirement: str) -> str:
    """A distribution's normalized name (PEP 503) without version and extras."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\s\[<>=!~;]", requirement)[0]).lower()


RUNTIME = {plain(r) for r in PROJECT["project"]["dependencies"]}
DEVELOPMENT = {plain(r) for r in PROJECT["dependency-groups"]["dev"]}


def imported(*folders: str) -> set[str]:
    names: set[str] = set()
    for folder in folders:
        for path in [ROOT / folder] if folder.endswith(".py") else (ROOT / folder).rglob("*.py"):
            if str(path.relative_to(ROOT)).startswith((*DATA, IN_THE_SANDBOX)):
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    names |= {a.name.partition(".")[0] for a in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names.add(node.module.partition(".")[0])
    return names - OURS - set(sys.stdlib_module_names)


def undeclared(names: set[str], declared: set[str]) -> dict[str, list[str]]:
    owners = packages_distributions()
    return {n: owners.get(n, []) for n in names if not {plain(d) for d in owners.get(n, [])} & declared}


def test_every_import_of_the_program_is_declared() -> None:
    assert undeclared(imported("webhook", "workers", "strategies", "sandbox", "deploy", "pennyfix.py"), RUNTIME) == {}


def test_every_import_of_the_tests_is_declared() -> None:
    assert undeclared(imported("tests"), RUNTIME | DEVELOPMENT) == {}


@pytest.mark.parametrize(
    ("lock", "declared"), [("requirements.lock", RUNTIME), ("requirements-dev.lock", RUNTIME | DEVELOPMENT)]
)
def test_what_is_declared_is_locked_with_hashes_and_no_host(lock: str, declared: set[str]) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    locked = {plain(line) for line in text.splitlines() if re.match(r"[a-z0-9]", line)}
    assert declared <= locked
    assert "http" not in re.sub(r"(?m)^(httpx?\w*|httpcore\w*|httpx2\S*|aiohttp)\S*.*$", "", text)
    assert text.count("--hash=sha256:") >= len(locked)
