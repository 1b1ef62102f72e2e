"""Rust: `cargo test`, offline, with crates fetched beforehand."""

from __future__ import annotations

import tomllib

from sandbox.recipe import Canary, Recipe, ReportFormat
from sandbox.recipes.ci_workflow import Hints
from sandbox.repository.workspace import Workspace

ENV = 'CARGO_HOME="$PENNYFIX_ENV/cargo" CARGO_TERM_COLOR=never'
_TARGETS = (
    '$(for t in {tests}; do t="${t%%::*}"; case "$t" in tests/*.rs) t="${t##*/}"; echo "--test ${t%.rs}";; '
    "src/main.rs) echo --bins;; *) echo --lib;; esac; done | sort -u)"
)


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
    locked = " --locked" if "Cargo.lock" in paths else ""
    scope = "" if "package" in manifest and "workspace" not in manifest else " --workspace"
    single = "package" in manifest
    command = f"{ENV} cargo test --offline --no-fail-fast"
    return Recipe(
        language="rust",
        setup=(f"{ENV} cargo fetch{locked}", f"{ENV} cargo test --no-run{scope} || true"),
        test=f"{command}{scope} 2>&1",
        test_only=f"{command} {_TARGETS} 2>&1" if single else None,
        report=ReportFormat.CARGO,
        source="Cargo.toml",
        inputs=tuple(
            sorted(p for p in paths if p.endswith("Cargo.toml") or p in ("Cargo.lock", "rust-toolchain.toml"))
        ),
        runner="cargo",
        test_folder="tests",
        canary=Canary("tests/{name}.rs", "#[test]\nfn {name}() {\n    assert_eq!(2 + 2, 5);\n}\n") if single else None,
    )
