"""Runs *inside* the sandbox: a command whose tests unittest reports, with its results written as JUnit XML besides.

    python unittest_recorder.py REPORT TOP (-m MODULE | SCRIPT) [ARGUMENT ...]

Whatever command it is (`-m unittest`, `manage.py test`, `runtests.py`, a project's own), its results go through
`unittest.TestResult`. TOP is the folder that names of modules start from; arguments like
`tests/test_a.py::T::test_b` become names of tests. Needs Python 3.6 or later and nothing else.
"""

import os
import runpy
import sys
import time
import unittest
from typing import Any, Dict, List, Tuple
from xml.sax.saxutils import escape, quoteattr

Key = Tuple[str, str, str]  # file, class, name
RECORDED: Dict[Key, List[Any]] = {}  # tag, text, seconds
RUNNING: List[Any] = []  # result, test and start of what is under way
WORST = ("error", "failure", "skipped", "")
FAILED_IMPORTS = ("_FailedTest", "ModuleImportFailure", "_ErrorHolder")
ROOT = os.getcwd()
TOP = os.path.normpath(sys.argv[2]) if len(sys.argv) > 2 else "."  # noqa: PLR2004 - program, report, top


def relative(path: str) -> str:
    """A path below the checkout from there; of another only the name."""
    path = os.path.abspath(path)
    here = ROOT + os.sep
    return path[len(here) :].replace(os.sep, "/") if path.startswith(here) else os.path.basename(path)


def dotted(place: str) -> str:
    """The module of a file."""
    return place[:-3].replace("/", ".") if place.endswith(".py") else ""


def named(test: Any) -> Key:
    """File, class and name of a test."""
    case = getattr(test, "test_case", test)
    example = getattr(case, "_dt_test", None)
    if example is not None:  # a doctest
        place = relative(example.filename or "")
        start = dotted(place) + "."
        name = example.name
        return place, dotted(place), name[len(start) :] if start != "." and name.startswith(start) else name
    kind = type(case)
    name = getattr(case, "_testMethodName", None) or str(test)
    if kind.__name__ in FAILED_IMPORTS:
        place = os.path.normpath(os.path.join(TOP, name.replace(".", "/") + ".py"))
        return place, "", dotted(place)
    place = relative(getattr(sys.modules.get(kind.__module__), "__file__", "") or "")
    return place, (dotted(place) or kind.__module__) + "." + kind.__qualname__, name


def record(result: Any, test: Any, tag: str, text: str) -> None:
    """Keep a test's worst outcome. Results inside a test are those of a test of a test runner, and not ours."""
    if RUNNING and RUNNING[0] is not result:
        return
    key = named(test)
    old = RECORDED.get(key)
    if old is None or WORST.index(tag) < WORST.index(old[0]):
        RECORDED[key] = [tag, text, 0.0]


def wrap(name: str, tag: str) -> None:
    """Let one method of every TestResult record its outcome as well."""
    original = getattr(unittest.TestResult, name)

    def method(self: Any, test: Any, *rest: Any) -> Any:
        text = ""
        if name in ("addError", "addFailure"):
            text = self._exc_info_to_string(rest[0], test)
        elif name == "addSkip":
            text = str(rest[0])
        record(self, test, tag, text)
        return original(self, test, *rest)

    setattr(unittest.TestResult, name, method)


def wrap_subtests() -> None:
    """A subtest that fails is its test's failure."""
    original = unittest.TestResult.addSubTest

    def method(self: Any, test: Any, subtest: Any, err: Any) -> Any:
        if err is not None:
            failed = issubclass(err[0], test.failureException)
            record(self, test, "failure" if failed else "error", self._exc_info_to_string(err, test))
        return original(self, test, subtest, err)

    setattr(unittest.TestResult, "addSubTest", method)  # noqa: B010 - a type checker refuses the plain assignment


def wrap_times() -> None:
    """Know which test is under way, and how long it took."""
    start, stop = unittest.TestResult.startTest, unittest.TestResult.stopTest

    def started(self: Any, test: Any) -> Any:
        if not RUNNING:
            RUNNING[:] = [self, test, time.time()]
        return start(self, test)

    def stopped(self: Any, test: Any) -> Any:
        if RUNNING and RUNNING[0] is self and RUNNING[1] is test:
            found = RECORDED.get(named(test))
            if found is not None:
                found[2] = time.time() - RUNNING[2]
            del RUNNING[:]
        return stop(self, test)

    setattr(unittest.TestResult, "startTest", started)  # noqa: B010 - as above
    setattr(unittest.TestResult, "stopTest", stopped)  # noqa: B010 - as above


def printable(text: str) -> str:
    """Without the characters that XML 1.0 does not have (section 2.2)."""
    return "".join(c if c in "\t\n" or 31 < ord(c) < 0xD800 or 0xDFFF < ord(c) < 0xFFFE else "?" for c in text)  # noqa: PLR2004


def report() -> str:
    """JUnit XML of everything that was recorded."""
    lines = ['<?xml version="1.0" encoding="utf-8"?>', '<testsuites><testsuite name="unittest">']
    for (place, kind, name), (tag, text, seconds) in sorted(RECORDED.items()):
        values = [quoteattr(printable(v)) for v in (place, kind, name, "%.3f" % seconds)]
        head = "<testcase file=%s classname=%s name=%s time=%s" % tuple(values)
        lines.append(head + ("><%s>%s</%s></testcase>" % (tag, escape(printable(text)), tag) if tag else "/>"))
    return "\n".join([*lines, "</testsuite></testsuites>"])


def argument(word: str) -> str:
    """`tests/test_a.py::T::test_b` as unittest has it: `tests.test_a.T.test_b`, below TOP."""
    path, _, rest = word.partition("::")
    if not path.endswith(".py"):
        return word
    path = os.path.normpath(path)
    if TOP != "." and path.startswith(TOP + "/"):
        path = path[len(TOP) + 1 :]
    return ".".join([dotted(path), *filter(None, rest.split("::"))])


def main() -> None:
    """Run the command with every TestResult recorded; the report is written also when it exits."""
    for name, tag in (
        ("addSuccess", ""),
        ("addError", "error"),
        ("addFailure", "failure"),
        ("addSkip", "skipped"),
        ("addExpectedFailure", "skipped"),
        ("addUnexpectedSuccess", "failure"),
    ):
        wrap(name, tag)
    wrap_subtests()
    wrap_times()
    target, words = sys.argv[1], sys.argv[3:]
    module = words[0] == "-m"
    first = 2 if module else 1
    words = words[:first] + [argument(w) for w in words[first:]]
    sys.argv = words[1:] if module else words
    sys.path[0] = ROOT if module else os.path.dirname(os.path.abspath(words[0]))
    if module and TOP != ".":
        sys.path.insert(0, os.path.abspath(TOP))
    try:
        if module:
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(words[0], run_name="__main__")
    finally:
        with open(target, "wb") as out:
            out.write(report().encode("utf-8"))


if __name__ == "__main__":
    main()
