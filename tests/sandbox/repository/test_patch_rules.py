from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.repository.patch import Patch
from sandbox.repository.patch_rules import FILE_BYTES, path_problem, violations


@pytest.mark.parametrize(
    "path", ["a.py", "src/größe.py", "docs/a b.md", ".gitignore", ".github/CODEOWNERS", "a.git/x", "git/x", "~x"]
)
def test_ordinary_paths_are_allowed(path: str) -> None:
    assert violations(Patch({path: b"x"})) == ()


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "C:/x",
        "~/x",
        "../x",
        "a/../b",
        "a/./b",
        "a//b",
        "a/",
        "a\\b",
        "a\0b",
        "a\nb",
        "a\x7fb",
        ".git/config",
        ".GIT/config",
        "a/.Git/hooks/x",
        ".git",
        ".git /config",
        ".git./config",
        ".git::$INDEX_ALLOCATION/config",
        "git~1/config",
        "GIT~2/config",
        ".g\u200cit/config",
        "\ufeff.git/config",
        ".\uff47it/config",
        ".gitmodules",
        "sub/.GITMODULES",
        "bad\udcffname",
        "x" * 256,
        "/".join(["y" * 200] * 6),
    ],
)
def test_paths_that_leave_the_repository_or_touch_git_are_refused(path: str) -> None:
    assert len(violations(Patch({path: b"x"}))) == 1


@pytest.mark.parametrize(
    "path",
    [
        ".pennyfix",
        ".pennyfix/junit.xml",
        ".github/workflows/ci.yml",
        ".GitHub/Workflows/x",
        ".github/workflows",
        ".github/autofix.yml",
        ".github/AUTOFIX.YML",
    ],
)
def test_workflows_and_our_own_configuration_are_refused(path: str) -> None:
    assert len(violations(Patch({path: None}))) == 1


def test_denied_globs_are_gitignore_syntax_and_apply_to_deletions() -> None:
    deny = ["migrations/**", "*.lock", "!keep.lock", "/only-root.txt"]
    refused = {
        p: bool(violations(Patch({p: None}), deny=deny))
        for p in ("migrations/a/b.py", "x/y.lock", "keep.lock", "only-root.txt", "x/only-root.txt", "src/a.py")
    }
    assert refused == {
        "migrations/a/b.py": True,
        "x/y.lock": True,
        "keep.lock": False,
        "only-root.txt": True,
        "x/only-root.txt": False,
        "src/a.py": False,
    }


def test_size_and_number_are_bounded() -> None:
    assert "too many for one file" in violations(Patch({"a": b"x" * (FILE_BYTES + 1)}))[0]
    assert violations(Patch({"a": b"x" * FILE_BYTES})) == ()
    assert "the patch has" in violations(Patch({f"a{n}": b"x" * FILE_BYTES for n in range(6)}))[0]
    assert "touches 201 files" in violations(Patch({f"a{n}": b"" for n in range(201)}))[0]


def test_every_broken_rule_is_named_and_can_be_printed() -> None:
    reasons = violations(Patch({"../a": b"", ".git/x": b"", "b\udcff": b"", "ok": b""}))
    assert len(reasons) == 3
    assert "\n".join(reasons).encode()


@given(st.text())
def test_no_path_makes_the_rules_fall_over(path: str) -> None:
    problem = path_problem(path)
    assert problem is None or problem
    if problem is None:
        assert not path.startswith("/")
        assert ".." not in path.split("/")
        assert ".git" not in path.casefold().split("/")
