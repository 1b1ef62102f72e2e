"""The set-up model: the last rung of the set-up ladder, where the operator switched it on.

It reads what a repository says about itself as data, proposes set-up and test commands, and sees what became of them.
The commands run where every set-up runs: in the sandbox, without a secret, with package registries to read from. It is
bounded by turns and by money.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_FLOOR, Decimal

from sandbox.recipe import Recipe, ReportFormat
from sandbox.recipes.discovery import discover
from sandbox.recipes.suggestion import became, missing
from sandbox.recipes.trial import Trial
from sandbox.repository.workspace import Workspace
from strategies.localization.pack import outline
from strategies.models.asking import ask
from strategies.models.meter import OverBudget
from strategies.models.model import Message, ModelError, Prompt
from strategies.prompts.fence import fence
from strategies.prompts.prompt import PromptFolder, digest
from strategies.step import Step
from strategies.tier import Tier

PROMPTS = ("setup-system", "setup-repository", "setup-result", "setup-unreadable")
SOURCE = "the set-up model"
LINES = 30
LINE = 1_000
READ = 5
FILE_CHARACTERS = 6_000
FILES_CHARACTERS = 40_000
LOG_CHARACTERS = 5_000
FAILURES = 6
OUTPUT_TOKENS = 2_000

_TOLD = re.compile(
    r"(?i)(?:(?:docs?/)?(?:readme|contributing|development|developing|hacking|testing|install)(?:\.\w+)?"
    r"|\.github/(?:contributing\.\w+|workflows/[^/]+\.ya?ml)|\.gitlab-ci\.yml|\.travis\.yml|\.circleci/config\.yml"
    r"|pyproject\.toml|setup\.(?:py|cfg)|tox\.ini|noxfile\.py|(?:requirements[^/]*|requirements/[^/]+)\.txt|package\.json"
    r"|go\.mod|cargo\.toml|pom\.xml|build\.gradle(?:\.kts)?|makefile|justfile|taskfile\.ya?ml|environment\.ya?ml"
    r"|dockerfile|\.devcontainer/devcontainer\.json)"
)
_BLOCK = re.compile(r"^```(setup|test|read|give-up)[ \t]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class SetupProposal:
    """Set-up lines and a test command."""

    setup: tuple[str, ...]
    test: str


@dataclass(frozen=True, slots=True)
class FilesWanted:
    """Paths that the model wants to see."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GivenUp:
    """The model sees no way; its reason."""

    why: str


def read_answer(text: str) -> SetupProposal | FilesWanted | GivenUp | str:
    """What the model says, or in words why it cannot be used."""
    blocks: dict[str, str] = {}
    for name, content in _BLOCK.findall(text.replace("\r\n", "\n") + "\n"):
        blocks[name] = content.strip()
    if "test" in blocks:
        setup = tuple(line.strip() for line in blocks.get("setup", "").splitlines() if line.strip())
        tests = [line.strip() for line in blocks["test"].splitlines() if line.strip()]
        if len(tests) != 1:
            return f"the test block holds {len(tests)} commands, and one is wanted"
        if len(setup) > LINES or any(len(line) > LINE for line in (*setup, *tests)):
            return f"there are more than {LINES} lines, or one is longer than {LINE} characters"
        return SetupProposal(setup, tests[0])
    if blocks.get("read"):
        return FilesWanted(tuple(blocks["read"].split("\n")[:READ]))
    if "give-up" in blocks:
        return GivenUp(blocks["give-up"] or "no reason is given")
    return "there is no block with a test command" if blocks else "there is no block"


