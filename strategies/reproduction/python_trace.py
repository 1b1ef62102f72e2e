"""Notes which files of a checkout a Python test executes. It runs in the sandbox, as `sitecustomize`, on any Python.

Python imports a module of that name at its start from PYTHONPATH, whatever the runner is, also in worker processes and
in programs that the test starts. What it notes is rewritten at each new file, because some processes never end well.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from types import CodeType, FrameType
from typing import Any

DEEPEST = 400
"""Frames looked at between a call and the test that led to it."""


class Trace:
    """Files below `root` whose code ran below a frame of `test` (both absolute), or, where the test is not in this
    process, at all. `called` are those with a function that ran, `loaded` those whose module did, `read` data files."""

    def __init__(self, root: str, test: str, out: str) -> None:
        self.root = root.rstrip("/") + "/"
        self.test = test
        self.out = out
        self.known: set[CodeType] = set()
        self.seen = False
        self.found: dict[str, set[str]] = {k: set() for k in ("called", "loaded", "read", "anywhere")}

    def profile(self, frame: FrameType, event: str, argument: Any) -> None:
        """A `sys.setprofile` function."""
        del argument
        code = frame.f_code
        if event != "call" or code in self.known:
            return
        path = self.below(code.co_filename)
        if not path:
            self.known.add(code)
        elif path == self.test:
            self.known.add(code)
            if not self.seen:
                self.seen = True
                self.write()
        elif self.under_test(frame):
            self.known.add(code)
            self.note("loaded" if code.co_name == "<module>" else "called", path)
        elif not self.seen:
            self.note("anywhere", path)

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """An audit hook (PEP 578): files that the test opens, and names in the commands that it starts."""
        if event == "open" and arguments and isinstance(arguments[0], str):
            self.opened(arguments[0])
        elif event == "subprocess.Popen" and len(arguments) > 1 and self.under_test(sys._getframe()):  # noqa: SLF001 - no other way in a hook
            for word in arguments[1] if isinstance(arguments[1], (list, tuple)) else [arguments[1]]:
                path = self.below(os.path.abspath(str(word)))  # noqa: PTH100 - pathlib opens more than it says
                if path and os.path.isfile(self.root + path):  # noqa: PTH113 - the same
                    self.note("read", path)

    def opened(self, name: str) -> None:
        """A file was opened by the test or below it; source files are read by imports and say nothing."""
        if name.endswith((".py", ".pyc")):
            return
        path = self.below(os.path.abspath(name))  # noqa: PTH100 - the same
        if path and os.path.isfile(self.root + path) and self.under_test(sys._getframe()):  # noqa: PTH113, SLF001
            self.note("read", path)

    def below(self, name: str) -> str:
        """The path in the checkout; "" for what is not of it, is installed in it, or is hidden (as ours is)."""
        if not name.startswith(self.root):
            return ""
        path = name[len(self.root) :]
        parts = path.split("/")
        hidden = [p for p in parts if p.startswith(".") or p in ("site-packages", "node_modules")]
        return "" if hidden or parts[-1] == "conftest.py" else path

    def under_test(self, frame: FrameType | None) -> bool:
        """Whether the test's file is among the callers, and not only because pytest words a failed assertion: the
        repository may be a part of the runner itself (pluggy is)."""
        for _ in range(DEEPEST):
            if frame is None or "/_pytest/assertion/" in frame.f_code.co_filename:
                return False
            if frame.f_code.co_filename == self.root + self.test:
                return True
            frame = frame.f_back
        return False

    def note(self, kind: str, path: str) -> None:
        """Remember a file, and write all down if it is new."""
        if path not in self.found[kind]:
            self.found[kind].add(path)
            self.write()

    def write(self) -> None:
        """One JSON file per process."""
        told: dict[str, Any] = {kind: sorted(paths) for kind, paths in self.found.items()}
        told["seen"] = self.seen
        told["child"] = os.environ.get("PENNYFIX_TRACE_FIRST") != str(os.getpid())
        sys.setprofile(None)
        with open(f"{self.out}/{os.getpid()}.json", "w") as file:  # noqa: PTH123 - pathlib is slow to import here
            json.dump(told, file)
        sys.setprofile(self.profile)


def start() -> None:
    """Trace this process as the environment says."""
    root, test, out = (os.environ["PENNYFIX_TRACE_" + name] for name in ("ROOT", "TEST", "OUT"))
    os.environ.setdefault("PENNYFIX_TRACE_FIRST", str(os.getpid()))
    trace = Trace(root, test, out)
    if hasattr(sys, "addaudithook"):
        sys.addaudithook(trace.audit)
    threading.setprofile(trace.profile)
    sys.setprofile(trace.profile)


if __name__ == "sitecustomize" and "PENNYFIX_TRACE_ROOT" in os.environ:
    start()
