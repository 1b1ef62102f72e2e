"""A pytest plugin of ours that runs inside the sandbox and writes what it sees of a run: the second reporter.

Loaded with `-p` before any code of the repository, from outside the checkout, by whatever Python (3.7 or later) and
pytest the repository has; so it uses neither new syntax nor this package. One JSON object a line: `start`, one `test`
for each that ran, `unloaded` for what could not be collected, and `finish`. Code under judgment runs in this same
process: what it does to the reporters afterwards makes the two disagree.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator
from typing import Any

import pytest

_write, _dumps = os.write, json.dumps  # before anybody could replace them
_record = os.environ.pop("PENNYFIX_RECORD", "")
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
    def __init__(self, path: str) -> None:
        self.out = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.tests: dict[str, list[str]] = {}
        self.calls: dict[str, dict[str, bool]] = {}
        self.started, self.failed = 0, 0
        self.say(event="start")

    def say(self, **facts: object) -> None:
        _write(self.out, (_dumps(facts) + "\n").encode("ascii"))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, None]:
        outcome = yield
        self.calls.setdefault(item.nodeid, {})["outer"] = _raised(outcome)

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
            seen = self.calls.pop(nodeid, {})
            raised, swallowed = seen.get("outer", False), seen.get("inner", False)
            self.say(event="test", id=nodeid, outcomes=outcomes, raised=raised, swallowed=swallowed and not raised)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, Any, None]:
        ours = _Status(int(session.exitstatus))
        before, session.exitstatus = session.exitstatus, ours
        yield
        changed = session.exitstatus is not ours
        if not changed:
            session.exitstatus = before
        for nodeid in list(self.tests):
            self.pytest_runtest_logfinish(nodeid)
        self.say(
            event="finish",
            status=int(session.exitstatus),
            changed=changed,
            stopped=bool(session.shouldfail or session.shouldstop),
            collected=session.testscollected,
            started=self.started,
            failed=session.testsfailed,
            counted=self.failed,
            xml=str(getattr(session.config.option, "xmlpath", None) or ""),
        )


class _Inner:
    """The wrapper next to the test itself: it sees what other wrappers may take away."""

    def __init__(self, recorder: _Recorder) -> None:
        self.recorder = recorder

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, None]:
        outcome = yield
        self.recorder.calls.setdefault(item.nodeid, {})["inner"] = _raised(outcome)


def _raised(outcome: Any) -> bool:
    """Whether a call ended in an exception that is no skip and no expected failure."""
    found = outcome.excinfo
    if not found:
        return False
    skips = (pytest.skip.Exception, pytest.xfail.Exception)
    return not issubclass(found[0], skips) and found[0].__name__ != "SkipTest"


def pytest_configure(config: pytest.Config) -> None:
    """Begin to record, but not in a worker of pytest-xdist: the process that started it hears of its tests."""
    if _record and not hasattr(config, "workerinput"):
        recorder = _Recorder(_record)
        config.pluginmanager.register(recorder)
        config.pluginmanager.register(_Inner(recorder))
        if __name__ in config.option.plugins:
            config.option.plugins.remove(__name__)  # a worker of pytest-xdist could not find it


_leave_no_trace()
