"""The canary: a failing test added to the repository's own. A report that does not show it fail is not trusted.

The code under judgment runs in the same process as the runner and can make it say anything; it cannot
know beforehand what this test is called.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sandbox.recipe import Canary
from sandbox.testing.report import TestReport


@dataclass(frozen=True, slots=True)
class PlantedCanary:
    """A canary with its random name filled in."""

    name: str
    path: str
    content: bytes
    only: str

    def reported(self, report: TestReport) -> bool:
        """Whether the report says that it failed."""
        return any(self.name in i for i in report.failed)

    def removed(self, report: TestReport) -> TestReport:
        """The report without it."""
        return TestReport({i: r for i, r in report.results.items() if self.name not in i and self.path != r.file})


def make_canary(canary: Canary) -> PlantedCanary:
    """Fill in a random name, which the code under judgment cannot know beforehand."""
    name = "c" + secrets.token_hex(8)
    path = canary.path.replace("{name}", name)
    return PlantedCanary(
        name, path, canary.content.replace("{name}", name).encode(), canary.only.replace("{name}", name) or path
    )
