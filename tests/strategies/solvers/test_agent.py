from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sandbox.backend import Sandbox
from sandbox.errors import SandboxUnavailable
from sandbox.recipe import Recipe, ReportFormat
from sandbox.repository.workspace import Workspace
from sandbox.result import Ended, ExecResult
from strategies.agents.conversation import COMPACT_TOKENS, Conversation
from strategies.agents.output import middle_out
from strategies.attempt import Attempt
from strategies.issue import Issue
from strategies.models.in_memory_meter import CapMeter
from strategies.models.meter import OverBudget
from strategies.models.model import Completion, Message, ModelRefused, ModelUnavailable, Prompt, ToolCall
from strategies.prompts.prompt import PromptFolder
from strategies.prompts.sections import suite_section
from strategies.solvers.agent import agent
from strategies.solvers.attempt_task import AttemptHints, AttemptTask
from strategies.solvers.solve import solve
from strategies.step import Step
from strategies.strategy import SolveContext
from tests.fakes.folder_sandbox import FolderSandbox
from tests.fakes.model import Answer, ScriptedModel, says, scripted_tier
from tests.fakes.origin import Origin

ISSUE = Issue(7, "add subtracts", "`add(1, 2)` in calc.py gives -1")
FIXED = {"calc.py": b"def add(a, b):\n    return a + b\n"}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    origin = Origin(tmp_path / "repo")
    origin.commit({"calc.py": "def add(a, b):\n    return a - b\n", "blob.bin": b"\0\1", ".gitignore": "*.log\n"})
    with origin.workspace(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def opener(workspace: Workspace) -> Callable[[], Sandbox]:
    return lambda: cast("Sandbox", FolderSandbox(workspace.tree()))


def shell(command: str, **more: object) -> ToolCall:
    return ToolCall("c", "shell", json.dumps({"command": command, **more}))


def edit(command: str, path: str, **more: object) -> ToolCall:
    return ToolCall("e", "edit", json.dumps({"command": command, "path": path, **more}))


FIX = edit("str_replace", "calc.py", old_str="    return a - b\n", new_str="    return a + b\n")
FINISH = ToolCall("f", "finish", json.dumps({"summary": "The sign was wrong."}))


class Run:
    """One agent run with a scripted model."""

    def __init__(
        self,
        workspace: Workspace,
        opener: Callable[[], Sandbox],
        answers: list[Answer] | Callable[[Prompt], Answer],
        *,
        native: bool = True,
        cap: str = "1000",
        **options: Any,
    ) -> None:
        self.model = ScriptedModel(answers, supports_tools=native)
        self.meter = CapMeter(Decimal(cap))
        self.steps: list[Step] = []
        self.tier = scripted_tier(self.model, meter=self.meter, solver="agent", **options)
        self.workspace = workspace
        self.opener = opener

    def attempt(self) -> Attempt:
        task = AttemptTask(ISSUE, self.workspace, self.tier, 1, AttemptHints(advice="Be kind."))
        return agent(task, self.opener, self.steps.append, PromptFolder())

    def told(self, turn: int) -> str:
        """The last message of the prompt of a turn (1-based)."""
        return self.model.prompts[turn - 1].messages[-1].content


def test_native_tools_change_files_and_the_files_are_the_patch(
    workspace: Workspace, opener: Callable[[], Sandbox]
) -> None:
    run = Run(workspace, opener, [says("Looking.", shell("cat calc.py")), says("", FIX), says("", FINISH)])
    attempt = run.attempt()
    assert attempt.patch.files == FIXED
    assert (attempt.solver, attempt.diagnosis, attempt.error) == ("agent", "The sign was wrong.", "")
    assert "return a - b" in run.told(2)
    assert "[exit code 0]" in run.told(2)
    assert "[turn 1 of 40; $99" in run.told(2)
    assert "calc.py changed" in run.told(3)
    assert "Be kind." in run.model.prompts[0].messages[1].content


def test_text_blocks_do_the_same_without_tool_calling(workspace: Workspace, opener: Callable[[], Sandbox]) -> None:
    block = '```tool\n{"tool": "edit", "command": "str_replace", "path": "calc.py", "old_str": "return a - b", "new_str": "return a + b"}\n```'
    end = '```tool\n{"tool": "finish", "summary": "Sign."}\n```'
    run = Run(workspace, opener, ["I fix it.\n" + block, end], native=False)
    attempt = run.attempt()
    assert attempt.patch.files == FIXED
    assert attempt.diagnosis == "Sign."
    assert '{"tool": "shell"' in run.model.prompts[0].messages[0].content
    assert all(m.role != "tool" for p in run.model.prompts for m in p.messages)


def test_the_conversation_only_grows_at_its_end(workspace: Workspace, opener: Callable[[], Sandbox]) -> None:
    run = Run(workspace, opener, [says("", shell("ls")), says("", FIX), says("", FINISH)])
    run.attempt()
    first, second, third = (p.messages for p in run.model.prompts)
    assert second[: len(first)] == first
    assert third[: len(second)] == second


def test_the_index_answers_with_what_the_agent_has_changed(workspace: Workspace, opener: Callable[[], Sandbox]) -> None:
    def search(tool: str, **arguments: object) -> ToolCall:
        return ToolCall("s", tool, json.dumps(arguments))

    asked = [
        search("search_code", query="adding two numbers: add"),
        search("find_symbol", name="add"),
        search("who_calls", name="add"),
        search("find_symbol", query="add"),
        search("look_up", name="add"),
    ]
    run = Run(workspace, opener, [says("", FIX), *(says("", one) for one in asked), says("", FINISH)])
    assert run.attempt().patch.files == FIXED
    assert "     2|     return a + b" in run.told(3)
    assert "calc.py:1-2: def add(a, b):" in run.told(4)
    assert "nothing names add" in run.told(5)
    assert "find_symbol needs `name`" in run.told(6)
    assert "there are shell, edit, search_code, find_symbol, who_calls and finish" in run.told(7)


def test_words_alone_change_nothing(workspace: Workspace, opener: Callable[[], Sandbox]) -> None:
    run = Run(workspace, opener, ["I have fixed it.", "Really."])
    attempt = run.attempt()
    assert attempt.error == "the agent changed nothing"
    assert "Nothing in the repository has changed yet" in run.told(2)


def test_ignored_and_leftover_files_are_no_patch(workspace: Workspace, opener: Callable[[], Sandbox]) -> None:
    run = Run(
        workspace,
        opener,
        [
            says("", shell("echo x > debug.log; mkdir -p __pycache__; echo > __pycache__/a.pyc")),
            says("", FIX),
            says("", FINISH),
        ],
    )
    assert run.attempt().patch.files == FIXED


def test_the_end_of_turns_is_announced_extended_once_for_progress_and_kept(
    workspace: Workspace, opener: Callable[[], Sandbox]
) -> None:
    asked: list[int] = []

    def answer(prompt: Prompt) -> Completion:
        asked.append(1)
        return says("", FIX) if len(asked) == 1 else says("", shell(f"echo {len(asked)}"))

    run = Run(workspace, opener, answer, max_turns=4)
    attempt = run.attempt()
    assert len(asked) == 7
    assert attempt.patch.files == FIXED
    assert attempt.error == "the agent used all its 7 turns"
    assert "Only 2 turns remain" in run.told(3)
    assert "you get 3 more" in run.told(5)


def test_without_progress_there_is_no_extension(workspace: Workspace, opener: Callable[[], Sandbox]) -> None:
    count = iter(range(100))
    run = Run(workspace, opener, lambda _: says("", shell(f"echo {next(count)}")), max_turns=4)
    attempt = run.attempt()
    assert len(run.model.prompts) == 4
    assert not attempt.patch


def test_running_in_circles_is_told_and_then_ended(workspace: Workspace, opener: Callable[[], Sandbox]) -> None:
    run = Run(workspace, opener, lambda _: says("", shell("echo same")))
    attempt = run.attempt()
    assert "same output 3 times" in run.told(4)
    assert "same output" not in run.told(3)
    assert "ran in circles" in attempt.error
    assert len(run.model.prompts) == 6


def test_money_that_ends_keeps_what_the_files_hold(workspace: Workspace, opener: Callable[[], Sandbox]) -> None:
    run = Run(
        workspace,
        opener,
        lambda p: says("", FIX) if len(p.messages) == 2 else says("", shell(f"echo {len(p.messages)}")),
        cap="0.12",
    )
    attempt = run.attempt()
    assert attempt.patch.files == FIXED
    assert "issue budget" in attempt.error
    assert run.meter.spent <= Decimal("0.12")
    assert any("money is nearly gone" in m.content for m in run.model.prompts[-1].messages)


def test_money_that_is_gone_before_any_change_ends_the_attempt(
    workspace: Workspace, opener: Callable[[], Sandbox]
) -> None:
    with pytest.raises(OverBudget):
        Run(workspace, opener, [], cap="0.000001").attempt()


def test_a_model_that_breaks_after_a_change_leaves_the_change(
    workspace: Workspace, opener: Callable[[], Sandbox]
) -> None:
    attempt = Run(workspace, opener, [says("", FIX), ModelRefused("context too long")]).attempt()
    assert attempt.patch.files == FIXED
    assert "context too long" in attempt.error


def test_a_lost_answer_is_asked_for_again(workspace: Workspace, opener: Callable[[], Sandbox]) -> None:
    run = Run(workspace, opener, [ModelUnavailable("lost", uncertain=True), says("", FIX), says("", FINISH)])
    assert run.attempt().patch.files == FIXED


def test_a_cut_off_message_is_told_and_goes_on(workspace: Workspace, opener: Callable[[], Sandbox]) -> None:
    run = Run(workspace, opener, [says("long thoughts", finish="length"), says("", FIX), says("", FINISH)])
    assert run.attempt().patch.files == FIXED
    assert "cut off" in run.told(2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (ToolCall("x", "fly", "{}"), "there is no tool 'fly'"),
        (ToolCall("x", "shell", "{not json"), "not one JSON object"),
        (ToolCall("x", "shell", "[]"), "not one JSON object"),
        (shell(""), "not empty"),
        (edit("view", "../../etc/passwd"), "outside the repository"),
        (edit("view", "/etc/passwd"), "outside the repository"),
        (edit("view", "nope.py"), "there is no file nope.py"),
        (edit("view", "blob.bin"), "is binary"),
        (edit("view", "calc.py", first_line=9), "only 2 lines"),
        (edit("str_replace", "calc.py", old_str="zzz", new_str=""), "old_str does not stand in the file"),
        (edit("str_replace", "calc.py", new_str=""), "needs `old_str`"),
        (edit("insert", "calc.py", insert_line=99, new_str="x"), "from 0 to 2"),
        (edit("dance", "calc.py"), "view, create, str_replace and insert"),
    ],
)
def test_a_misused_tool_is_explained(
    workspace: Workspace, opener: Callable[[], Sandbox], call: ToolCall, words: str
) -> None:
    run = Run(workspace, opener, [says("", call), says("", FIX), says("", FINISH)])
    assert run.attempt().patch.files == FIXED
    assert words in run.told(2)


