from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace
from sandbox.testing.tests_guard import is_configuration, is_test, suspicious, weakened
from tests.fakes.origin import Origin

PYPROJECT = '[project]\nname = "x"\n\n[tool.pytest.ini_options]\naddopts = "-q"\n\n[tool.ruff]\nline-length = 100\n'
PACKAGE = '{"scripts": {"test": "jest"}, "jest": {"bail": true}, "version": "1.0.0"}'


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    origin = Origin(tmp_path / "repo")
    origin.commit(
        {
            "src/a.py": "import os\n",
            "tests/test_a.py": "def test_a(): pass\n",
            "pyproject.toml": PYPROJECT,
            "setup.cfg": "[metadata]\nname = x\n[tool:pytest]\naddopts = -q\n",
            "package.json": PACKAGE,
            "conftest.py": "",
        }
    )
    with origin.workspace(tmp_path / "home") as opened:
        yield opened


def test_existing_tests_and_configuration_are_named_new_tests_are_not(workspace: Workspace) -> None:
    patch = Patch(
        {
            "src/a.py": b"x",
            "tests/test_a.py": None,
            "tests/test_new.py": b"x",
            "conftest.py": b"x",
            "tests/conftest.py": b"x",
            "evil.pth": b"x",
            "pytest.ini": b"[pytest]\n",
        }
    )
    assert weakened(patch, workspace) == (
        "conftest.py",
        "evil.pth",
        "pytest.ini",
        "tests/conftest.py",
        "tests/test_a.py",
    )


@pytest.mark.parametrize(
    ("path", "after", "touches"),
    [
        ("pyproject.toml", PYPROJECT.replace("100", "120"), False),
        ("pyproject.toml", PYPROJECT.replace("-q", "-q -k nothing"), True),
        ("setup.cfg", "[metadata]\nname = y\n[tool:pytest]\naddopts = -q\n", False),
        ("setup.cfg", "[metadata]\nname = x\n[tool:pytest]\naddopts = -k no\n", True),
        ("tox.ini", "[tox]\nenvlist = py\n", False),
        ("tox.ini", "[pytest]\naddopts = -k no\n", True),
        ("package.json", PACKAGE.replace("1.0.0", "2.0.0"), False),
        ("package.json", PACKAGE.replace('"jest"}', '"true"}'), True),
        ("package.json", PACKAGE.replace("true", "false"), True),
    ],
)
def test_a_mixed_file_weakens_only_by_its_test_part(path: str, after: str, touches: bool, workspace: Workspace) -> None:
    assert weakened(Patch({path: after.encode()}), workspace) == ((path,) if touches else ())


@pytest.mark.parametrize(
    "path",
    [
        "tests/x.py",
        "test_a.py",
        "pkg/a_test.go",
        "a.test.tsx",
        "a-spec.mjs",
        "src/__tests__/a.js",
        "src/test/java/com/FooTest.java",
        "app/tests.py",
        "tests/api.rs",
    ],
)
def test_tests_are_known_by_their_names(path: str) -> None:
    assert is_test(path)


@pytest.mark.parametrize("path", ["src/latest.py", "contest.py", "attest/a.py", "src/testimony.js", "README.md"])
def test_other_names_are_not_tests(path: str) -> None:
    assert not is_test(path)
    assert not is_configuration(path)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("src/a.py", "import os\nos._exit(0)\n"),
        ("src/a.py", "import os\nfrom _pytest import runner\n"),
        ("src/a.py", "if 'pytest' in sys.modules: x = 1\n"),
        ("src/a.py", "if os.environ.get('PYTEST_CURRENT_TEST'): x = 1\n"),
        ("tests/test_a.py", "@pytest.mark.skip\ndef test_a(): pass\n"),
        ("tests/test_a.py", "@pytest.mark.xfail\ndef test_a(): pass\n"),
        ("sitecustomize.py", "x = 1\n"),
        ("a.test.js", "it.only('x', () => {})\n"),
        ("a.go", "t.Skip()\n"),
    ],
)
def test_tricks_are_flagged_for_people(path: str, content: str, workspace: Workspace) -> None:
    assert any(path in sentence for sentence in suspicious(Patch({path: content.encode()}), workspace))


def test_an_honest_patch_raises_no_flag(workspace: Workspace) -> None:
    patch = Patch(
        {"src/a.py": b"import os\n\ndef f():\n    return os.sep\n", "tests/test_b.py": b"def test_b():\n    assert 1\n"}
    )
    assert suspicious(patch, workspace) == ()
