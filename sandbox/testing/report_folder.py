"""The reports of several packages in one folder, each named after its package's folder: `packages%2Fone.0.xml`."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from urllib.parse import unquote

from sandbox.testing.identity import collect
from sandbox.testing.junit import parse_junit
from sandbox.testing.report import ReportUnreadable, TestReport, TestResult
from sandbox.testing.tap import parse_tap

REPORTS = 500
"""More packages than this are not read."""


def parse_folder(contents: Mapping[str, bytes], *, root: str = "", now: datetime | None = None) -> TestReport:
    """One report from many files by path. A package whose file cannot be read is among those not collected, "." for the
    root: nothing is known of its tests.

    Raises ReportUnreadable when none can be read.
    """
    results: list[TestResult] = []
    unreadable: dict[str, str] = {}
    for path, content in sorted(contents.items()):
        name, _, ending = posixpath.basename(path).rpartition(".")
        package = unquote(name.rpartition(".")[0])
        try:
            found = (
                parse_tap(content, now=now)
                if ending == "tap"
                else parse_junit(content, root=posixpath.join(root, package), now=now)
            )
        except ReportUnreadable as error:
            unreadable[package or "."] = f"{posixpath.basename(path)}: {error}"
            continue
        results += _below(package, root, found)
    if not results and unreadable:
        raise ReportUnreadable("; ".join(unreadable.values()))
    return collect(results, uncollected=unreadable, now=now)


def _below(package: str, root: str, report: TestReport) -> Iterator[TestResult]:
    """The results of one package, with its folder before their files and ids."""
    for result in report.results.values():
        identity = result.id.removeprefix(f"{root.rstrip('/')}/")  # a path from outside of the package
        if not package or identity.startswith(f"{package}/"):
            yield replace(result, id=identity)
        elif result.file:
            yield replace(result, id=f"{package}/{identity}", file=posixpath.join(package, result.file))
        else:
            yield replace(result, id=f"{package}::{identity}")
