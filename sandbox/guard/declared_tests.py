"""What the repository's own configuration calls a test, for the runners of Python, JavaScript, Rust and Java."""

from __future__ import annotations

import fnmatch
import json
import posixpath
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from sandbox.guard.globs import glob_pattern, matches_glob
from sandbox.guard.js_data import NotData, exported_data, parse_js_data
from sandbox.recipes.python.suite import DEFAULT_PATTERNS, pytest_config
from sandbox.repository.workspace import Workspace

_RUNNERS = frozenset(["mocha", "ava", "tape", "tap", "jasmine", "uvu", "--test", "vitest", "jest", "borp"])
_MODULE = re.compile(r"[cm]?[jt]s")
NAMES_FILES = (
    "setupFiles", "setupFilesAfterEnv", "setupFilesAfterEach", "globalSetup", "globalTeardown", "testEnvironment",
    "runner", "testRunner", "reporters", "reporter", "resolver", "transform", "snapshotSerializers", "testSequencer",
    "snapshotResolver", "prettierPath", "dependencyExtractor", "haste", "require", "import", "loader", "file",
    "helpers", "nodeArguments", "supportFile", "preset",
)  # fmt: skip
"""Keys of runners' configurations whose strings name files that are loaded before or around the tests."""


@dataclass(frozen=True, slots=True)
class DeclaredTests:
    """What is a test by configuration. `globs` and `patterns` match paths from the root; `names` file names.

    `folders` hold tests; `files` are tests or are loaded with them. All are what the base commit says.
    """

    names: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    globs: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()
    files: frozenset[str] = frozenset()

    def declared(self, path: str) -> bool:
        """Whether configuration calls this path a test, or names it as loaded with the tests."""
        name = posixpath.basename(path)
        return (
            path in self.files
            or any(fnmatch.fnmatchcase(name, p) for p in self.names)
            or any(matches_glob(path, g) for g in self.globs)
            or any(p.search(path) for p in self.patterns)
        )


def declarations(workspace: Workspace, command: str = "") -> DeclaredTests:
    """Read the configuration of every runner that we know, and the patterns in the test command itself."""
    paths = frozenset(f.path for f in workspace.files())
    config = pytest_config(workspace)
    names = [p for p in config.patterns if p not in DEFAULT_PATTERNS]
    folders = [t for t in config.testpaths if t and t not in paths]
    files = {t for t in config.testpaths if t in paths} | _plugins(config.addopts, paths)
    globs: list[str] = []
    patterns: list[re.Pattern[str]] = []
    commands = [command]
    for path, kind, found in _javascript_configs(workspace, paths):
        if kind == "package.json":
            scripts = found.get("scripts")
            commands += [s for s in scripts.values() if isinstance(s, str)] if isinstance(scripts, dict) else []
            continue
        folder = posixpath.dirname(path)
        found_globs, found_patterns = _javascript_tests(kind, found)
        globs += [posixpath.join(folder, g.removeprefix("<rootDir>/").removeprefix("./")) for g in found_globs]
        patterns += found_patterns
        files |= set(_named_files(found, folder, paths))
    for line in commands:
        command_names, command_globs = _from_command(line)
        names += command_names
        globs += command_globs
    globs += _cargo_tests(workspace, paths)
    folders += _java_folders(workspace, paths)
    valid = tuple(g for g in dict.fromkeys(globs) if glob_pattern(g) is not None)
    return DeclaredTests(
        tuple(dict.fromkeys(names)), tuple(dict.fromkeys(folders)), valid, tuple(patterns), frozenset(files)
    )


def _plugins(addopts: str, paths: frozenset[str]) -> set[str]:
    """The repository's files that pytest's options load as plugins (`-p name`)."""
    found = {m.replace(".", "/") for m in re.findall(r"(?:^|\s)-p[\s=]*(?!no:)([\w.]+)", addopts)}
    tries = {f"{root}{m}{end}" for m in found for root in ("", "src/") for end in (".py", "/__init__.py")}
    return tries & paths


def _javascript_configs(workspace: Workspace, paths: frozenset[str]) -> Iterator[tuple[str, str, Mapping[str, object]]]:
    """Path, kind (the runner's name, or package.json) and content of every configuration of a JavaScript runner."""
    for path in sorted(paths):
        name = posixpath.basename(path)
        runner = _runner_of(name)
        if not runner or "/node_modules/" in f"/{path}":
            continue
        found = read_config(name, workspace.read_text(path) or "")
        if name == "package.json":
            yield path, "package.json", found
            for kind in ("jest", "mocha", "vitest", "ava"):
                block = found.get(kind)
                if isinstance(block, dict):
                    yield path, kind, block
        elif runner == "vitest":
            block = found.get("test")
            yield path, "vitest", block if isinstance(block, dict) else {}
        else:
            yield path, runner, found


