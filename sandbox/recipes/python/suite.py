"""Where a Python repository keeps its tests, and how it has configured pytest."""

from __future__ import annotations

import configparser
import fnmatch
import posixpath
import re
import shlex
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.recipe import Canary
from sandbox.repository.workspace import Workspace

DEFAULT_PATTERNS = ("test_*.py", "*_test.py")

# Command-line flags and ini keys that exist only with a plugin: pytest refuses to start without it.
PLUGINS: tuple[tuple[str, str], ...] = (
    (r"--(no-)?cov\b", "pytest-cov"),
    (r"(^|\s)-n[ =]?(\d|auto|logical)|--dist\b|--numprocesses", "pytest-xdist"),
    (r"--timeout\b|^timeout$|^timeout_method$", "pytest-timeout"),
    (r"--asyncio-mode|^asyncio_mode$|^asyncio_default_", "pytest-asyncio"),
    (r"--benchmark-", "pytest-benchmark"),
    (r"--reruns\b", "pytest-rerunfailures"),
    (r"--ds\b|^DJANGO_SETTINGS_MODULE$|--reuse-db|--nomigrations", "pytest-django"),
    (r"--randomly-|-p no:randomly", "pytest-randomly"),
    (r"--random-order", "pytest-random-order"),
    (r"--mypy-|--mypy\b", "pytest-mypy"),
    (r"--disable-socket|--allow-hosts", "pytest-socket"),
    (r"--strict-markers-?socket", "pytest-socket"),
    (r"^env$", "pytest-env"),
    (r"^mock_use_standalone_module$", "pytest-mock"),
    (r"--html\b", "pytest-html"),
    (r"--picked", "pytest-picked"),
    (r"--snapshot-", "syrupy"),
)


@dataclass(frozen=True, slots=True)
class PytestConfig:
    """pytest's own configuration, as text by key; `source` is the file it is in ("" when there is none)."""

    options: dict[str, str] = field(default_factory=dict)
    source: str = ""

    @property
    def addopts(self) -> str:
        return " ".join(self.options.get("addopts", "").split())

    @property
    def patterns(self) -> tuple[str, ...]:
        return tuple(_words(self.options.get("python_files", ""))) or DEFAULT_PATTERNS

    @property
    def testpaths(self) -> tuple[str, ...]:
        return tuple(p.strip("./") for p in _words(self.options.get("testpaths", "")))

    def plugins(self) -> tuple[str, ...]:
        """Packages without which this configuration stops pytest."""
        asked = [name for pattern, name in PLUGINS if self._mentions(pattern)]
        required = re.findall(r"[A-Za-z][\w.-]+(?=[\s<>=!~]|$)", self.options.get("required_plugins", ""))
        return tuple(dict.fromkeys([*asked, *required]))

    def _mentions(self, pattern: str) -> bool:
        return bool(re.search(pattern, self.addopts)) or any(re.search(pattern, key) for key in self.options)


def pytest_config(workspace: Workspace) -> PytestConfig:
    """The configuration that pytest itself would choose at the root.

    https://docs.pytest.org/en/stable/reference/customize.html#configuration-file-formats
    """
    for path in ("pytest.toml", ".pytest.toml"):
        if workspace.read_text(path) is not None:
            return PytestConfig(_as_text(table(toml(workspace, path), "pytest")), path)
    for path in ("pytest.ini", ".pytest.ini"):
        if (text := workspace.read_text(path)) is not None:
            return PytestConfig(_ini(text, "pytest") or {}, path)
    found = table(toml(workspace, "pyproject.toml"), "tool", "pytest")
    if found:
        return PytestConfig(_as_text(table(found, "ini_options") or found), "pyproject.toml")
    for path, section in (("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        options = _ini(workspace.read_text(path) or "", section)
        if options is not None:
            return PytestConfig(options, path)
    for path in ("tests/pytest.ini", "test/pytest.ini"):  # not pytest's own choice at the root, but meant
        if (text := workspace.read_text(path)) is not None:
            return PytestConfig(_ini(text, "pytest") or {}, path)
    return PytestConfig()


def _as_text(found: Mapping[str, object]) -> dict[str, str]:
    return {k: "\n".join(map(str, v)) if isinstance(v, list) else str(v) for k, v in found.items()}


def table(value: object, *keys: str) -> Mapping[str, object]:
    """The table at `keys` inside a parsed file; empty when there is none, or something else is there."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def toml(workspace: Workspace, path: str) -> dict[str, object]:
    """A TOML file as a dict; empty when it is missing or unreadable."""
    try:
        return tomllib.loads(workspace.read_text(path) or "")
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def ini(text: str) -> configparser.ConfigParser:
    """An ini file, read without interpolation; empty when it is malformed."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # keys keep their case, as pytest has it
    try:
        parser.read_string(text)
    except configparser.Error:
        return configparser.ConfigParser(interpolation=None)
    return parser


def _ini(text: str, section: str) -> dict[str, str] | None:
    parser = ini(text)
    return dict(parser[section]) if parser.has_section(section) else None


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def suite_files(workspace: Workspace, config: PytestConfig) -> tuple[str, ...]:
    """Tracked files that pytest would collect: matching `python_files`, below `testpaths` where they exist."""
    matching = [
        f.path
        for f in workspace.files()
        if f.path.endswith(".py") and any(fnmatch.fnmatch(posixpath.basename(f.path), p) for p in config.patterns)
    ]
    below = [p for p in matching if any(p.startswith(t + "/") or p == t for t in config.testpaths)]
    return tuple(below or matching)


def suite_folder(files: tuple[str, ...]) -> str:
    """The folder that holds most of the test files; the shallower one on a tie ("" is the root)."""
    count = Counter(posixpath.dirname(f) for f in files)
    return min(count, key=lambda d: (-count[d], d.count("/"), d), default="")


def selects(options: str) -> bool:
    """Whether pytest options run only tests with some name or mark: a canary has neither."""
    return bool(re.search(r"(?:^|\s)-[mk][\s=]*[\"']?(?!not\b)[\w(]", options))


def canary(folder: str, patterns: tuple[str, ...]) -> Canary | None:
    """A failing pytest test whose file name is collected under `patterns`."""
    for name in ("test_{name}.py", "{name}_test.py", *(p.replace("*", "{name}", 1) for p in patterns)):
        shown = name.replace("{name}", "c0")
        if "{name}" in name and shown.isascii() and any(fnmatch.fnmatch(shown, p) for p in patterns):
            content = "def test_{name}():\n    {failure}\n"
            return Canary(posixpath.join(folder, name), content)
    return None
