"""The package.json files of a repository: its root and its workspaces' packages, read as data."""

from __future__ import annotations

import fnmatch
import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from sandbox.repository.workspace import Workspace

Package = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class JavaScriptPackages:
    """Every package by its folder ("" = the root), and the tracked paths of the repository."""

    by_folder: Mapping[str, Package]
    paths: frozenset[str]
    workspace: Workspace

    def members(self) -> list[str]:
        """The folders of the workspaces' packages, without the root."""
        return [folder for folder in self.by_folder if folder]

    def script(self, folder: str, name: str) -> str:
        """A script's text; "" when the package has none of that name."""
        return text(self.by_folder.get(folder, {}), "scripts", name)

    def scripts(self, folder: str) -> list[str]:
        """The names of a package's scripts, in their order."""
        found = self.by_folder.get(folder, {}).get("scripts")
        return [k for k, v in found.items() if isinstance(v, str)] if isinstance(found, dict) else []

    def version(self, folder: str, package: str) -> str:
        """The range that a package (or the root) asks for of another package; "" when it asks for none."""
        for at in dict.fromkeys((folder, "")):
            for table in ("devDependencies", "dependencies", "peerDependencies", "optionalDependencies"):
                if found := text(self.by_folder.get(at, {}), table, package):
                    return found
        return ""


def read_packages(workspace: Workspace) -> JavaScriptPackages | None:
    """None when there is no readable package.json at the root."""
    paths = frozenset(f.path for f in workspace.files())
    root = _read(workspace, "package.json")
    if root is None:
        return None
    wanted = _patterns(workspace, root)
    out: dict[str, Package] = {"": root}
    for path in sorted(paths):
        folder, name = posixpath.split(path)
        if name != "package.json" or not folder or "node_modules" in folder.split("/"):
            continue
        if _matches(folder, wanted) and (found := _read(workspace, path)) is not None:
            out[folder] = found
    return JavaScriptPackages(out, paths, workspace)


def text(package: Package, table: str, key: str) -> str:
    """One string below a table of a package.json; "" when it is missing or something else."""
    found = package.get(table)
    value = found.get(key) if isinstance(found, dict) else None
    return value if isinstance(value, str) else ""


def _read(workspace: Workspace, path: str) -> Package | None:
    try:
        found = json.loads(workspace.read_text(path) or "")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _patterns(workspace: Workspace, root: Package) -> list[str]:
    """Where the workspaces' packages are, as npm and yarn, pnpm and lerna write it."""
    declared = root.get("workspaces")
    found = declared.get("packages") if isinstance(declared, dict) else declared
    if not isinstance(found, list):
        try:
            pnpm = yaml.safe_load(workspace.read_text("pnpm-workspace.yaml") or "")
        except (yaml.YAMLError, ValueError, RecursionError):
            pnpm = None
        found = pnpm.get("packages") if isinstance(pnpm, dict) else None
    if not isinstance(found, list):
        found = (_read(workspace, "lerna.json") or {}).get("packages")
    return [p.removeprefix("./").rstrip("/") for p in found if isinstance(p, str)] if isinstance(found, list) else []


def _matches(folder: str, patterns: list[str]) -> bool:
    hit = False
    for pattern in patterns:
        if pattern.startswith("!"):
            hit = hit and not path_matches(folder, pattern[1:].removeprefix("./"))
        else:
            hit = hit or path_matches(folder, pattern)
    return hit


def path_matches(path: str, pattern: str) -> bool:
    """A glob as JavaScript's tools mean it: `*` stays in a folder, `**` is any number of them, `{a,b}` a choice."""
    return any(_parts_match(path.split("/"), each.split("/")) for each in _choices(pattern))


def _parts_match(path: list[str], pattern: list[str]) -> bool:
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(_parts_match(path[i:], pattern[1:]) for i in range(len(path) + 1))
    return bool(path) and fnmatch.fnmatchcase(path[0], pattern[0]) and _parts_match(path[1:], pattern[1:])


def _choices(pattern: str) -> list[str]:
    start = pattern.find("{")
    end = pattern.find("}", start)
    if start < 0 or end < 0 or pattern.count("{") > 3:  # noqa: PLR2004 - more choices than anybody writes
        return [pattern]
    before, after = pattern[:start], pattern[end + 1 :]
    return [found for choice in pattern[start + 1 : end].split(",") for found in _choices(before + choice + after)]
