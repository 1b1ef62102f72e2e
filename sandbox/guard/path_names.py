"""What a path alone tells: a test, test configuration, an expectation, a document, source code."""

from __future__ import annotations

import fnmatch
import posixpath
import re

CONFIGURATION = (
    "conftest.py",
    "pytest.ini",
    ".pytest.ini",
    "pytest.toml",
    ".pytest.toml",
    ".coveragerc",
    ".coveragerc.toml",
    "nose.cfg",
    ".noserc",
    "unittest.cfg",
    ".stestr.conf",
    "jest.config.*",
    "jest.*.config.*",
    "jest-*.config.*",
    "jest.preset.*",
    "jest.setup*",
    "jest-setup*",
    "setup[jJ]est.*",
    "setup[tT]ests.*",
    "setup-tests.*",
    "test-setup.*",
    "test[sS]etup.*",
    "vitest.config.*",
    "vitest.*.config.*",
    "vitest.workspace.*",
    "vitest.setup*",
    "vitest-setup*",
    ".mocharc*",
    "mocha.opts",
    "karma.conf.*",
    "playwright.config.*",
    "cypress.config.*",
    "cypress.json",
    "wdio.conf.*",
    "ava.config.*",
    "jasmine.json",
    ".taprc",
    ".nycrc*",
    "nyc.config.*",
    ".c8rc*",
    "babel.config.*",
    ".babelrc*",
    ".swcrc",
    "tsconfig*.test*.json",
    "tsconfig*.spec*.json",
    "tsconfig*-test*.json",
    "bunfig.toml",
    ".npmrc",
    ".yarnrc",
    ".yarnrc.yml",
    ".pnpmfile.*",
    ".env.test*",
    "nextest.toml",
    "tarpaulin.toml",
    "junit-platform.properties",
    "testng.xml",
    "phpunit.xml",
    "phpunit*.xml*",
    ".rspec",
    "go.work",
)
"""Names of files that a test runner reads before it runs anything, and that hold nothing else."""

_CONFIGURATION_PATHS = re.compile(r"(?:^|/)\.cargo/config(?:\.toml)?$|(?:^|/)__mocks__/")

CODE = (
    ".py", ".pyx", ".pyi", ".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte", ".go",
    ".rs", ".java", ".kt", ".kts", ".groovy", ".scala", ".rb", ".php", ".c", ".h", ".cc", ".cpp", ".hpp", ".cs",
    ".swift", ".ex", ".exs", ".sh", ".pl", ".pm", ".lua",
)  # fmt: skip

DOCUMENTS = (".md", ".rst", ".txt", ".adoc")

_NAMED = re.compile(
    r"(?:^|/)test_[^/]*\.py$|(?:^|/)tests\.py$|_tests?\.(?:py|go|rb|exs|cc|cpp|c|php|dart)$|_spec\.(?:rb|lua)$|"
    r"[.-](?:test|spec|cy|e2e)\.[cm]?[jt]sx?$|(?:^|/)test\.[cm]?[jt]sx?$|(?:^|/)tests?\.rs$|"
    r"(?:Tests?|IT|Spec|TestCase)\.(?:java|kt|groovy|scala|cs|php|swift)$|(?:^|/)t/[^/]+\.t$"
)
_TEST_FOLDER = re.compile(r"(?:^|/)(?:tests?|__tests__|specs?|testing|e2e|cypress|testdata|t)/")
CERTAIN_FOLDERS = frozenset({"__tests__", "__mocks__", "__snapshots__", "__fixtures__", "testdata", "e2e", "cypress"})
"""Folders that hold tests and what belongs to them, and never the product."""
LIKELY_FOLDERS = frozenset({"test", "tests", "testing", "spec", "specs", "t"})
"""Folders that hold tests in most repositories, and the product in some (`django/test`)."""

_EXPECTATION_FOLDER = re.compile(
    r"(?:^|/)(?:testdata|test[-_]data|test[-_]fixtures|__snapshots__|__fixtures__|__image_snapshots__|fixtures?|"
    r"snapshots?|goldens?|golden[-_]files?|cassettes|expected|expectations|baselines?)/"
)
_EXPECTATION_NAME = re.compile(
    r"\.(?:snap|snapshot|golden|ambr|approved|expected|expect|gold|raw\.snap)$|\.(?:golden|approved|expected|snap)\.\w+$"
)


def named_like_test(path: str) -> bool:
    """Whether the file's own name is that of a test, in the languages we know."""
    return bool(_NAMED.search(path))


def is_test(path: str) -> bool:
    """Whether a path is named like a test, or lies where tests lie: what the path alone can tell."""
    return named_like_test(path) or bool(_TEST_FOLDER.search(path))


def is_configuration(path: str) -> bool:
    """Whether a file of this name is read by a test runner before it runs anything."""
    name = posixpath.basename(path)
    return bool(_CONFIGURATION_PATHS.search(path)) or any(fnmatch.fnmatchcase(name, p) for p in CONFIGURATION)


def is_expectation(path: str) -> bool:
    """Whether a path is that of a golden file, a snapshot or a fixture. Code in a folder of such a name is not."""
    if _EXPECTATION_NAME.search(path):
        return True
    return bool(_EXPECTATION_FOLDER.search(path)) and not path.endswith(CODE)


def is_code(path: str) -> bool:
    """Whether a path is that of source code."""
    return path.endswith(CODE)


def is_document(path: str) -> bool:
    """Whether a path is that of a text for people."""
    return path.endswith(DOCUMENTS)


def parents(path: str) -> tuple[str, ...]:
    """The folders above a path, the nearest first, "" (the root) last."""
    parts = path.split("/")[:-1]
    return tuple("/".join(parts[:n]) for n in range(len(parts), -1, -1))