@dataclass(frozen=True, slots=True)
class SetupModelRung:
    """Asks one tier, whose meter is the bound in USD, for at most `turns` answers. Keeps the `SetupRung` protocol."""

    tier: Tier
    workspace: Workspace
    turns: int
    say: Callable[[Step], None]
    prompts: PromptFolder = field(default_factory=PromptFolder)
    name: str = SOURCE

    def proposals(self, trials: Sequence[Trial]) -> Iterator[Recipe]:
        messages = [
            Message("system", self.prompts.load("setup-system").text),
            Message("user", self._opening(trials), cache=True),
        ]
        for turn in range(1, self.turns + 1):
            answer = self._answer(messages)
            if answer is None:
                return
            left = self.turns - turn
            if isinstance(answer, GivenUp):
                self._say(f"gives up: {answer.why.splitlines()[0][:200]}")
                return
            if isinstance(answer, FilesWanted):
                messages.append(self._told(self._files(answer.paths), left))
                continue
            recipe = self._recipe(answer) if isinstance(answer, SetupProposal) else answer
            if isinstance(recipe, str):
                unreadable = self.prompts.load("setup-unreadable")
                messages.append(Message("user", unreadable.fill(why=recipe, turns=str(left), money=self._money())))
                continue
            yield recipe
            if trials[-1].complete:
                return
            messages.append(self._told(told(trials[-1]), left))
        self._say(f"is out of turns ({self.turns})")

    def _answer(self, messages: list[Message]) -> SetupProposal | FilesWanted | GivenUp | str | None:
        """The next answer, which becomes a message; None when there is no money or no model."""
        prompt = Prompt(
            tuple(messages),
            "setup",
            temperature=self.tier.temperature,
            max_output_tokens=OUTPUT_TOKENS,
            digest=digest(*(self.prompts.load(prompt_file) for prompt_file in PROMPTS)),
        )
        try:
            completion = ask(self.tier.model, prompt)
        except OverBudget as why:
            self._say(f"stops: {why}")
            return None
        except ModelError as why:
            self._say(f"cannot be asked: {why}")
            return None
        messages.append(Message("assistant", completion.text or "(nothing)"))
        return read_answer(completion.text)

    def _recipe(self, proposal: SetupProposal) -> Recipe | str:
        """The proposal as a recipe, or why it is none. A command that only ends with a code proves no test."""
        recipe, _ = discover(self.workspace, setup=proposal.setup, test=proposal.test, image=None)
        if recipe is None or recipe.report is ReportFormat.EXIT_CODE:
            return "the test command leaves no report that names its tests; write JUnit XML to {junit}"
        return replace(recipe, source=SOURCE)

    def _opening(self, trials: Sequence[Trial]) -> str:
        paths = sorted((f.path for f in self.workspace.files() if _TOLD.fullmatch(f.path)), key=lambda p: (len(p), p))
        return self.prompts.load("setup-repository").fill(
            outline=fence("paths", outline(self.workspace)),
            files=self._files(paths),
            tried="\n\n".join(told(t) for t in trials[-3:]) or "(nothing)",
            turns=str(self.turns),
            money=self._money(),
        )

    def _files(self, paths: Sequence[str]) -> str:
        """Contents, fenced and cut; a path that is no text file of the repository is said to be none."""
        known = {f.path for f in self.workspace.files()}
        parts: list[str] = []
        left = FILES_CHARACTERS
        for path in (p.strip().removeprefix("./") for p in paths):
            text = self.workspace.read_text(path) if path in known else None
            shown = "(no file)" if text is None else text[: min(FILE_CHARACTERS, left)]
            left -= len(shown)
            parts.append(fence("file", shown, path=path))
            if left <= 0:
                break
        return "\n\n".join(parts) or "(none)"

    def _told(self, result: str, left: int) -> Message:
        filled = self.prompts.load("setup-result").fill(result=result, turns=str(left), money=self._money())
        return Message("user", filled)

    def _money(self) -> str:
        return f"${self.tier.model.meter.left().quantize(Decimal('0.01'), ROUND_FLOOR)}"

    def _say(self, text: str) -> None:
        self.say(Step("environment", f"{SOURCE} {text}"))


def told(trial: Trial) -> str:
    """A trial for the model: its commands, what became of it, and what it printed, fenced."""
    lines = [*trial.recipe.setup, trial.recipe.test]
    parts = [fence("commands", "\n".join(line[:LINE] for line in lines)), f"Result: {became(trial)}."]
    failed = [r for r in trial.report.results.values() if r.id in trial.report.failed] if trial.report else []
    output = "\n".join(f"{r.id}: {r.message[-600:]}" for r in failed[:FAILURES]) or trial.log or trial.problem
    if output:
        parts.append(fence("output", output[-LOG_CHARACTERS:]))
    parts += [f"Missing: {what}" for what in missing([trial])]
    return "\n".join(parts)
