"""A patch as it is judged: what could make tests say what is not so is put back, refused, or told to people."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.guard.command_files import command_files
from sandbox.guard.doubts import doubts, notes
from sandbox.guard.inline_tests import is_tested_document, with_old_tests, without_tests
from sandbox.guard.path_names import is_configuration, is_expectation
from sandbox.guard.shadows import shadowing
from sandbox.guard.suite import SuiteFiles
from sandbox.guard.test_configuration import is_mixed, restored_part
from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace

_METADATA = re.compile(r"(?:^|/)[^/]+\.(?:dist-info|egg-info)/|\.pth$|(?:^|/)(?:site|user)customize(?:/__init__)?\.py$")


@dataclass(frozen=True, slots=True)
class GuardedPatch:
    """`judged` is the patch with existing tests and test configuration as at the base commit; `restored` names them.

    `refused` are sentences on files that may not be in a patch. `product` is whether anything but tests is left to
    judge. `doubts` are sentences on why a passing patch should be read closely; `notes` are for people.
    """

    judged: Patch
    restored: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    product: bool = True
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def guard(patch: Patch, workspace: Workspace, command: str = "") -> GuardedPatch:
    """What of `patch` is judged, by the tests that `command` runs. Pure but for reading the base commit."""
    suite = SuiteFiles(workspace, command)
    if refused := shadowing(patch, suite):
        return GuardedPatch(patch, refused=refused)
    new = [p for p in patch.paths if p not in suite.paths]
    commanded = command_files(command, workspace, new) if command else frozenset()
    files: dict[str, bytes | None] = {}
    restored = []
    for path in patch.paths:
        content = patch.files[path]
        judged = _judged(path, content, suite, commanded)
        if judged != content:
            restored.append(path)
        if judged != _base(path, workspace) or (judged == content and path in patch.executable):
            files[path] = judged
    result = Patch(files, patch.executable & files.keys())
    return GuardedPatch(
        result,
        tuple(restored),
        product=any(_is_product(p, result, suite) for p in result.paths),
        doubts=doubts(patch.without(frozenset(restored) - files.keys()), suite),
        notes=notes(patch, suite),
    )


def _base(path: str, workspace: Workspace) -> bytes | None:
    try:
        return workspace.read(path)
    except FileNotFoundError:
        return None


def _judged(path: str, content: bytes | None, suite: SuiteFiles, commanded: frozenset[str]) -> bytes | None:
    """The content to judge at one path; the base commit's where the whole file belongs to the tests."""
    base = _base(path, suite.workspace)
    if content == base:
        return content
    mixed = is_mixed(path)
    whole = path in commanded and not (mixed and path.endswith((".json", ".toml", "setup.cfg")))
    whole = whole or (base is None and _takes_over(path, suite))
    if whole or (is_configuration(path) and suite.configures(path)) or (base is not None and _METADATA.search(path)):
        return base
    if base is not None and (suite.is_test(path) or suite.is_support(path) or is_tested_document(path, suite)):
        return base
    before, after = _text(base), _text(content)
    if mixed and suite.configures(path):
        text = restored_part(path, before, after, _installed(suite.workspace))
        return content if text == after else base if text is None or text == before else _bytes(text)
    if base is None or content is None:
        return content
    text = with_old_tests(path, before, after, suite)
    return content if text == after else _bytes(text)


def _takes_over(path: str, suite: SuiteFiles) -> bool:
    """Whether a new package.json comes between existing tests and theirs: what they import by name is read from it."""
    folder, name = posixpath.split(path)
    return name == "package.json" and folder in suite.folders and "package.json" in suite.paths


def _is_product(path: str, judged: Patch, suite: SuiteFiles) -> bool:
    """Whether what is left of a change at `path` is one of the product, or of its documents."""
    if suite.is_test(path) or (path not in suite.paths and (is_expectation(path) or is_configuration(path))):
        return False
    content, base = judged.files[path], _base(path, suite.workspace)
    if content is None or base is None:
        return True
    return content == base or without_tests(path, _text(content)) != without_tests(path, _text(base))


def _installed(workspace: Workspace) -> frozenset[str]:
    """The names of the packages that the root's package.json asks for."""
    try:
        package = json.loads(workspace.read_text("package.json") or "{}")
    except (ValueError, RecursionError):
        return frozenset()
    tables = [package.get(k) for k in ("dependencies", "devDependencies")] if isinstance(package, Mapping) else []
    return frozenset(name for t in tables if isinstance(t, Mapping) for name in t)


def _text(content: bytes | None) -> str:
    return (content or b"").decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