def test_the_editor_views_creates_and_inserts(workspace: Workspace, opener: Callable[[], Sandbox]) -> None:
    calls = [
        edit("view", "."),
        edit("create", "new/a.py", file_text="x = 1"),
        edit("insert", "calc.py", insert_line=0, new_str="# top"),
        edit("view", "calc.py", first_line=1, last_line=1),
    ]
    run = Run(workspace, opener, [*(says("", c) for c in calls), says("", FINISH)])
    attempt = run.attempt()
    assert attempt.patch.files == {"new/a.py": b"x = 1\n", "calc.py": b"# top\ndef add(a, b):\n    return a - b\n"}
    assert "calc.py" in run.told(2)
    assert "     1| # top\n[lines 1–1 of 3]" in run.told(5)


def test_a_command_that_runs_too_long_is_stopped_and_said(workspace: Workspace, opener: Callable[[], Sandbox]) -> None:
    run = Run(workspace, opener, [says("", shell("sleep 30", timeout=1)), says("", FIX), says("", FINISH)])
    run.attempt()
    assert "longer than its time] (1 s)" in run.told(2)


def test_a_lost_sandbox_is_never_the_models_failure(workspace: Workspace, opener: Callable[[], Sandbox]) -> None:
    class Lost(FolderSandbox):
        def run(self, argv: Any, **options: Any) -> ExecResult:
            if "-c" in argv and "echo doomed" in argv:
                return ExecResult(Ended.LOST, None, b"", b"", 0.0)
            return super().run(argv, **options)

    run = Run(workspace, lambda: cast("Sandbox", Lost(workspace.tree())), [says("", shell("echo doomed"))])
    with pytest.raises(SandboxUnavailable):
        run.attempt()


