"""The four state labels of an issue, made on first use. Pure."""

from __future__ import annotations

from workers.forge import LabelLook

WORKING = "autofix: working"
OPENED = "autofix: opened"
NEEDS_HUMAN = "autofix: needs-human"
OVER_BUDGET = "autofix: over-budget"

LOOKS: dict[str, LabelLook] = {
    WORKING: LabelLook("1d76db", "Pennyfix is looking for a fix"),
    OPENED: LabelLook("0e8a16", "Pennyfix opened a pull request"),
    NEEDS_HUMAN: LabelLook("d93f0b", "Pennyfix found no fix that it can stand behind"),
    OVER_BUDGET: LabelLook("fbca04", "Pennyfix stopped: the budget is used up"),
}
