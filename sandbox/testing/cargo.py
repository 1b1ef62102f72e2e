"""`cargo test`: libtest's plain lines, under the "Running …" and "Doc-tests …" headings that cargo prints.

https://doc.rust-lang.org/rustc/tests/index.html; the JSON form is unstable, so it is not asked for.
"""

from __future__ import annotations

import re

from sandbox.testing.junit import MESSAGE, ReportUnreadable, collect
from sandbox.testing.report import TestOutcome, TestReport, TestResult

_RUNNING = re.compile(r"^\s*Running (?:unittests )?(?P<file>\S+) \((?P<binary>\S+)\)")
_DOC = re.compile(r"^\s*Doc-tests (?P<crate>\S+)")
_TEST = re.compile(r"^test (?P<name>.+?)(?: - should panic)? \.\.\. (?P<end>ok|FAILED|ignored)(?:, .*)?$")
_OUTPUT = re.compile(r"^---- (?P<name>.+?) stdout ----$")
_ENDS = {"ok": TestOutcome.PASSED, "FAILED": TestOutcome.FAILED, "ignored": TestOutcome.SKIPPED}


def parse_cargo(output: bytes) -> TestReport:
    """Tests by `target::name` (target = the file that cargo names). Standard error has to be merged in.

    A crate that does not compile is one ERROR "cargo build". Raises ReportUnreadable when there is
    neither a test line nor a compile error.
    """
    lines = output.decode("utf-8", "replace").splitlines()
    target, results = "", []
    messages = _messages(lines)
    for line in lines:
        if found := _RUNNING.match(line):
            target = found["file"]
        elif found := _DOC.match(line):
            target = f"doc {found['crate']}"
        elif found := _TEST.match(line):
            end, name = _ENDS[found["end"]], found["name"]
            name = re.sub(r" \(line \d+\)$", "", name)  # doc tests move when lines above them change
            text = messages.get(found["name"], "") if end is TestOutcome.FAILED else ""
            results.append(TestResult("::".join(filter(None, (target, name))), end, text, 0.0, _file(target)))
    if any(line.startswith("error: could not compile") for line in lines):
        message = "\n".join(lines)[-MESSAGE:]
        results.append(TestResult("cargo build", TestOutcome.ERROR, message))
    if not results and not any(line.startswith("running 0 tests") for line in lines):
        raise ReportUnreadable("`cargo test` printed no test")
    return collect(results)


def _file(target: str) -> str:
    return target if target.endswith(".rs") else ""


def _messages(lines: list[str]) -> dict[str, str]:
    out: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in lines:
        if found := _OUTPUT.match(line):
            current = out.setdefault(found["name"], [])
        elif line in ("failures:", "successes:"):
            current = None
        elif current is not None:
            current.append(line)
    return {name: "\n".join(text).strip()[-MESSAGE:] for name, text in out.items()}
