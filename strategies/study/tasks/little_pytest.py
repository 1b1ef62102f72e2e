"""As much of pytest as the study's corpus needs where there is no pytest: it is written into the sandbox as pytest.py.

`python3 -m pytest [options] [FILE or FILE::TEST …]` collects `test_*.py`, runs `test_*` functions (with `parametrize`
and `raises`), `Test*` classes and unittest's, and writes `--junitxml=FILE`. Exit codes are pytest's. It refuses to
have fixtures, plugins and everything else. Standard library only, Python 3.9 and newer.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import os
import re
import sys
import time
import traceback
import types
import unittest
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

NOTHING_COLLECTED = 5
TAKES_A_VALUE = ("-p", "-o", "-k", "-m", "-c", "-W")


class Caught:
    """What `raises` caught."""

    value: BaseException | None = None


class raises:  # noqa: N801 - pytest's name
    """`with raises(Error, match="…") as caught:` fails unless the block raises that error."""

    def __init__(self, expected: type[BaseException], match: str = "") -> None:
        self.expected = expected
        self.match = match
        self.caught = Caught()

    def __enter__(self) -> Caught:
        return self.caught

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> bool:
        if error is None:
            raise AssertionError(f"DID NOT RAISE {self.expected}")
        if not isinstance(error, self.expected):
            return False
        self.caught.value = error
        if not re.search(self.match, str(error)):
            raise AssertionError(f"{error!r} does not match {self.match!r}")
        return True


class _Marks:
    def parametrize(
        self, names: str | Sequence[str], values: Sequence[object]
    ) -> Callable[[Callable[..., object]], Callable[..., object]]:
        fields = [n.strip() for n in names.split(",")] if isinstance(names, str) else list(names)

        def mark(function: Callable[..., object]) -> Callable[..., object]:
            rows = [v if len(fields) > 1 and isinstance(v, (tuple, list)) else (v,) for v in values]
            function.cases = [dict(zip(fields, row)) for row in rows]  # type: ignore[attr-defined]  # noqa: B905 - 3.9
            return function

        return mark


mark = _Marks()


class Result:
    """One test: `kind` is "", failure, error or skipped."""

    def __init__(self, file: str, place: str, name: str, kind: str = "", text: str = "", seconds: float = 0.0) -> None:
        self.file, self.place, self.name = file, place, name
        self.kind, self.text, self.seconds = kind, text, seconds


def tests_of(module: types.ModuleType) -> Iterator[tuple[str, str, Callable[[], object]]]:
    """(class or "", name, call) of every test."""
    for name, thing in list(vars(module).items()):
        if inspect.isfunction(thing) and name.startswith("test"):
            for case in getattr(thing, "cases", [{}]):
                shown = f"{name}[{'-'.join(str(v) for v in case.values())}]" if case else name
                yield "", shown, functools.partial(thing, **case)
        elif inspect.isclass(thing) and issubclass(thing, unittest.TestCase) and thing.__module__ == module.__name__:
            for method in unittest.defaultTestLoader.getTestCaseNames(thing):
                yield name, method, thing(method).debug
        elif inspect.isclass(thing) and name.startswith("Test"):
            for method in [m for m in vars(thing) if m.startswith("test")]:
                yield name, method, functools.partial(call_on_new, thing, method)


def call_on_new(kind: Callable[[], object], method: str) -> object:
    """One test method on an object of its own."""
    return getattr(kind(), method)()


def told(error: BaseException) -> str:
    """What went wrong, without this file's own frames."""
    found = traceback.TracebackException.from_exception(error)
    found.stack = traceback.StackSummary.from_list(f for f in found.stack if f.filename != __file__)
    text = "".join(found.format()).replace(f"{Path.cwd()}{os.sep}", "")
    places = [f"{os.path.relpath(f.filename)}:{f.lineno}: {type(error).__name__}" for f in found.stack[-1:]]
    return "\n".join([text.rstrip(), *places])


def load(path: Path) -> types.ModuleType:
    """Import a test file under the name that its path gives."""
    name = ".".join(path.with_suffix("").parts)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def run(path: Path, only: str = "") -> Iterator[Result]:
    """The results of one file."""
    place = ".".join(path.with_suffix("").parts)
    try:
        found = list(tests_of(load(path)))
    except BaseException as error:  # noqa: BLE001 - whatever an import does is the result
        yield Result(str(path), "", place, "error", told(error))
        return
    for group, name, call in found:
        full = f"{group}::{name}" if group else name
        if only and only not in (full, full.split("[")[0], group):
            continue
        started, kind, text = time.monotonic(), "", ""
        try:
            call()
        except unittest.SkipTest as reason:
            kind, text = "skipped", str(reason)
        except BaseException as error:  # noqa: BLE001 - whatever a test does is the result
            kind, text = "failure", told(error)
        yield Result(str(path), f"{place}.{group}".rstrip("."), name, kind, text, time.monotonic() - started)


def report(results: Sequence[Result]) -> str:
    """JUnit XML as pytest's xunit1 writes it."""
    lines = []
    for r in results:
        text = "".join(c if c.isprintable() or c in "\n\t" else "?" for c in r.text)
        inner = f"<{r.kind} message={quoteattr(text[:200])}>{escape(text)}</{r.kind}>" if r.kind else ""
        names = f"classname={quoteattr(r.place)} name={quoteattr(r.name)} file={quoteattr(r.file)}"
        lines.append(f'<testcase {names} time="{r.seconds:.3f}">{inner}</testcase>')
    body = "".join(lines)
    return f'<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest">{body}</testsuite></testsuites>'


def chosen_files(chosen: Sequence[str]) -> Iterator[tuple[Path, str]]:
    """(file, test or "") for every argument; the whole folder when there is none."""
    for one in chosen or ["."]:
        file, _, only = one.partition("::")
        path = Path(os.path.relpath(file))
        for found in sorted(path.rglob("test_*.py")) if path.is_dir() else [path]:
            yield found, only


def main(arguments: Sequence[str]) -> int:
    """Run, print and report; the exit code is pytest's."""
    junit, chosen, skip = "", [], False
    for argument in arguments:
        if skip or argument in TAKES_A_VALUE:
            skip = not skip
        elif argument.startswith("--junitxml="):
            junit = argument.partition("=")[2]
        elif not argument.startswith("-"):
            chosen.append(argument)
    results = [r for path, only in chosen_files(chosen) for r in run(path, only)]
    bad = [r for r in results if r.kind in ("failure", "error")]
    for r in bad:
        sys.stdout.write(f"{r.kind.upper()} {r.file}::{r.name}\n{r.text}\n")
    sys.stdout.write(f"{len(bad)} failed, {len(results) - len(bad)} others\n")
    if junit:
        Path(junit).write_text(report(results), encoding="utf-8")
    return NOTHING_COLLECTED if not results else int(bool(bad))


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    sys.modules["pytest"] = sys.modules["__main__"]
    sys.exit(main(sys.argv[1:]))
