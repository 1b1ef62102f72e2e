"""One way to set a Python repository up and to test it, as a value: convention's, and what failures make of it."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.recipes.python.commands import TestCommand


@dataclass(frozen=True, slots=True)
class PythonPlan:
    """What is left to decide when the repository has been read.

    `lock`: install by the lock file where there is one. `as_of`: a day (YYYY-MM-DD); what was released later is not
    installed, and the interpreter is one of that time ("" = today). `project`: install the repository itself; else its
    sources are put on the path. `packages` are installed besides. `pytest` is its requirement. `plain`: pytest without
    the repository's own options. `importlib`: modules of equal names are imported apart. `without` are plugins left
    out. `command` is the documented test command that is followed, None for pytest over everything. `told` says in a
    few words what was done about a failure.
    """

    lock: bool = True
    as_of: str = ""
    project: bool = True
    packages: tuple[str, ...] = ()
    pytest: str = "pytest"
    plain: bool = False
    importlib: bool = False
    without: tuple[str, ...] = ()
    command: TestCommand | None = None
    told: tuple[str, ...] = ()
