"""How a JavaScript repository is installed: its package manager and version, without corepack, and its Node."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import yaml

from sandbox.recipes.ci_workflow import jobs_of, workflow_paths
from sandbox.recipes.javascript_packages import JavaScriptPackages, text

NODES = (18, 20, 22, 24, 26)
"""The majors that the image's layer `node` has, in /opt/node/MAJOR/bin."""
DEFAULT_NODE = 24
_CODENAMES = {"hydrogen": 18, "iron": 20, "jod": 22, "krypton": 24}

# An extra tool goes where PATH looks first and where the checkout's node_modules is not touched.
GLOBAL = 'npm install --silent --no-audit --no-fund --global --prefix "$PENNYFIX_ENV"'
_NPM = "--no-audit --no-fund"
LOCKS = ("pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb", "package-lock.json", "npm-shrinkwrap.json")


@dataclass(frozen=True, slots=True)
class PackageManager:
    """A package manager: its name, the version or range to install ("" = whatever there is), and the lock's path."""

    name: str
    version: str
    lock: str

    def run(self, script: str) -> str:
        """The shell line that runs a script by name."""
        return f"{self.name} run {script}" if self.name != "npm" else f"npm run --silent {script}"


def manager_of(packages: JavaScriptPackages) -> PackageManager:
    """By `packageManager`, then the lock file, then `engines`; npm when nothing says so."""
    root = packages.by_folder[""]
    lock = next((p for p in LOCKS if p in packages.paths), "")
    found = re.match(r"(npm|pnpm|yarn|bun)@(\d[\w.-]*)", str(root.get("packageManager", "")))
    if found:
        name, version = found[1], found[2]
        fits = {"pnpm": "pnpm-lock", "yarn": "yarn.", "bun": "bun.", "npm": "package-lock"}[name]
        return PackageManager(name, version, next((p for p in LOCKS if p in packages.paths and p.startswith(fits)), ""))
    if lock.startswith("pnpm") or "pnpm-workspace.yaml" in packages.paths:
        return PackageManager("pnpm", text(root, "engines", "pnpm") or _pnpm(packages), lock)
    if lock == "yarn.lock":
        return PackageManager("yarn", _yarn(packages.workspace.read_text(lock) or ""), lock)
    if lock.startswith("bun"):
        return PackageManager("bun", "", lock)
    return PackageManager("npm", "", lock)


def _pnpm(packages: JavaScriptPackages) -> str:
    """The major that wrote the lock; a workspace file with settings but no packages needs 10
    (https://pnpm.io/settings)."""
    found = re.search(r"^lockfileVersion: '?(\d+)", packages.workspace.read_text("pnpm-lock.yaml") or "", re.MULTILINE)
    return {"5": "7", "6": "8"}.get(found[1] if found else "", "10")


def _yarn(lock: str) -> str:
    """Classic, or the Berry major that wrote the lock (its `__metadata.version`)."""
    found = re.search(r"^__metadata:\n\s+version: (\d+)", lock, re.MULTILINE)
    if found is None:
        return "1"
    return "4" if int(found[1]) >= 8 else "3"  # noqa: PLR2004 - the lock's own version


def install_lines(manager: PackageManager, packages: JavaScriptPackages) -> tuple[str, ...]:
    """The set-up lines that install dependencies; where the first way fails, the milder ones are tried in turn."""
    if manager.name == "pnpm":
        start = "pnpm install --config.confirmModulesPurge=false"
        ways = [f"{start} --frozen-lockfile"] if manager.lock else []
        ways += [f"{start} --no-frozen-lockfile", f"{start} --no-frozen-lockfile --ignore-scripts"]
        return (_tool("pnpm", manager.version), " || ".join(ways))
    if manager.name == "yarn":
        return _yarn_lines(manager, packages)
    if manager.name == "bun":
        return (
            _tool("bun", manager.version),
            "bun install --frozen-lockfile || bun install || bun install --ignore-scripts",
        )
    ways = [f"npm ci {_NPM}"] if manager.lock else []
    start = f"npm install {_NPM}"
    ways += [start, f"{start} --legacy-peer-deps", f"{start} --legacy-peer-deps --ignore-scripts"]
    return (" || ".join(ways),)


def _tool(package: str, version: str) -> str:
    return f"{GLOBAL} '{package}@{version or 'latest'}'"


_START = re.compile(r'PATH="\$PENNYFIX_ENV/bin:/opt/node/\d+/bin:\$PATH"; export PATH; ')
_OWN_YARN = (
    'mkdir -p "$PENNYFIX_ENV/bin" && cd "$PENNYFIX_ENV/bin" && '
    'printf \'#!/bin/sh\\nexec node "%s" "$@"\\n\' "$OLDPWD/{path}" >yarn && chmod +x yarn'
)


def _yarn_lines(manager: PackageManager, packages: JavaScriptPackages) -> tuple[str, ...]:
    if manager.version.startswith("1"):
        start = "yarn install --non-interactive"
        ways = [
            f"{start} --frozen-lockfile",
            start,
            f"{start} --ignore-engines",
            f"{start} --ignore-engines --ignore-scripts",
        ]
        return (_tool("yarn", manager.version if "." in manager.version else "1.22.22"), " || ".join(ways))
    own = _yarn_path(packages)
    # the repository may carry its own: a program of that name leads to it
    get = _OWN_YARN.replace("{path}", own) if own else _tool("@yarnpkg/cli-dist", manager.version)
    mutable = "YARN_ENABLE_IMMUTABLE_INSTALLS=false yarn install"
    return (get, f"yarn install --immutable || {mutable} || {mutable} --mode=skip-build")


