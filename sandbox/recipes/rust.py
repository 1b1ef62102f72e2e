"""Rust: `cargo test`, offline, with crates fetched and tests built beforehand."""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.recipe import Canary, Recipe, ReportFormat
from sandbox.recipes.ci_workflow import Hints, jobs_of, workflow_paths
from sandbox.recipes.javascript_packages import path_matches
from sandbox.repository.workspace import Workspace

# Debug information doubles what is written and is of no use to a test's outcome, but for the lines of a panic.
ENV = (
    'export CARGO_HOME="$PENNYFIX_ENV/cargo" CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0 '
    "CARGO_PROFILE_DEV_DEBUG=1 CARGO_PROFILE_TEST_DEBUG=1; "  # as a number, which cargo before 1.71 knows too
)
_FEATURES = re.compile(r"--all-features\b|--no-default-features\b|--features[= ](?:'[^']*'|\"[^\"]*\"|[\w,/-]+)")
_TARGETS = (
    '$(for t in {tests}; do t="${t%%::*}"; case "$t" in tests/*.rs) t="${t##*/}"; echo "--test ${t%.rs}";; '
    "src/main.rs) echo --bins;; *) echo --lib;; esac; done | sort -u)"
)


@dataclass(frozen=True, slots=True)
class _Crate:
    """A package of the workspace: its folder ("" = the root), its name, and its manifest."""

    folder: str
    name: str
    manifest: Mapping[str, object]


def find_rust(workspace: Workspace, hints: Hints) -> Recipe | str:  # noqa: ARG001 - one shape for all finders
    """The recipe of a Cargo package or workspace, or why there is none."""
    text = workspace.read_text("Cargo.toml")
    if text is None:
        return "Rust: there is no Cargo.toml"
    try:
        manifest = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as e:
        return f"Rust: Cargo.toml cannot be read ({e})"
    paths = {f.path for f in workspace.files()}
    crates = _crates(workspace, paths, manifest)
    locked = " --locked" if "Cargo.lock" in paths else ""
    single = "workspace" not in manifest
    features = _features(workspace)
    scope = features if single else f"{features} --workspace"
    env = ENV + _toolchain(workspace)
    command = f"{env}export CARGO_NET_OFFLINE=true; cargo test --offline --no-fail-fast"
    home = _home(crates, paths)
    return Recipe(
        language="rust",
        setup=(f"{env}cargo fetch{locked} || cargo fetch", f"{env}cargo test --no-run{scope} || true"),
        test=f"{command}{scope} 2>&1",
        test_only=f"{command}{features} {_TARGETS if single else _packages(crates)} 2>&1",
        report=ReportFormat.CARGO,
        source="Cargo.toml",
        inputs=tuple(
            sorted(p for p in paths if posixpath.basename(p) in ("Cargo.toml", "Cargo.lock", "rust-toolchain.toml"))
        ),
        runner="cargo",
        test_folder=posixpath.join(home.folder, "tests") if home else "tests",
        canary=_canary(home),
    )


def _canary(crate: _Crate | None) -> Canary | None:
    if crate is None:
        return None
    body = "#[test]\nfn {name}() {\n    {failure}\n}\n"
    return Canary(posixpath.join(crate.folder, "tests/{name}.rs"), body)


def _crates(workspace: Workspace, paths: set[str], root: Mapping[str, object]) -> list[_Crate]:
    """The packages that `--workspace` means: the root's own, and the members (https://doc.rust-lang.org/cargo/reference/workspaces.html)."""
    table = root.get("workspace")
    members, without = (_texts(table.get(k)) for k in ("members", "exclude")) if isinstance(table, dict) else ([], [])
    out = []
    for path in sorted(p for p in paths if posixpath.basename(p) == "Cargo.toml"):
        folder = posixpath.dirname(path)
        if folder and (
            not any(path_matches(folder, m) for m in members) or any(path_matches(folder, m) for m in without)
        ):
            continue
        try:
            manifest = tomllib.loads(workspace.read_text(path) or "")
        except (tomllib.TOMLDecodeError, RecursionError):
            continue
        package = manifest.get("package")
        if isinstance(package, dict) and isinstance(package.get("name"), str):
            out.append(_Crate(folder, package["name"], manifest))
    return out


def _texts(value: object) -> list[str]:
    return [v.removeprefix("./").rstrip("/") for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _home(crates: Sequence[_Crate], paths: set[str]) -> _Crate | None:
    """The package for a new test file: one whose files in tests/ are found by themselves, the one with most of them."""

    def tests(crate: _Crate) -> int:
        folder = posixpath.join(crate.folder, "tests")
        return sum(posixpath.dirname(p) == folder and p.endswith(".rs") for p in paths)

    open_ones = []
    for crate in crates:
        package = crate.manifest["package"]
        if isinstance(package, dict) and package.get("autotests", True):
            open_ones.append(crate)
    return max(open_ones, key=lambda c: (tests(c), -c.folder.count("/")), default=None)


def _packages(crates: Sequence[_Crate]) -> str:
    """`-p NAME` for the packages that chosen files are in; what is in none means the whole workspace."""
    ordered = sorted(crates, key=lambda c: -c.folder.count("/"))
    cases = "".join(f"""'{c.folder}/'*) echo '-p {c.name}';; """ for c in ordered if c.folder)
    root = next((f"-p {c.name}" for c in crates if not c.folder), "--workspace")
    return f"""$(for t in {{tests}}; do case "${{t%%::*}}" in {cases}*) echo '{root}';; esac; done | sort -u)"""


def _toolchain(workspace: Workspace) -> str:
    """Where the repository asks for a nightly, the stable that there is may use unstable features too."""
    asked = (workspace.read_text("rust-toolchain.toml") or "") + (workspace.read_text("rust-toolchain") or "")
    return "export RUSTC_BOOTSTRAP=1; " if "nightly" in asked else ""


def _features(workspace: Workspace) -> str:
    """The features that CI tests with, where it never tests without any."""
    found: list[str] = []
    for path in workflow_paths(workspace):
        for job in jobs_of(workspace.read_text(path)):
            steps = job.get("steps")
            for step in steps if isinstance(steps, list) else []:
                run = str(step.get("run", "")) if isinstance(step, dict) else ""
                found += re.findall(r"\bcargo (?:\+\S+ )?(?:nextest run|test)\b([^\n|;&]*)", run.replace("\\\n", " "))
    found = [line for line in found if "${{" not in line]
    if not found or not all(_FEATURES.search(line) for line in found):
        return ""
    return "".join(f" {flag}" for flag in _FEATURES.findall(found[0]))
