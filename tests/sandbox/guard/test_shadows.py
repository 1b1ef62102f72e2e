"""New files that would be loaded in the place of something else are refused, others are not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from sandbox.guard.guarded import guard
from sandbox.repository.patch import Patch
from tests.fakes.workspace import memory_workspace

PYTHON = {"src/till/__init__.py": "x = 1\n", "tests/test_a.py": "def test_a(): pass\n", "tests/helpers.py": "x = 1\n"}
NODE = {"package.json": "{}", "src/till.ts": "1", "test/till.test.ts": "1", "test/util.ts": "1"}
GO = {"go.mod": "module till", "till.go": "package till", "till_test.go": "package till"}
JAVA = {"pom.xml": "<project/>", "src/main/java/a/Till.java": "1", "src/test/java/a/TillTest.java": "1"}


def refused(files: Mapping[str, str], path: str, *, gone: str | None = None, command: str = "") -> tuple[str, ...]:
    changes: dict[str, bytes | None] = {path: b"x = 1\n"} | ({gone: None} if gone else {})
    return guard(Patch(changes), memory_workspace(files), command).refused


@pytest.mark.parametrize(
    ("files", "path"),
    [
        (PYTHON, "pytest.py"),
        (PYTHON, "pytest/__init__.py"),
        (PYTHON, "_pytest/__init__.py"),
        (PYTHON, "pluggy.py"),
        (PYTHON, "tests/pytest.py"),
        (PYTHON, "unittest/__init__.py"),
        (PYTHON, "tests/json.py"),
        (PYTHON, "sitecustomize.py"),
        (PYTHON, "sitecustomize/__init__.py"),
        (PYTHON, "tests/usercustomize.py"),
        (PYTHON, "evil.pth"),
        (PYTHON, "evil-1.dist-info/entry_points.txt"),
        (PYTHON, "src/till.egg-info/entry_points.txt"),
        (PYTHON, "tests/till.py"),
        (PYTHON, "tests/till/__init__.py"),
        (PYTHON, "till.py"),
        (PYTHON, "tests/helpers/__init__.py"),
        (NODE, "node_modules/chai/index.js"),
        (NODE, "test/node_modules/vitest/package.json"),
        (NODE, "jest.js"),
        (NODE, "mocha/index.js"),
        (NODE, "vitest.mjs"),
        (NODE, "test/util.js"),
        (NODE, "test/util/index.ts"),
        (GO, "vendor/github.com/stretchr/testify/assert/assert.go"),
        (JAVA, "src/test/java/a/Till.java"),
        (JAVA, "src/main/java/org/junit/Assert.java"),
    ],
)
def test_a_file_in_the_place_of_another_is_refused_with_words(files: dict[str, str], path: str) -> None:
    found = refused(files, path)
    assert len(found) == 1
    assert found[0].startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("files", "path"),
    [
        (PYTHON, "src/till/json.py"),
        (PYTHON, "src/till/pytest.py"),
        (PYTHON, "tests/conftest.py"),
        (PYTHON, "tests/test_till.py"),
        (PYTHON, "tests/__init__.py"),
        (PYTHON, "tests/unit/__init__.py"),
        (PYTHON, "cashier.py"),
        (PYTHON | {"pytest/__init__.py": ""}, "pytest/more.py"),
        (PYTHON | {"tests/__init__.py": ""}, "tests/till.py"),
        (NODE, "test/fixtures/pkg/node_modules/x/index.js"),
        (NODE, "src/jest.ts"),
        (NODE, "test/other.ts"),
        (NODE, "src/till.js"),
        (GO, "internal/vendor.go"),
        (GO | {"vendor/modules.txt": ""}, "vendor/x/y.go"),
        (JAVA, "src/test/java/a/OtherTest.java"),
        ({"main.go": "1"}, "queue.py"),
    ],
)
def test_other_new_files_are_not_refused(files: dict[str, str], path: str) -> None:
    assert refused(files, path) == ()


def test_a_module_that_moves_is_not_refused() -> None:
    files = {"till.py": "x = 1\n", "tests/test_a.py": "def test_a(): pass\n"}
    assert refused(files, "till/__init__.py", gone="till.py") == ()


def test_unittest_puts_the_tests_own_folder_on_the_import_path() -> None:
    files = PYTHON | {"tests/__init__.py": ""}
    assert refused(files, "tests/till.py", command="python -m unittest discover -s tests")


def test_a_folder_of_pythonpath_is_on_the_import_path() -> None:
    assert refused(PYTHON | {"pytest.ini": "[pytest]\npythonpath = lib\n"}, "lib/till.py")