def test_long_outputs_lose_their_middle_with_a_note(workspace: Workspace, opener: Callable[[], Sandbox]) -> None:
    run = Run(workspace, opener, [says("", shell("seq 1 20000")), says("", FIX), says("", FINISH)])
    run.attempt()
    assert "lines left out; narrow it" in run.told(2)
    assert "\n20000\n" in run.told(2)
    assert len(run.told(2)) < 9_000
    assert middle_out("short") == "short"


def test_a_long_history_is_compacted_but_its_beginning_and_its_latest_outputs_stay() -> None:
    conversation = Conversation([Message("system", "s"), Message("user", "opening")])
    for n in range(40):
        conversation.add(Message("assistant", f"call {n}"))
        conversation.add(Message("user", f"{n} " + "x" * (COMPACT_TOKENS // 8)), output=True)
    assert conversation.compact(PromptFolder())
    assert [m.content for m in conversation.messages[:2]] == ["s", "opening"]
    assert "left out here" in conversation.messages[3].content
    assert conversation.messages[-1].content.startswith("39 xxx")
    assert not conversation.compact(PromptFolder())


def test_solving_picks_the_solver_counts_the_attempt_and_words_model_trouble(
    workspace: Workspace, opener: Callable[[], Sandbox]
) -> None:
    verification: Any = SimpleNamespace(open_sandbox=opener)
    steps: list[Step] = []
    working = scripted_tier(ScriptedModel([says("", FIX), says("", FINISH)], supports_tools=True), solver="agent")
    broken = scripted_tier(ScriptedModel([ModelRefused("wrong key")]))
    context = SolveContext((working, broken), {}, verification, steps.append)
    done = solve(context, ISSUE, workspace, working, note="first")
    assert (done.solver, done.note, done.patch.files) == ("agent", "first", FIXED)
    failed = solve(context, ISSUE, workspace, broken)
    assert (failed.solver, failed.error, bool(failed.patch)) == ("repair", "wrong key", False)
    assert broken.model.attempt == 1
    poor = scripted_tier(ScriptedModel([]), meter=CapMeter(Decimal(0)))
    with pytest.raises(OverBudget):
        solve(context, ISSUE, workspace, poor)


def test_an_agent_is_told_how_the_tests_are_run(workspace: Workspace, opener: Callable[[], Sandbox]) -> None:
    verification: Any = SimpleNamespace(open_sandbox=opener)
    model = ScriptedModel([says("", FIX), says("", FINISH)], supports_tools=True)
    recipe = Recipe("python", (), "pytest --junitxml={junit}", ReportFormat.JUNIT, "a test", "pytest {tests}")
    context = SolveContext((), {}, verification, lambda _s: None, tests=suite_section(recipe, PromptFolder()))
    solve(context, ISSUE, workspace, scripted_tier(model, solver="agent"), AttemptHints(advice="A hint."))
    told = model.prompts[0].messages[1].content
    assert "A hint." in told
    assert "pytest --junitxml=/tmp/report.xml" in told
    assert "pytest FILE_OR_TEST" in told
