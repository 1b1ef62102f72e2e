"""Which files of this repository are its tests and what belongs to them, and which are the product.

By name first, then by what the repository's own configuration says, then by who imports and who names a file: a
product file in a folder called `testing` is no test, and a helper of assertions in the root is one.
"""

from __future__ import annotations

import ast
import posixpath
import re
import warnings
from collections.abc import Mapping, Sequence
from functools import cached_property

from sandbox.guard.asserting import mostly_asserts
from sandbox.guard.declared_tests import DeclaredTests, declarations
from sandbox.guard.imports import import_graph
from sandbox.guard.path_names import (
    CERTAIN_FOLDERS,
    LIKELY_FOLDERS,
    is_code,
    is_configuration,
    is_document,
    is_expectation,
    named_like_test,
    parents,
)
from sandbox.repository.workspace import Workspace

MANIFESTS = frozenset(
    {"package.json", "setup.py", "setup.cfg", "pyproject.toml", "Cargo.toml", "go.mod", "pom.xml", "build.gradle"}
)
_TEST_CALL = re.compile(
    r"\b(?:it|test|describe|suite|bench|scenario)\s*[.(]|"
    r"\bfunc (?:Test|Benchmark|Example|Fuzz)\w*\(|#\[(?:\w+::)*test\b|"
    r"@(?:Test|ParameterizedTest)\b|^\s*(?:async )?def test|^class \w*(?:Test|Case)\w*\b|^\s*(?:context|RSpec\.)",
    re.MULTILINE,
)
_ASSERT_NAMES = (
    r"^\s*(?:async )?def _?(?:assert|expect)\w*\(|\bfunction (?:assert|expect)\w*\(|\b(?:assert|expect)[A-Z]\w* ?= |"
    r"\bfunc [aA]ssert\w*\(|^\s*(?:pub )?fn assert_\w+"
)
_NAMED_ASSERTS = re.compile(_ASSERT_NAMES, re.MULTILINE)
_ASSERTS = re.compile(
    _ASSERT_NAMES + r"|^\s*(?:import|from) (?:pytest|unittest)\b(?!\.mock)|"
    r"(?:from|require\()\s*[\"'](?:node:)?(?:assert|chai|vitest|@jest/globals|expect|should)[\"'/]|\bt\.Helper\(\)",
    re.MULTILINE,
)


