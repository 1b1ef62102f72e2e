"""Lines 7 to 9 of the straight line: from an issue and a workspace to a resolution. It knows no GitHub.

The worker and `pennyfix resolve` both call it; what differs between them (where the money is, who is told)
is in the `SolveRequest` they bring.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sandbox.backend import Backend
from sandbox.errors import PreparationFailed
from sandbox.recipe import Recipe
from sandbox.recipes.discovery import SetupLadder, set_up_ladder
from sandbox.recipes.suggestion import missing, tried
from sandbox.recipes.trial import SetupRung
from sandbox.repository.patch import Patch
from strategies.prompts.prompt import PromptFolder
from strategies.prompts.sections import suite_section
from strategies.registry import strategy_of
from strategies.resolution import Ending, Resolution
from strategies.resolve import resolve
from strategies.run_configuration import strategy_json
from strategies.solvers.setup_agent import SOURCE, SetupModelRung
from strategies.step import Step
from strategies.strategy import SolveContext
from strategies.tier import Tier, without_sandbox
from strategies.verification.baseline import NoBaseline
from strategies.verification.request import VerificationRequest
from strategies.verification.setup_ladder import NothingWorks, SetupClimb
from strategies.verification.verification import Verification
from strategies.verification.without_tests import WithoutTests
from workers.config.operator_file import Operator
from workers.jobs.versions import Versions
from workers.solving.model_use import KeyOf, OpenModel, require_usable
from workers.solving.solve_request import SolveRequest, SolveResult
from workers.solving.tiers import open_tiers, parameters, setup_tier


@dataclass(frozen=True, slots=True)
class IssueSolver:
    """The real solver. `open_backend` is called once for each job, so that a broken one can come back."""

    operator: Operator
    open_backend: Callable[[], Backend]
    open_model: OpenModel
    key_of: KeyOf
    version: str
    prompts: PromptFolder = field(default_factory=PromptFolder)

    def __call__(self, request: SolveRequest) -> SolveResult:
        """Environment, baseline, attempts. Without tests, and with evidence asked for, no model is called."""
        file, workspace = request.file, request.workspace
        require_usable(self.operator, self.key_of, self.open_model)
        tiers, roles = open_tiers(
            self.operator, request.meter, self.open_model, self.key_of, stop=request.stop, say=request.say
        )
        strong, written = tiers[-1], self.operator.roles
        worth = self.operator.cascade.resolved_issue_usd
        strategy = strategy_of(request.strategy, theta=self.operator.cascade.theta)
        versions = Versions(
            pennyfix=self.version,
            strategy=request.strategy,
            accept=file.accept,
            tiers=parameters(self.operator, tiers),
            roles={role: tier.name for role, tier in roles.items()} | self._setup_role(),
            parameters=strategy_json(strategy)
            | {"resolved_issue_usd": str(worth), "tests": written.tests, "more_tests": written.more_tests},
            prompts=self.prompts.digests(),
        )
        price = (strong.name, strong.model.name, strong.model.model.price)
        request.at_line(7)
        ladder = set_up_ladder(workspace, setup=file.setup, test=file.test, image=file.image)
        looked = ladder.looked
        request.say(Step("environment", found(ladder.first, looked)))
        more = self._setup_model(request, ladder)
        if not (ladder.rungs or more) and file.accept != "any":
            return SolveResult(unjudged("no tests were found"), versions, price, looked)
        request.at_line(8)
        try:
            recipe, verification, offer = self._verification(request, ladder, more, roles["tester"], tiers)
        except (PreparationFailed, NoBaseline) as error:
            return SolveResult(unjudged(str(error)), versions, price, why(looked, error), log=getattr(error, "log", ""))
        context = SolveContext(
            tiers=tiers if recipe is not None else without_sandbox(tiers),
            roles=roles,
            verification=verification,
            say=request.say,
            memory=request.memory,
            outcomes=request.outcomes,
            resolved_usd=worth,
            prompts=self.prompts,
            tests=suite_section(recipe, self.prompts) if recipe is not None else "",
            more_tests=written.more_tests if written.tests == 1 else 0,
        )
        request.at_line(9)
        resolution = resolve(
            request.issue,
            workspace,
            strategy,
            context,
            unverified=file.unverified,
            doubtful=file.doubtful != "none",
            stop=request.stop,
        )
        return SolveResult(resolution, versions, price, (*looked, resolution.reason), offer)

    def _setup_role(self) -> dict[str, str]:
        return {"setup": self.operator.tier("setup").name} if self.operator.setup_model.enabled else {}

    def _setup_model(self, request: SolveRequest, ladder: SetupLadder) -> tuple[SetupRung, ...]:
        """The set-up model as a rung, where the operator switched it on and our file says nothing of set-up."""
        options = self.operator.setup_model
        if not options.enabled or ladder.configured or not (ladder.rungs or request.file.accept != "any"):
            return ()
        tier = setup_tier(self.operator, request.meter, self.open_model, self.key_of)
        return (SetupModelRung(tier, request.workspace, options.turns, request.say, self.prompts),)

    def _verification(
        self,
        request: SolveRequest,
        ladder: SetupLadder,
        more: Sequence[SetupRung],
        tester: Tier,
        tiers: Sequence[Tier],
    ) -> tuple[Recipe | None, Verification | WithoutTests, str]:
        """The recipe that works, with its environment and baseline; and the lines that say it, for a file of the
        repository, if the set-up model has just found it: they are offered once, then it is remembered.

        Raises PreparationFailed, NoBaseline (NothingWorks where every rung was tried) or SandboxUnavailable.
        """
        file = request.file
        if not (ladder.rungs or more):
            return None, WithoutTests(request.workspace, file.accept, file.paths.denied), ""
        backend = self.open_backend()
        climb = SetupClimb(backend, request.scope, request.workspace, request.say, request.memory)
        climbed = climb.climb(ladder, more)
        recipe = climbed.recipe
        offer = climb.suggestion(climbed) if recipe.source == SOURCE and not climbed.remembered else ""
        verification = Verification.start(
            VerificationRequest(
                backend,
                request.scope,
                recipe,
                request.workspace,
                request.issue,
                tester=tester,
                accept=file.accept,
                deny=file.paths.denied,
                say=request.say,
                memory=request.memory,
                prompts=self.prompts,
                tests=self.operator.roles.tests,
                stand_ins=tuple(tiers),
            )
        )
        return recipe, verification, offer


def why(looked: Sequence[str], error: Exception) -> tuple[str, ...]:
    """What was looked at, tried and found missing, one sentence each."""
    if not isinstance(error, NothingWorks):
        return (*looked, str(error))
    lacks = tuple(f"missing: {what}" for what in missing(error.trials))
    return (*looked, *tried(error.trials), *lacks)


def found(recipe: Recipe | None, looked: Sequence[str]) -> str:
    """One line on how the tests are run."""
    if recipe is None:
        return f"No tests found ({'; '.join(looked[:3])})" if looked else "No tests found"
    command = recipe.test if len(recipe.test) <= 100 else recipe.runner or "the recipe's command"  # noqa: PLR2004 - a line
    return f"{recipe.language.capitalize()} tests run by {command} (found in: {recipe.source})"


def unjudged(reason: str) -> Resolution:
    """A resolution without any attempt."""
    return Resolution(Ending.UNJUDGED, (), None, Patch(), reason)
