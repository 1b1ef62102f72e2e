"""Go modules: `go test -json ./...`, with modules and build cache fetched beforehand."""

from __future__ import annotations

import posixpath
import re
from collections import Counter

from sandbox.recipe import Canary, Recipe, ReportFormat
from sandbox.recipes.ci_workflow import Hints
from sandbox.repository.workspace import Workspace

# In the checkout, because what set-up leaves there is there, and writable, in every sandbox.
ENV = 'GOMODCACHE="$PENNYFIX_ENV/go/mod" GOCACHE="$PWD/.pennyfix/go" GOTOOLCHAIN=local GOFLAGS="-modcacherw"'
_PACKAGES = (
    '$(for t in {tests}; do t="${t%%::*}"; case "$t" in *.go) echo "./$(dirname "$t")";; *) echo "$t";; esac; done '
    "| sort -u)"
)


def find_go(workspace: Workspace, hints: Hints) -> Recipe | str:  # noqa: ARG001 - one shape for all finders
    """The recipe of a Go module, or why there is none."""
    paths = [f.path for f in workspace.files()]
    if "go.mod" not in paths:
        return "Go: there is no go.mod"
    tests = [p for p in paths if p.endswith("_test.go")]
    if not tests:
        return "Go: there is no _test.go file"
    count = Counter(posixpath.dirname(p) for p in tests)
    folder = min(count, key=lambda d: (-count[d], d.count("/"), d))
    package = next((p for f in tests if posixpath.dirname(f) == folder and (p := _package(workspace, f))), "")
    body = (
        f'package {package}\n\nimport "testing"\n\nfunc Test_{{name}}(t *testing.T) {{ t.Fatal("2 + 2 is not 5") }}\n'
    )
    return Recipe(
        language="go",
        setup=(f"{ENV} go mod download", f"{ENV} go test -count=1 -run XXX_NONE ./... >/dev/null || true"),
        test=f"{ENV} go test -json -count=1 ./...",
        test_only=f"{ENV} go test -json -count=1 {_PACKAGES}",
        report=ReportFormat.GO_JSON,
        source="go.mod",
        inputs=tuple(p for p in ("go.mod", "go.sum", "go.work") if p in paths),
        runner="go",
        test_folder=folder,
        canary=Canary(posixpath.join(folder, "{name}_test.go"), body) if package else None,
    )


def _package(workspace: Workspace, path: str) -> str:
    found = re.search(r"^package (\w+)", workspace.read_text(path) or "", re.MULTILINE)
    return found[1] if found else ""