class SuiteFiles:
    """The tests of one workspace's base commit. `command` is the test command, which may name some."""

    def __init__(self, workspace: Workspace, command: str = "") -> None:
        self.workspace = workspace
        self.command = command
        self.paths = frozenset(f.path for f in workspace.files())
        self._known: dict[str, bool] = {}

    @cached_property
    def declared(self) -> DeclaredTests:
        """What configuration calls a test."""
        return declarations(self.workspace, self.command)

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder with an existing test somewhere below it, "" (the root) if there is any."""
        return frozenset(p for path in self.paths if self.is_test(path) for p in parents(path))

    def is_test(self, path: str) -> bool:
        """Whether a path, existing or new, is a test or lies among what belongs to tests."""
        if path not in self._known:
            self._known[path] = self._is_test(path)
        return self._known[path]

    def _is_test(self, path: str) -> bool:
        folder = self.test_folder(path)
        if folder is not None and (self._apart(folder) or named_like_test(path)):
            return True
        if folder is not None or named_like_test(path):
            return not self._product(path, folder)
        return self.declared.declared(path) and (path in self.declared.files or self.holds_tests(path))

    def _apart(self, folder: str) -> bool:
        """Whether a test folder lies beside the product and not inside it: nothing of it can be imported from there."""
        above = posixpath.dirname(folder)
        return posixpath.basename(folder) in CERTAIN_FOLDERS or (
            posixpath.basename(folder) != "testing"
            and f"{above}/__init__.py".lstrip("/") not in self.paths
            and (above == "" or any(f"{above}/{m}" in self.paths for m in MANIFESTS) or above == "src")
        )

    def _product(self, path: str, folder: str | None) -> bool:
        """Whether what looks like a test is the product's own: the product imports it, or its folder holds no test."""
        if not is_code(path) or path not in self.paths:
            return False
        text = self.workspace.read_text(path) or ""
        if (
            folder is not None
            and posixpath.basename(folder) in ("testing", "spec", "specs")
            and not self._tests_in(folder)
        ):
            return True
        if posixpath.basename(path) == "__init__.py" and not text.strip():
            return False
        return any(self._plain_product(p) for p in self._importers.get(path, ()))

    @cached_property
    def _importers(self) -> Mapping[str, Sequence[str]]:
        """Which files import each file, read once for all questions."""
        return import_graph(self.workspace)

    def _plain_product(self, path: str) -> bool:
        return not named_like_test(path) and self.test_folder(path) is None

    def _tests_in(self, folder: str) -> bool:
        """Whether a file named like a test, or a `conftest.py`, lies below without another test folder between."""
        return any(
            p.startswith(folder + "/")
            and self.test_folder(p) == folder
            and (named_like_test(p) or posixpath.basename(p) == "conftest.py")
            for p in self.paths
        )

    def test_folder(self, path: str) -> str | None:
        """The nearest folder above a path that is named or declared as one of tests."""
        for folder in parents(path):
            name = posixpath.basename(folder)
            if name in CERTAIN_FOLDERS or name in LIKELY_FOLDERS or (folder and folder in self._declared_folders):
                return folder
        return None

    @cached_property
    def _declared_folders(self) -> frozenset[str]:
        """Declared folders that hold tests and not much beside: `testpaths = src` makes no test of the product."""
        return frozenset(f for f in self.declared.folders if self._mostly_tests(f))

    def _mostly_tests(self, folder: str) -> bool:
        inside = [p for p in self.paths if p.startswith(folder + "/") and is_code(p)]
        tests = [p for p in inside if named_like_test(p) or (self.declared.declared(p) and self.holds_tests(p))]
        return folder.startswith("src/test") or len(tests) * 2 >= len(inside) > 0

    def holds_tests(self, path: str) -> bool:
        """Whether the base commit's file has at least one test in it (by syntax in Python, else by its calls)."""
        text = self.workspace.read_text(path)
        if text is None:
            return False
        if path.endswith(".py"):
            return _python_tests(text)
        return bool(_TEST_CALL.search(text))

    def is_support(self, path: str) -> bool:
        """Whether an existing file serves the tests alone: configuration, a golden file, a helper of assertions."""
        if path not in self.paths:
            return False
        if is_configuration(path):
            return self.configures(path)
        if is_expectation(path):
            return True
        return self._asserts(path) if is_code(path) else self._named_by_tests(path)

    def configures(self, path: str) -> bool:
        """Whether configuration at this path reaches existing tests: some lie in its folder or below."""
        folder = posixpath.dirname(path)
        if posixpath.basename(folder).startswith((".", "__")):
            folder = posixpath.dirname(folder)
        return folder == "" or folder in self.folders

    def _asserts(self, path: str) -> bool:
        """A helper of assertions: it reads like one, tests import it, and the product does not.

        Inside a package only its functions' names count: a product may build on a test library. Functions that
        assert and give nothing back count where the tests that import them also import something else: a product
        that checks is what its tests are about.
        """
        found = self._importers.get(path, ())
        if not found or not all(self.is_test(p) for p in found):
            return False
        text = self.workspace.read_text(path) or ""
        if f"{posixpath.dirname(path)}/__init__.py".lstrip("/") in self.paths:
            return bool(_NAMED_ASSERTS.search(text))
        if _ASSERTS.search(text):
            return True
        others = frozenset(self._importers) - {path}
        beside = all(any(p in self._importers[o] and not self.is_test(o) for o in others) for p in found)
        return beside and mostly_asserts(path, text)

    def _named_by_tests(self, path: str) -> bool:
        """A data file outside the product's folders whose name stands in a test and nowhere in the product."""
        name = posixpath.basename(path)
        folder = posixpath.dirname(path)
        if not folder or (is_document(path) and folder.split("/")[0] in ("docs", "doc")) or name in MANIFESTS:
            return False
        if any(is_code(p) and posixpath.dirname(p) == folder and not self.is_test(p) for p in self.paths):
            return False
        if any(f"{p}/__init__.py" in self.paths and not self.is_test(f"{p}/__init__.py") for p in parents(path)[:-1]):
            return False
        naming = [p for p in self.paths if is_code(p) and name in (self.workspace.read_text(p) or "")]
        return bool(naming) and all(self.is_test(p) for p in naming)


def _python_tests(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return bool(_TEST_CALL.search(text))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            return True
        if isinstance(node, ast.ClassDef) and any(
            isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name.startswith("test") for n in node.body
        ):
            return True
    return False
