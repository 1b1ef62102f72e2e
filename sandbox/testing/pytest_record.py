"""A pytest plugin of ours that runs inside the sandbox and writes what it sees of a run: the second reporter.

Loaded with `-p` before any code of the repository, from outside the checkout, by whatever Python (3.7 or later) and
pytest the repository has; so it uses neither new syntax nor this package. One JSON object a line: `start`, one `test`
for each that ran, `unloaded` for what could not be collected, `finish`, and `gone` when the process ends by itself.
Code under judgment runs in this same process: what it does to the reporters afterwards makes the two disagree, and
every line carries a code made with a key of this run and the line before, so that a record that was rewritten shows.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import sys
from collections.abc import Generator
from typing import Any

import pytest

_write, _dumps, _getpid, _digest = os.write, json.dumps, os.getpid, hashlib.blake2b  # before anybody replaces them
_record = os.environ.pop("PENNYFIX_RECORD", "")
_key = bytes.fromhex(os.environ.pop("PENNYFIX_RECORD_KEY", ""))
_folder = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib costs every run its import


def _leave_no_trace() -> None:
    """The tests, and what they start, see the variables and the search path that they would see without us."""
    sys.path[:] = [p for p in sys.path if p != _folder]
    for name, ours in (("PYTHONPATH", _folder), ("PYTEST_ADDOPTS", "-p " + __name__)):
        rest = os.environ.get(name, "").replace(ours, "", 1).strip(": ")
        os.environ.pop(name, None)
        if rest:
            os.environ[name] = rest


class _Status(int):
    """An exit status that is still there unless somebody assigned another, however equal."""


class _Recorder:
    def __init__(self, path: str, key: bytes, xml: str) -> None:
        self.out = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.key, self.process = key, _getpid()
        self.session = self.chain = os.urandom(8).hex()
        self.tests: dict[str, list[str]] = {}
        self.calls: dict[str, set[str]] = {}
        self.started, self.failed, self.ended = 0, 0, False
        self.say(event="start", xml=xml)

    def say(self, **facts: object) -> None:
        if _getpid() != self.process:
            return  # a child that a test made by fork
        text = _dumps(facts)
        self.chain = _digest((self.chain + text).encode("ascii"), key=self.key, digest_size=16).hexdigest()
        _write(self.out, f"{self.session} {self.chain} {text}\n".encode("ascii"))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, None]:
        self.calls[item.nodeid] = set()  # a plugin that tries again begins again
        outcome = yield
        self.saw(item, "outer", outcome)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, None]:
        outcome = yield
        self.saw(item, "outer", outcome)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, Any, None]:
        outcome = yield
        self.saw(item, "outer", outcome)

    def saw(self, item: pytest.Item, where: str, outcome: Any) -> None:
        if _raised(item, outcome):
            self.calls.setdefault(item.nodeid, set()).add(where)

    def pytest_runtest_logstart(self, nodeid: str) -> None:  # noqa: ARG002 - the hook's name for it
        self.started += 1

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if getattr(report, "failed", False) and not hasattr(report, "wasxfail"):
            self.failed += 1
        self.tests.setdefault(report.nodeid, []).append(report.outcome)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.failed += 1
            self.say(event="unloaded", id=report.nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        outcomes = self.tests.pop(nodeid, None)
        if outcomes is not None:
            seen = self.calls.pop(nodeid, ())
            raised = "outer" in seen
            self.say(
                event="test", id=nodeid, outcomes=outcomes, raised=raised, swallowed="inner" in seen and not raised
            )

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, Any, None]:
        ours = _Status(int(session.exitstatus))
        before, session.exitstatus = session.exitstatus, ours
        outcome = yield
        changed = session.exitstatus is not ours
        if not changed:
            session.exitstatus = before
        for nodeid in list(self.tests):
            self.pytest_runtest_logfinish(nodeid)
        self.say(
            event="finish",
            status=int(session.exitstatus),
            changed=changed or bool(outcome.excinfo),
            stopped=bool(session.shouldfail or session.shouldstop),
            collected=session.testscollected,
            started=self.started,
            failed=session.testsfailed,
            counted=self.failed,
        )

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_unconfigure(self) -> Generator[None, Any, None]:
        outcome = yield
        self.ended = not outcome.excinfo

    def gone(self) -> None:
        if self.ended:
            self.say(event="gone")


class _Inner:
    """The wrapper next to the test itself: it sees what other wrappers may take away."""

    def __init__(self, recorder: _Recorder) -> None:
        self.recorder = recorder

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, None]:
        outcome = yield
        self.recorder.saw(item, "inner", outcome)


_skips = (pytest.skip.Exception, pytest.xfail.Exception)


def _raised(item: pytest.Item, outcome: Any) -> bool:
    """Whether a phase ended in an exception that is no skip and no expected failure; unittest's are kept aside."""
    kept = getattr(item, "_excinfo", None)
    types = [i.type for i in kept if i] if isinstance(kept, list) else []
    types += [outcome.excinfo[0]] if outcome.excinfo else []
    return any(not issubclass(t, _skips) and t.__name__ != "SkipTest" for t in types)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Keep the path of the JUnit file as the command said it, before code of the repository can change it."""
    _told.append(str(getattr(early_config.known_args_namespace, "xmlpath", None) or ""))


def pytest_configure(config: pytest.Config) -> None:
    """Begin to record, but not in a worker of pytest-xdist: the process that started it hears of its tests."""
    if _record and not hasattr(config, "workerinput"):
        recorder = _Recorder(_record, _key, _told[0] if _told else "")
        _recorders.append(recorder)
        config.pluginmanager.register(recorder)
        config.pluginmanager.register(_Inner(recorder))
        if __name__ in config.option.plugins:
            config.option.plugins.remove(__name__)  # a worker of pytest-xdist could not find it


def _end() -> None:
    for recorder in _recorders:
        recorder.gone()


_recorders: list[_Recorder] = []
_told: list[str] = []
atexit.register(_end)  # before any of the repository's, so that it runs after all of them
_leave_no_trace()
