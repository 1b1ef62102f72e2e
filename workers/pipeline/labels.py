"""The four state labels of an issue: at most one of them is on, made on first use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from workers.github.types import LabelLook

WORKING = "autofix: working"
OPENED = "autofix: opened"
NEEDS_HUMAN = "autofix: needs-human"
OVER_BUDGET = "autofix: over-budget"

LABEL_STYLES: dict[str, LabelLook] = {
    WORKING: LabelLook("1d76db", "Pennyfix is looking for a fix"),
    OPENED: LabelLook("0e8a16", "Pennyfix opened a pull request"),
    NEEDS_HUMAN: LabelLook("d93f0b", "Pennyfix found no fix that it can stand behind"),
    OVER_BUDGET: LabelLook("fbca04", "Pennyfix stopped: the budget is used up"),
}


class LabelApi(Protocol):
    """What labelling needs of GitHub."""

    def add_label(self, number: int, name: str, look: LabelLook) -> None: ...
    def remove_label(self, number: int, name: str) -> None: ...


def set_state_label(forge: LabelApi, issue: int, name: str, on: tuple[str, ...], fence: Callable[[], None]) -> None:
    """Let `name` ("" for none) be the only state label. `on` are the labels that the issue has now."""
    if name and name not in on:
        fence()
        forge.add_label(issue, name, LABEL_STYLES[name])
    for other in LABEL_STYLES:
        if other != name and other in on:
            fence()
            forge.remove_label(issue, other)
