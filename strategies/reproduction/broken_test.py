"""How a test that is broken itself reads in the output of its runner: pytest, unittest, node:test, jest, vitest, mocha,
go, cargo, and the Java compilers behind Maven and Gradle. Patterns only; `failure_reason.py` decides."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

Pattern = tuple[re.Pattern[str], str]
"""What is looked for, and the sentence on the test that it means."""

_NOT_PARSED: tuple[Pattern, ...] = (
    (re.compile(r"\b(?:SyntaxError(?!: The requested module)|IndentationError|TabError)\b"), "the test does not parse"),
    (re.compile(r"Failed to parse source|Transform failed|\[PARSE_ERROR\]"), "the test does not parse"),
    (re.compile(r"expected (?:one of )?[`'].*?[`'],? (?:or .*?,? )?found"), "the test does not parse"),
    (re.compile(r"Cannot use import statement outside a module"), "the test is written as another kind of module"),
)
_BROKEN: tuple[Pattern, ...] = (
    (re.compile(r"fixture '([^']+)' not found"), "the test asks for a fixture that does not exist"),
    (re.compile(r"function uses no argument '([^']+)'"), "the test is parametrized with an argument it does not take"),
    (re.compile(r"No test suite found in file|must contain at least one test"), "the file holds no test"),
    (re.compile(r"\berror TS\d+|imported and not used|declared and not used|found packages \w+"), "it does not build"),
    (re.compile(r"^error\[E0(?:308|277|382|499|502|505|106|107|282|283)\]", re.MULTILINE), "it does not build"),
    (re.compile(r"incompatible types|is already defined in|unreported exception"), "the test does not build"),
)
_MISSING: tuple[Pattern, ...] = (
    (re.compile(r"ModuleNotFoundError: No module named '([^']+)'"), "the test imports a module that does not exist"),
    (re.compile(r"ImportError: cannot import name '([^']+)'"), "the test imports a name that does not exist"),
    (re.compile(r"NameError: name '([^']+)' is not defined"), "the test uses a name that is not defined"),
    (re.compile(r"AttributeError: (?!'NoneType').*?has no attribute '([^']+)'"), "the test uses what is not there"),
    (re.compile(r"does not have the attribute '([^']+)'"), "the test patches what is not there"),
    (re.compile(r"unexpected keyword argument '(\w+)'"), "the test passes an argument that does not exist"),
    (re.compile(r"TypeError: (?:\w+\.)*(\w+)\(\) (?:takes|missing) "), "the test calls with other arguments"),
    (re.compile(r"Cannot find (?:module|package) '([^']+)'"), "the test imports a module that does not exist"),
    (re.compile(r"Failed to (?:load url|resolve import) \"?([^\s\"]+)"), "the test imports a module that is not there"),
    (re.compile(r"does not provide an export named '([^']+)'"), "the test imports a name that does not exist"),
    (re.compile(r"(?:ReferenceError.*?|: )\b(\w+) is not defined\b"), "the test uses a name that is not defined"),
    (re.compile(r"([\w$]+) is not a (?:function|constructor)\b"), "the test calls what is not there"),
    (re.compile(r"undefined: (?:\w+\.)?(\w+)"), "the test uses a name that is not defined"),
    (re.compile(r"has no field or method (\w+)|unknown field (\w+) in struct"), "the test uses what is not there"),
    (
        re.compile(r"(?:not enough|too many) arguments in call to (?:\w+\.)*(\w+)"),
        "the test calls with other arguments",
    ),
    (re.compile(r"unresolved imports? `([^`]+)`"), "the test imports a name that does not exist"),
    (re.compile(r"cannot find \w+(?: \w+)? `([^`]+)`"), "the test uses a name that is not defined"),
    (
        re.compile(r"no (?:method|function or associated item|field|variant)(?: \w+)* `(\w+)`"),
        "it uses what is not there",
    ),
    (
        re.compile(r"undeclared (?:crate or module|type) `(\w+)`|unlinked crate `(\w+)`"),
        "the test uses an unknown crate",
    ),
    (re.compile(r"symbol:\s+(?:method|variable|class) (\w+)"), "the test uses a name that is not defined"),
    (
        re.compile(r"package ([\w.]+) does not exist|Unresolved reference:? '?(\w+)"),
        "it uses a name that is not defined",
    ),
)
_ENVIRONMENT: tuple[Pattern, ...] = (
    (
        re.compile(
            r"(gaierror|ENOTFOUND|EAI_AGAIN|Name or service not known|name resolution|ENETUNREACH|no such host)"
        ),
        "the test needs the network, which tests here do not have",
    ),
    (re.compile(r"(No space left on device|ENOSPC)"), "the test writes more than the sandbox holds"),
)
_PYTHON_PLACE = re.compile(r"^([\w./\\-]+\.py):(\d+): ", re.MULTILINE)
_SCRIPT_PLACE = re.compile(r"(?:\bat (?:.*?\()?|❯ (?:\w\S* )?)(?:file://)?([^\s()]+?\.[cm]?[jt]sx?):\d+:\d+")


def not_parsed(message: str, path: str, issue: str, *, whole_file: bool) -> str:
    """That the test's own file does not parse; "" otherwise. A parser under test may raise the same errors: then the
    failure is a test's, not the `whole_file`'s, and no place in the test's file stands beside it."""
    for pattern, why in _NOT_PARSED:
        found = pattern.search(message)
        if found is None:
            continue
        name = re.escape(posixpath.basename(path))
        here = re.search(rf"File \"[^\"\n]*{name}\", line \d+\s*(?:\n.*)?\n.*\n.*{re.escape(found[0])}", message)
        if whole_file or here or not (found[0] in issue or places(message)):
            return why
    return ""


def broken_anyhow(message: str) -> str:
    """That the test cannot be right whatever the issue says; "" otherwise."""
    for pattern, why in _BROKEN:
        found = pattern.search(message)
        if found:
            return why + (f" ({found[1]})" if found.groups() and found[1] else "")
    return ""


def environment(message: str, issue: str) -> str:
    """That the test needs what the sandbox has not, and the issue does not speak of it; "" otherwise."""
    for pattern, why in _ENVIRONMENT:
        found = pattern.search(message)
        if found and not named(found[1], issue):
            return why
    return ""


def missing(message: str) -> Iterator[tuple[str, str]]:
    """The names that are not there, as the runner tells them, each with the sentence that it means."""
    for pattern, why in _MISSING:
        for found in pattern.finditer(message):
            name = next((group for group in found.groups() if group), "")
            yield re.split(r"::|[./]", name.rstrip("/"))[-1] if not name.startswith(".") else _stem(name), why


def _stem(path: str) -> str:
    return posixpath.basename(path).split(".")[0]


def places(message: str) -> tuple[str, ...]:
    """The files of a traceback, the place of the failure last; runners' own and installed files are left out."""
    python = [found[1] for found in _PYTHON_PLACE.finditer(message)]
    script = [found[1] for found in _SCRIPT_PLACE.finditer(message)][::-1]
    return tuple(p for p in (python or script) if "node_modules" not in p and "site-packages" not in p)


def named(word: str, text: str) -> bool:
    """Whether a word stands in a text as a whole word."""
    return bool(word) and bool(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text))
