"""Go modules: `go test -json ./...` in each of them, with modules, toolchain and build cache fetched beforehand."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Sequence

from sandbox.recipe import Canary, Recipe, ReportFormat
from sandbox.recipes.ci_workflow import Hints, jobs_of, workflow_paths
from sandbox.repository.workspace import Workspace

# The build cache is in the checkout, because what set-up leaves there is there, and writable, in every sandbox. A newer
# toolchain that a go.mod asks for comes as a module (https://go.dev/doc/toolchain), so it is there without network.
ENV = (
    'export GOMODCACHE="$PENNYFIX_ENV/go/mod" GOCACHE="$PWD/.pennyfix/go" GOTOOLCHAIN=auto GOFLAGS="-modcacherw" '
    "GOTELEMETRY=off; "
)
_COMPILE = "go test -count=1 -run '^$'{flags} ./... >/dev/null"
# In a package of its own: go does not tell how a package ends (TestMain, a leak checker) in which a test failed.
CANARY = 'package {name}\n\nimport "testing"\n\nfunc Test_{name}(t *testing.T) { {failure} }\n'
_NOT_OURS = re.compile(r"(?:^|/)(?:testdata|vendor|node_modules|_[^/]*|\.[^/]*)(?:/|$)")


def find_go(workspace: Workspace, hints: Hints) -> Recipe | str:  # noqa: ARG001 - one shape for all finders
    """The recipe of a repository's Go modules, or why there is none."""
    paths = [f.path for f in workspace.files() if not _NOT_OURS.search(posixpath.dirname(f.path))]
    modules = sorted(posixpath.dirname(p) for p in paths if posixpath.basename(p) == "go.mod")
    if not modules:
        return "Go: there is no go.mod"
    owner = {p: _module(p, modules) for p in paths if p.endswith("_test.go")}
    tests = {p: m for p, m in owner.items() if m is not None}
    if not tests:
        return "Go: there is no _test.go file"
    tested = [m for m in modules if m in tests.values()]
    flags = _flags(workspace)
    count = Counter(posixpath.dirname(p) for p in tests if _is_plain(workspace, p))
    folder = min(count, key=lambda d: (-count[d], d.count("/"), d), default="")
    single = tested == [""]
    names = {m: _path(workspace, m) for m in tested}
    return Recipe(
        language="go",
        setup=tuple(line for m in tested for line in _setup(m, flags)),
        test=ENV + (f"go test -json -count=1{flags} ./..." if single else _every(tested, flags)),
        test_only=ENV + _CHOSEN + _some(tested, names, flags),
        report=ReportFormat.GO_JSON,
        source="go.mod" if "" in modules else posixpath.join(tested[0], "go.mod"),
        inputs=tuple(sorted(p for p in paths if posixpath.basename(p) in ("go.mod", "go.sum", "go.work"))),
        runner="go",
        test_folder=folder,
        canary=Canary(posixpath.join(folder, "{name}/{name}_test.go"), CANARY),
    )


def _setup(module: str, flags: str) -> tuple[str, str]:
    into = f"cd '{module}' && " if module else ""
    return (f"{ENV}{into}go mod download", f"{ENV}{into}{_COMPILE.format(flags=flags)} || true")


def _every(modules: Sequence[str], flags: str) -> str:
    lines = [f"(cd './{m}' && go test -json -count=1{flags} ./...) || failed=1; " for m in modules]
    return f"failed=0; {''.join(lines)}exit $failed"


# `chosen MODULE-PATH FOLDER TEST...`: the packages of TEST (files, or ids `package::Test`) that are in that module
_CHOSEN = (
    'chosen() { m=$1; d=$2; shift 2; for t; do t="${t%%::*}"; [ "$(owner "$t")" = "$m" ] || continue; case "$t" in '
    '*.go) t="./$(dirname "${t#"$d"}")";; esac; echo "$t"; done | sort -u; }; '
)


def _some(modules: Sequence[str], names: dict[str, str], flags: str) -> str:
    """Each chosen test in the module that it belongs to: the innermost, by its folder or by its import path."""
    cases = [
        f"""'{m}/'*|'{names[m]}'|'{names[m]}/'*) echo '{names[m]}';; """
        for m in sorted(modules, key=lambda m: -m.count("/"))
        if m
    ]
    default = names.get("", "none")
    owner = f"""owner() {{ case "$1" in {"".join(cases)}*) echo '{default}';; esac; }}; """
    runs = [
        f"p=$(chosen '{names[m]}' '{m + '/' if m else ''}' {{tests}}); "
        f"[ -z \"$p\" ] || (cd './{m}' && go test -json -count=1{flags} $p) || failed=1; "
        for m in modules
    ]
    return f"{owner}failed=0; {''.join(runs)}exit $failed"


def _module(path: str, modules: Sequence[str]) -> str | None:
    inside = [m for m in modules if not m or path.startswith(f"{m}/")]
    return max(inside, key=len, default=None)


def _path(workspace: Workspace, module: str) -> str:
    """The module's import path; its folder when go.mod names none."""
    found = re.search(
        r"^module\s+\"?([^\s\"']+)", workspace.read_text(posixpath.join(module, "go.mod")) or "", re.MULTILINE
    )
    return found[1] if found else module


def _is_plain(workspace: Workspace, path: str) -> bool:
    """Whether a test file is built without any tag, so that a file beside it is as well."""
    return not re.search(r"^//\s*(?:go:build|\+build) ", workspace.read_text(path) or "", re.MULTILINE)


def _flags(workspace: Workspace) -> str:
    """-tags and -short as CI's first test line says them, also behind `make`; nothing where a line says neither."""
    lines = []
    for path in workflow_paths(workspace):
        for job in jobs_of(workspace.read_text(path)):
            steps = job.get("steps")
            if job.get("services"):
                continue  # tests that need servers are a job of their own
            lines += [str(s.get("run", "")) for s in steps if isinstance(s, dict)] if isinstance(steps, list) else []
    text = "\n".join(lines)
    if re.search(r"\bmake\b", text):
        text += "\n" + (workspace.read_text("Makefile") or "")
    found = re.findall(r"\bgo test\b([^\n|;&]*)", text.replace("\\\n", " "))
    if not found or not all(re.search(r"-tags\b", line) for line in found):
        tags = ""
    else:
        tag = re.search(r"-tags[= ](?:'([^']*)'|\"([^\"]*)\"|([\w,.]+))", found[0])
        tags = f" -tags '{tag[1] or tag[2] or tag[3]}'" if tag else ""
    return tags + (" -short" if found and all("-short" in line for line in found) else "")
