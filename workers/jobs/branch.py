"""The branch that an issue's patch is published on: `autofix/issue-N`, and how it is recognised."""

from __future__ import annotations

import re

PREFIX = "autofix/issue-"
OURS = re.compile(rf"{PREFIX}\d+")
REVERT_OF_OURS = re.compile(rf"revert-(\d+)-({PREFIX}\d+)")
"""The branch that GitHub's "Revert" button makes for a pull request of ours: its number, and the reverted branch."""


def branch_of(issue: int) -> str:
    """The branch of an issue."""
    return f"{PREFIX}{issue}"