def _yarn_path(packages: JavaScriptPackages) -> str:
    try:
        found = yaml.safe_load(packages.workspace.read_text(".yarnrc.yml") or "")
    except (yaml.YAMLError, ValueError, RecursionError):
        return ""
    path = found.get("yarnPath") if isinstance(found, dict) else None
    return path if isinstance(path, str) and path.removeprefix("./") in packages.paths else ""


def node_major(packages: JavaScriptPackages) -> int:
    """The major to run: what a version file says, else the newest of CI's that the image has, else by `engines`."""
    for wanted in _version_files(packages):
        if (major := _major(wanted)) is not None:
            return _nearest(major)
    root = packages.by_folder[""]
    engines = text(root, "engines", "node")
    fitting = [n for n in NODES if satisfies(n, engines)] if engines else list(NODES)
    tried = [_nearest(m) for v in _ci_versions(packages) if (m := _major(v)) is not None and m >= NODES[0]]
    if both := [n for n in tried if n in fitting and n <= DEFAULT_NODE] or [n for n in tried if n in fitting]:
        return max(both)
    if DEFAULT_NODE in fitting or not fitting:
        return DEFAULT_NODE
    return max([n for n in fitting if n < DEFAULT_NODE] or fitting)


def node_path(major: int) -> str:
    """What goes before a command so that it finds that Node; nothing happens where the image has no such folder."""
    return f'PATH="$PENNYFIX_ENV/bin:/opt/node/{major}/bin:$PATH"; export PATH; '


def _version_files(packages: JavaScriptPackages) -> Iterator[str]:
    for path in (".nvmrc", ".node-version"):
        if found := packages.workspace.read_text(path):
            yield found.strip()
    for path in (".tool-versions", "mise.toml", ".mise.toml"):
        found = packages.workspace.read_text(path) or ""
        if line := re.search(r"^(?:nodejs|node)\s*=?\s*[\"']?([\w./-]+)", found, re.MULTILINE):
            yield line[1]
    yield text(packages.by_folder[""], "volta", "node")


def _major(version: str) -> int | None:
    """The major of a version as nvm, asdf and setup-node write it."""
    word = version.strip().lower().removeprefix("v")
    if found := re.match(r"(\d+)", word):
        return int(found[1])
    if word.startswith("lts/"):
        return _CODENAMES.get(word.removeprefix("lts/"), DEFAULT_NODE)
    return DEFAULT_NODE if word in ("node", "latest", "current", "stable", "lts", "lts/*") else None


def _nearest(major: int) -> int:
    return min(NODES, key=lambda n: (abs(n - major), -n))


def satisfies(major: int, wanted: str) -> bool:
    """Whether the newest release of `major` is within a range of npm's (https://github.com/npm/node-semver#ranges)."""
    return any(_all_of(major, part) for part in wanted.split("||"))


def _all_of(major: int, part: str) -> bool:
    if between := re.match(r"\s*v?(\d+)[\w.]*\s+-\s+v?(\d+)", part):
        return int(between[1]) <= major <= int(between[2])
    for sign, number, rest in re.findall(r"(>=|<=|>|<|\^|~|=)?\s*v?(\d+|[*x])([.\dx*]*)", part):
        if number in "*x":
            continue
        low = int(number)
        above = sign in (">=", ">") and major >= low
        below = (sign == "<" and (major < low or (major == low and re.search(r"[1-9]", rest) is not None))) or (
            sign == "<=" and major <= low
        )
        if not (above or below or (sign not in (">=", ">", "<", "<=") and major == low)):
            return False
    return True


def _ci_versions(packages: JavaScriptPackages) -> Iterator[str]:
    """Versions given to actions/setup-node by the repository's workflows, matrix expressions looked up."""
    for path in workflow_paths(packages.workspace):
        for job in jobs_of(packages.workspace.read_text(path)):
            steps = job.get("steps")
            for step in steps if isinstance(steps, list) else []:
                given = step.get("with") if isinstance(step, dict) else None
                if isinstance(given, dict) and "setup-node" in str(step.get("uses", "")):
                    yield from _values(given.get("node-version"), job)


def _values(version: object, job: Mapping[str, object]) -> Iterator[str]:
    if found := re.search(r"matrix\.([\w-]+)", str(version)):
        strategy = job.get("strategy")
        matrix = strategy.get("matrix") if isinstance(strategy, dict) else None
        row = matrix.get(found[1]) if isinstance(matrix, dict) else None
        version = row if isinstance(row, list) else []
    for each in version if isinstance(version, list) else [version]:
        if each is not None:
            yield str(each)


def installed_by(setup: Sequence[str], lines: Sequence[str]) -> tuple[str, ...]:
    """A set-up of ours whose dependencies are installed by `lines`, with the same Node, manager and steps around."""
    start = next((found[0] for line in setup if (found := _START.match(line))), "")
    tools = [line for line in setup if GLOBAL in line or _OWN_YARN.partition(" && ")[0] in line]
    steps = [line for line in setup if '"$PENNYFIX_ENV/step-' in line]
    return (*tools, *(start + line for line in lines), *steps)
