"""The weak model, told something by the strong one first: the frame that all context strategies share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from strategies.attempt import Attempt
from strategies.issue import Issue
from strategies.models.model import ModelError
from strategies.solvers.attempt_task import AttemptHints
from strategies.solvers.solve import solve
from strategies.step import Step
from strategies.strategy import SolveContext

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace


class Source(Protocol):
    """Where context comes from; "" when there is none to give."""

    @property
    def name(self) -> str:
        """What it gives, in words for people."""

    def context(self, issue: Issue, workspace: Workspace, context: SolveContext) -> str:
        """Text for the weak model. Raises OverBudget, ModelError."""


@dataclass(frozen=True, slots=True)
class Informed:
    """Context once, then the weak tier as often as it is set to, each attempt told what the earlier ones learned.

    Source: the context strategies of arXiv 2505.20182. When the context cannot be had (the model is not there, the
    repository has no examples), the weak model goes without it and the attempt's note says so.
    """

    source: Source

    def attempts(self, issue: Issue, workspace: Workspace, context: SolveContext) -> Iterator[Attempt]:
        try:
            advice = self.source.context(issue, workspace, context)
            note = f"with {self.source.name}" if advice else f"without {self.source.name}: there is none"
        except ModelError as error:
            advice, note = "", f"without {self.source.name}: {error}"
        context.say(Step("context", note, {"characters": len(advice)}))
        for _ in range(context.weak.attempts):
            yield solve(
                context,
                issue,
                workspace,
                context.weak,
                AttemptHints(learned=tuple(context.history), advice=advice),
                note=note,
            )
