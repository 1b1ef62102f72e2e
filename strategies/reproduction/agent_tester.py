"""A refused test is corrected by an agent: it runs the test in the sandbox, looks at how it fails, and writes it again.

It works at the base commit, within few turns and a small share of the money, and only the file at the asked path is
taken from it. Whether that test may judge is decided as for any other: by running it in a fresh sandbox.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sandbox.backend import Sandbox
from strategies.agents.conversation import Conversation
from strategies.agents.loop import LOOP_PROMPTS, AgentLoop, dollars
from strategies.agents.tools import tool_list, tools
from strategies.models.meter import OverBudget
from strategies.models.model import Message, ModelError
from strategies.prompts.fence import fence
from strategies.prompts.prompt import PromptFolder, digest
from strategies.prompts.sections import suite_section
from strategies.reproduction.trial_conditions import TestBed
from strategies.step import Step
from strategies.tier import Tier

TURNS = 12
SHARE = 10
"""How many turns it may take at most, and which part of the money that is left it may spend: one in so many."""
LIMIT = 200_000
"""Bytes of a test file that is taken over."""
PROMPTS = (
    "reproduction-agent-system",
    "reproduction-agent",
    "reproduction-agent-nudge",
    "reproduction-tool-finish",
    "tests-run",
    *LOOP_PROMPTS,
)


@dataclass(frozen=True, slots=True)
class RefusedTest:
    """A test that may not judge, for `why`; `output` is what its run printed. `content` is empty where none came."""

    path: str
    content: bytes
    why: str
    output: str


def corrected(
    refused: RefusedTest,
    asked: Sequence[Message],
    test_bed: TestBed,
    tester: Tier,
    say: Callable[[Step], None],
    prompts: PromptFolder,
) -> tuple[bytes, str]:
    """What the file holds in the end, and the agent's last words. `asked` are the messages on files and issue.

    Raises SandboxUnavailable; OverBudget and ModelError only while the file was not changed.
    """
    offered = tools(prompts, finish="reproduction-tool-finish")
    turns = min(TURNS, tester.max_turns)
    spend = tester.model.meter.left() / SHARE
    protocol = (
        "" if tester.model.model.supports_tools else prompts.load("agent-text-protocol").fill(tools=tool_list(offered))
    )
    task = prompts.load("reproduction-agent").fill(
        path=refused.path,
        why=refused.why,
        output=fence("output", refused.output),
        commands=suite_section(test_bed.recipe, prompts),
        turns=str(turns),
        money=dollars(spend),
    )
    system = prompts.load("reproduction-agent-system").fill(protocol=protocol)
    with test_bed.open_base() as sandbox:
        if refused.content:
            sandbox.write({refused.path: refused.content})
        loop = AgentLoop(
            tester,
            sandbox,
            Conversation([Message("system", system), *asked, Message("user", task, cache=True)]),
            offered,
            prompts,
            say,
            lambda: _read(sandbox, refused.path) != refused.content,
            turns,
            digest(*(prompts.load(name) for name in PROMPTS)),
            purpose="reproduction",
            nudge="reproduction-agent-nudge",
            more=False,
            spend=spend,
        )
        stopped: OverBudget | ModelError | None = None
        try:
            loop.loop()
        except (OverBudget, ModelError) as why:
            stopped = why
        content = _read(sandbox, refused.path)
    if stopped is not None and content == refused.content:
        raise stopped
    ended = str(stopped) if stopped is not None else loop.ended
    if ended:
        say(Step("reproduction", f"the test is taken as it stands: {ended}", {"turns": loop.turn}))
    return content, loop.diagnosis


def _read(sandbox: Sandbox, path: str) -> bytes:
    """The file as it stands; empty where there is none that could be a test."""
    try:
        return sandbox.read(path, LIMIT)
    except (FileNotFoundError, ValueError):
        return b""
