"""How one repository is installed and tested: found by convention, or configured in `.github/autofix.yml`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class ReportFormat(StrEnum):
    """What the test command leaves behind; everything is parsed into one `TestReport`."""

    JUNIT = "junit"  # an XML file at {junit}
    GO_JSON = "go-json"  # `go test -json` on standard output
    CARGO = "cargo"  # libtest's lines on standard output
    TAP = "tap"  # Test Anything Protocol on standard output
    FOLDER = "folder"  # JUnit and TAP files in the folder {junit}, one for each package that was tested
    SUREFIRE = "surefire"  # JUnit XML files below target/ or build/, one per class
    FOUND = "found"  # whatever is there: new JUnit XML files, TAP or other lines that are known, else the exit code
    EXIT_CODE = "exit-code"  # only the exit code: one test named "exit code"


CANARY_GLOB = "[a-z]*_[a-z]*_[a-z]*_[1-9][0-9][0-9][0-9]"
"""A shell pattern for the names that canaries are given: three words and a number."""


@dataclass(frozen=True, slots=True)
class Canary:
    """A test that must fail, to be put among the repository's tests.

    `{name}` becomes an identifier of random words, and `{failure}` in `content` a statement that fails. `path` is
    where it goes, `content` its text, `only` how the runner is told to run it as well when only chosen tests run
    (`Recipe.test_only`); empty when its path is enough.
    """

    path: str
    content: str
    only: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Set-up and test commands (shell lines, run with the checkout as working directory).

    `setup` runs with network, once per environment. `test` runs without network; `{junit}` in it becomes
    the report's path. `test_only` is the same for chosen tests, with `{tests}`; None when the runner
    cannot choose. `inputs` are the repository paths whose contents decide the environment (lock files,
    manifests, tool-version files). `source` says where the recipe was found, for people.

    `runner` is the test runner's name (pytest, node, jest, vitest, mocha, go, cargo, maven, gradle; empty when
    not known): it decides what an exit code means. `test_folder` is where the repository keeps most of its
    tests ("" = its root), the place for a new one. `canary` is None when a failing test cannot be added.
    """

    language: str
    setup: tuple[str, ...]
    test: str
    report: ReportFormat
    source: str
    test_only: str | None = None
    inputs: tuple[str, ...] = ()
    image: str | None = None
    runner: str = ""
    test_folder: str = ""
    canary: Canary | None = None

    def command(self, junit: str, only: Sequence[str] = ()) -> str:
        """The shell line that runs the tests (or, with `only`, just those files or ids).

        Raises ValueError when `only` is given and this recipe cannot choose tests.
        """
        if not only:
            return self.test.replace("{junit}", shlex.quote(junit))
        if self.test_only is None:
            raise ValueError(f"the {self.language} recipe from {self.source} cannot run chosen tests")
        chosen = " ".join(shlex.quote(t) for t in only)
        return self.test_only.replace("{junit}", shlex.quote(junit)).replace("{tests}", chosen)


@dataclass(frozen=True, slots=True)
class Environment:
    """A recipe's dependencies, prepared and frozen, from which any number of sandboxes is opened.

    `key` identifies it (repository, recipe, input digests, image); `ref` is the backend's own handle.
    `seconds` is what preparing took (0.0 when it came from the cache), `cached` whether it did.
    """

    key: str
    backend: str
    ref: str
    recipe: Recipe
    seconds: float
    cached: bool