def _runner_of(name: str) -> str:
    if name == "package.json":
        return name
    for pattern, runner in (
        (r"jest[\w.-]*\.config\.(?:json|[cm]?[jt]s)|jest\.config[\w.-]*\.(?:json|[cm]?[jt]s)", "jest"),
        (r"(?:vite|vitest)[\w.-]*\.(?:config|workspace)\.[cm]?[jt]s", "vitest"),
        (r"\.mocharc\.(?:json|jsonc|ya?ml|[cm]?js)|\.mocharc", "mocha"),
        (r"ava\.config\.[cm]?js", "ava"),
        (r"jasmine\.(?:json|m?js)", "jasmine"),
        (r"(?:cypress|playwright)\.config\.[cm]?[jt]s", "playwright"),
    ):
        if re.fullmatch(pattern, name):
            return runner
    return ""


def read_config(name: str, text: str) -> Mapping[str, object]:
    """A runner's configuration file in JSON, YAML or a module that exports data; {} when it is none of these."""
    found: object = {}
    try:
        if name.endswith((".yml", ".yaml")):
            found = yaml.safe_load(text)
        elif name == "package.json":
            found = json.loads(text)
        elif name.endswith((".json", ".jsonc")) or name == ".mocharc":
            found = parse_js_data(text)
        elif _MODULE.fullmatch(name.rsplit(".", 1)[-1]):
            found = exported_data(text)
    except (NotData, ValueError, yaml.YAMLError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _javascript_tests(kind: str, found: Mapping[str, object]) -> tuple[list[str], list[re.Pattern[str]]]:
    keys = {
        "jest": ("testMatch",),
        "vitest": ("include", "includeSource"),
        "mocha": ("spec",),
        "ava": ("files",),
        "playwright": ("testMatch", "specPattern"),
    }
    globs = [g for key in keys.get(kind, ()) for g in _strings(found.get(key))]
    if kind == "jasmine":
        folder = found.get("spec_dir")
        globs += [
            posixpath.join(folder if isinstance(folder, str) else "", g) for g in _strings(found.get("spec_files"))
        ]
    patterns = []
    for text in _strings(found.get("testRegex")) if kind == "jest" else ():
        try:
            patterns.append(re.compile(text.replace("<rootDir>/", "")))
        except re.error:
            continue
    return [g for g in globs if g and not g.startswith("!")], patterns


def _named_files(found: Mapping[str, object], folder: str, paths: frozenset[str]) -> Iterator[str]:
    for key in NAMES_FILES:
        for text in _all_strings(found.get(key)):
            start = posixpath.normpath(posixpath.join(folder, text.removeprefix("<rootDir>/")))
            yield from (p for p in (start, *(f"{start}.{e}" for e in ("js", "ts", "mjs", "cjs", "json"))) if p in paths)


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _all_strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [s for v in value.values() for s in _all_strings(v)]
    if isinstance(value, list):
        return [s for v in value for s in _all_strings(v)]
    return [value] if isinstance(value, str) else []


def _from_command(line: str) -> tuple[list[str], list[str]]:
    """File-name patterns (`unittest discover -p`) and globs or files that a test command names for its runner."""
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    names = []
    if "unittest" in words:
        names = [words[i + 1] for i, w in enumerate(words[:-1]) if w in ("-p", "--pattern")]
        names += [w.split("=", 1)[1] for w in words if w.startswith("--pattern=")]
    runs = [i for i, word in enumerate(words) if word in _RUNNERS]
    if not runs:
        return names, []
    after = words[runs[0] + 1 :]
    return names, [w.removeprefix("./") for w in after if re.search(r"[*{]|\.[cm]?[jt]sx?$", w) and w[0] not in "-!$"]


def _cargo_tests(workspace: Workspace, paths: frozenset[str]) -> list[str]:
    """The paths that Cargo manifests give to test targets."""
    out = []
    for path in (p for p in paths if posixpath.basename(p) == "Cargo.toml"):
        try:
            found = tomllib.loads(workspace.read_text(path) or "").get("test")
        except (tomllib.TOMLDecodeError, RecursionError):
            continue
        targets = [t.get("path") for t in found if isinstance(t, dict)] if isinstance(found, list) else []
        out += [posixpath.normpath(posixpath.join(posixpath.dirname(path), t)) for t in targets if isinstance(t, str)]
    return out


def _java_folders(workspace: Workspace, paths: frozenset[str]) -> list[str]:
    poms = [p for p in paths if posixpath.basename(p) == "pom.xml"]
    found = [
        posixpath.join(posixpath.dirname(p), folder.strip().replace("${project.basedir}/", "").strip("/"))
        for p in poms
        for folder in re.findall(r"<testSourceDirectory>([^<]+)</testSourceDirectory>", workspace.read_text(p) or "")
    ]
    return ["src/test", *found] if poms or "build.gradle" in paths or "build.gradle.kts" in paths else found
