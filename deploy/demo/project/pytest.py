"""As much of pytest as this project needs, so that it needs nothing but Python: `python -m pytest [options] [tests]`.

It collects `test_*.py`, runs their `test_*` functions and unittest classes, and writes `--junitxml=FILE`.
Exit codes are pytest's: 0 passed, 1 failed, 5 nothing collected.
"""

import importlib.util
import sys
import time
import traceback
import unittest
from contextlib import contextmanager
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr


@contextmanager
def raises(expected, match=None):
    """The block must raise `expected`."""
    import re

    caught = type("Caught", (), {"value": None})()
    try:
        yield caught
    except expected as error:
        caught.value = error
        assert match is None or re.search(match, str(error)), f"{error!r} does not match {match!r}"
    else:
        raise AssertionError(f"{expected} was not raised")


class _Mark:
    """`pytest.mark.parametrize`; other marks change nothing."""

    def parametrize(self, names, values):
        fields = [n.strip() for n in names.split(",")] if isinstance(names, str) else list(names)

        def decorate(function):
            function.cases = [
                dict(zip(fields, value if len(fields) > 1 else (value,), strict=True)) for value in values
            ]
            return function

        return decorate

    def __getattr__(self, name):
        return lambda *given, **named: given[0] if given and callable(given[0]) else (lambda function: function)


mark = _Mark()


def approx(value, rel=1e-6, abs=1e-12):  # noqa: A002
    """A number that equals others that are near."""

    class Near(float):
        def __eq__(self, other):
            return -max(rel * value, abs) <= other - value <= max(rel * value, abs)

        __hash__ = float.__hash__

    return Near(value)


def load(path):
    """Import a test file under the name its path gives."""
    name = ".".join(path.with_suffix("").parts)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def tests_of(module):
    """(class or "", name, function) of every test in a module."""
    for name, thing in vars(module).items():
        if name.startswith("test") and callable(thing) and not isinstance(thing, type):
            for n, case in enumerate(getattr(thing, "cases", [{}])):
                yield "", name + (f"[{n}]" if case else ""), lambda thing=thing, case=case: thing(**case)
        elif isinstance(thing, type) and issubclass(thing, unittest.TestCase) and thing is not unittest.TestCase:
            for method in unittest.defaultTestLoader.getTestCaseNames(thing):
                yield name, method, thing(method).debug
        elif isinstance(thing, type) and name.startswith("Test"):
            for method in [m for m in vars(thing) if m.startswith("test")]:
                yield name, method, getattr(thing(), method)


def trouble(error):
    """What went wrong, as text: without this file's own frames, with paths from here."""
    told = traceback.TracebackException.from_exception(error)
    told.stack = traceback.StackSummary.from_list(f for f in told.stack if f.filename not in (__file__, load.__code__.co_filename))
    return "".join(told.format()).replace(f"{Path.cwd()}/", "")


def run(path, only):
    """Results of one file: (file, class name, name, seconds, kind of trouble, text)."""
    place = ".".join(path.with_suffix("").parts)
    try:
        found = list(tests_of(load(path)))
    except BaseException as error:
        return [(str(path), "", place, 0.0, "error", trouble(error))]
    results = []
    for group, name, function in found:
        if only and only not in (name, name.split("[")[0], group, f"{group}::{name}"):
            continue
        started, kind, text = time.monotonic(), "", ""
        try:
            function()
        except (unittest.SkipTest,) as reason:
            kind, text = "skipped", str(reason)
        except BaseException as error:
            kind, text = "failure", trouble(error)
        results.append((str(path), f"{place}.{group}".rstrip("."), name, time.monotonic() - started, kind, text))
    return results


def clean(text):
    """Text that XML can hold."""
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)


def write(results, path):
    """JUnit XML."""
    cases = ""
    for file, place, name, seconds, kind, text in results:
        last = (text.strip().splitlines() or [""])[-1]
        inner = f"<{kind} message={quoteattr(clean(last))}>{escape(clean(text))}</{kind}>" if kind else ""
        named = f"classname={quoteattr(place)} name={quoteattr(name)} file={quoteattr(file)}"
        cases += f'<testcase {named} time="{seconds:.3f}">{inner}</testcase>'
    counts = f'tests="{len(results)}" failures="{sum(r[4] == "failure" for r in results)}"'
    Path(path).write_text(f'<?xml version="1.0"?><testsuites><testsuite name="pytest" {counts}>{cases}</testsuite></testsuites>')


def main(arguments):
    """Run and report."""
    junit, chosen, skip = "", [], False
    for argument in arguments:
        if skip:
            skip = False
        elif argument in ("-p", "-o", "-k", "-m", "-c", "-W"):
            skip = True
        elif argument.startswith("--junitxml="):
            junit = argument.partition("=")[2]
        elif not argument.startswith("-"):
            chosen.append(argument)
    results = []
    for one in chosen or ["tests"]:
        file, _, only = one.partition("::")
        path = Path(file).resolve().relative_to(Path.cwd())
        files = sorted(path.rglob("test_*.py")) if path.is_dir() else [path]
        for each in files:
            results += run(each, only)
    for _, place, name, _, kind, text in results:
        if kind in ("failure", "error"):
            print(f"{kind.upper()} {place}::{name}\n{text}")
    bad = sum(r[4] in ("failure", "error") for r in results)
    print(f"{bad} failed, {len(results) - bad} passed")
    if junit:
        write(results, junit)
    return 5 if not results else 1 if bad else 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    sys.modules["pytest"] = sys.modules["__main__"]
    sys.exit(main(sys.argv[1:]))
