"""Why a patch that passes should be read closely: lines it adds that know of the tests, the runner or the report.

Nothing here decides that a patch is wrong. The words are for the verdict line of a draft, so each names its place.
"""

from __future__ import annotations

import difflib
import posixpath
import re

from sandbox.guard.doubt_words import (
    ANY_CODE,
    BUILD,
    BY_LANGUAGE,
    CONSTANT_EQUALITY,
    MANIFESTS,
    NEW_TESTS,
    SKIPS,
    DoubtPattern,
    Language,
)
from sandbox.guard.inline_tests import without_blocks, without_tests
from sandbox.guard.path_names import is_code, is_configuration, is_document, is_expectation, named_like_test
from sandbox.guard.python_doubts import python_doubts, python_import_effects
from sandbox.guard.suite import SuiteFiles
from sandbox.guard.test_file_readers import source_readers
from sandbox.repository.patch import Patch

_STRING = re.compile(r"""["'`]([^"'`\n]{3,200})["'`]""")
_READS = re.compile(
    r"\b(?:open|read|load|glob|walk|list|scan|iter|exists|stat|include|require|File|Path|fs)\w*|import\s*\(",
    re.IGNORECASE,
)


def doubts(patch: Patch, suite: SuiteFiles) -> tuple[str, ...]:
    """One sentence for each kind of doubt about each file, in the order of the paths."""
    out: list[str] = []
    for path in patch.paths:
        content = patch.files[path]
        if content is None or is_document(path) or is_configuration(path) or is_expectation(path):
            continue
        after = content.decode("utf-8", "surrogateescape")
        before = suite.workspace.read_text(path) or ""
        added = added_lines(before, after)
        if suite.is_test(path):
            if path not in suite.paths:
                found = [*_words(NEW_TESTS, "\n".join(added.values())), *python_import_effects(path, after)]
                out += [f"{path}: {what}" for what in found]
            continue
        out += [f"{path}: {what}" for what in dict.fromkeys(_product(path, before, after, added, suite))]
    return tuple(out)


def notes(patch: Patch, suite: SuiteFiles) -> tuple[str, ...]:
    """Sentences for people on tests that the patch touches: changed configuration, added skips."""
    out = []
    for path in patch.paths:
        if is_configuration(path) and suite.configures(path):
            out.append(f"{path}: changes how tests are run")
        before = suite.workspace.read_text(path) or ""
        after = (patch.files[path] or b"").decode("utf-8", "surrogateescape")
        if is_code(path) and (found := SKIPS.search("\n".join(added_lines(before, after).values()))):
            out.append(f"{path}: skips or silences tests (`{found[0].strip()}`)")
    return tuple(out)


def added_lines(before: str, after: str) -> dict[int, str]:
    """The lines of `after` that are new or changed, by their number from 1. Moved lines are not new."""
    old, new = before.splitlines(), after.splitlines()
    known = {line.strip() for line in old}
    out: dict[int, str] = {}
    if len(old) * len(new) > 10_000_000:  # noqa: PLR2004 - a comparison line by line would take minutes
        return {n: line for n, line in enumerate(new, 1) if line.strip() not in known}
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, _, _, start, end in matcher.get_opcodes():
        if tag in ("insert", "replace"):
            out |= {n + 1: new[n] for n in range(start, end) if new[n].strip() not in known}
    return out


def _product(path: str, before: str, after: str, added: dict[int, str], suite: SuiteFiles) -> list[str]:
    """Doubts about what the product gained. Comments of a line's own are no code."""
    code = [line for line in added.values() if not re.match(r"\s*(?:#(?!\[)|//|\*|/\*|--\s)", line)]
    if path.endswith((".rs", ".js", ".ts", ".tsx", ".mjs", ".jsx")):
        own = without_inline_lines(path, after)
        code = [line for line in code if line.strip() in own]
    text = "\n".join(code)
    out: list[str] = []
    if posixpath.basename(path) == "build.rs":
        if not before:
            out.append("is a new build script, which runs before the tests are built")
        out += _words(BUILD, text)
    out += _words(MANIFESTS.get(posixpath.basename(path), ()), text)
    if path.endswith(".py"):
        packages = {p.removeprefix("src/").split("/")[0] for p in suite.paths if p.endswith("/__init__.py")}
        out += python_doubts(before, after, frozenset(added), own=packages)
    if not is_code(path):
        return out + _words(ANY_CODE, text) if not path.endswith((".lock", ".svg", ".html", ".css")) else out
    out += _words(ANY_CODE, text)
    language = next((name for name, endings in Language.items() if path.endswith(endings)), "")
    out += _words(BY_LANGUAGE.get(language, ()), text)
    if (pattern := CONSTANT_EQUALITY.get(language)) and len(pattern.findall(after)) > len(pattern.findall(before)):
        out.append("an equality that is always true")
    if named := _reads_tests(code, suite):
        out.append(f"names a file of the tests (`{named}`)")
    out += source_readers(path, before, after, code, suite)
    return out


def without_inline_lines(path: str, after: str) -> frozenset[str]:
    """The stripped lines of a file outside of its own tests."""
    if path.endswith(".rs"):
        after = without_blocks(after, "rust")
        return frozenset(line.strip() for line in after.splitlines())
    return frozenset(line.strip() for line in without_tests(path, after).splitlines())


def _words(words: tuple[DoubtPattern, ...], text: str) -> list[str]:
    return [f"{w.meaning} (`{' '.join(found[0].split())[:60]}`)" for w in words if (found := w.pattern.search(text))]


def _reads_tests(code: list[str], suite: SuiteFiles) -> str:
    """A string in added code that is the path or the name of an existing test, in a line that reads something."""
    for line in code:
        for found in _STRING.findall(line):
            name = found.rsplit("/", 1)[-1]
            if named_like_test(found) and any(p.endswith(found.lstrip("./")) for p in suite.paths):
                return str(found)
            folder = found.strip("./").split("/")[0]
            if folder in ("tests", "test", "__tests__", "spec", "testdata") and _READS.search(line.replace(found, "")):
                known = any(p.startswith(f"{folder}/") or f"/{folder}/" in p for p in suite.paths)
                if known and (
                    name != folder or "/" in found or re.search(r"\b(?:open|glob|walk|listdir|scandir)\b", line)
                ):
                    return str(found)
    return ""
