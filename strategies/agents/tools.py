"""What an agent may do: a shell, an editor, questions to the index, and the end.

Shell and editor work inside the sandbox it is given; the index is the host's, and only read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.backend import Sandbox
from strategies.agents.code_index import SEARCH_PROMPTS, SEARCHES, CodeIndex, search_tools
from strategies.agents.editor import edit
from strategies.agents.output import Misused, shown
from strategies.models.model import Tool, ToolCall
from strategies.prompts.prompt import PromptFolder

SECONDS = 60.0
MOST_SECONDS = 600.0
_BLOCK = re.compile(r"^[ \t]*`{3,}[ \t]*tool[ \t]*\n(.*?)\n[ \t]*`{3,}[ \t]*$", re.DOTALL | re.MULTILINE)
_BASH = 'if command -v bash >/dev/null 2>&1; then exec bash -c "$0"; else exec sh -c "$0"; fi'

TOOL_PROMPTS = (
    "agent-tool-shell",
    "agent-tool-shell-timeout",
    "agent-tool-edit",
    "agent-tool-edit-path",
    "agent-tool-finish",
    *SEARCH_PROMPTS,
)


def tools(prompts: PromptFolder, finish: str = "agent-tool-finish", *, searching: bool = False) -> tuple[Tool, ...]:
    """The tools with their descriptions and JSON schemas; `finish` is the prompt that says what ends the work.
    `searching` adds the questions to the index.

    Raises PromptError.
    """
    timeout = prompts.load("agent-tool-shell-timeout").fill(usual=f"{SECONDS:g}", most=f"{MOST_SECONDS:g}")
    return (
        Tool(
            "shell",
            prompts.load("agent-tool-shell").fill(),
            {
                "type": "object",
                "properties": {
                    "command": {"type": "string"},
                    "timeout": {"type": "number", "description": timeout},
                },
                "required": ["command"],
            },
        ),
        Tool(
            "edit",
            prompts.load("agent-tool-edit").fill(),
            {
                "type": "object",
                "properties": {
                    "command": {"type": "string", "enum": ["view", "create", "str_replace", "insert"]},
                    "path": {"type": "string", "description": prompts.load("agent-tool-edit-path").fill()},
                    "first_line": {"type": "integer"},
                    "last_line": {"type": "integer"},
                    "file_text": {"type": "string"},
                    "old_str": {"type": "string"},
                    "new_str": {"type": "string"},
                    "insert_line": {"type": "integer"},
                },
                "required": ["command", "path"],
            },
        ),
        *(search_tools(prompts) if searching else ()),
        Tool(
            "finish",
            prompts.load(finish).fill(),
            {"type": "object", "properties": {"summary": {"type": "string"}}, "required": ["summary"]},
        ),
    )


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One tool call, read. `arguments` None: they were no JSON object."""

    call: ToolCall
    arguments: dict[str, Any] | None

    @property
    def name(self) -> str:
        return self.call.name


def read_calls(calls: tuple[ToolCall, ...]) -> list[ToolUse]:
    """The native tool calls of an answer."""
    return [ToolUse(call, _object(call.arguments)) for call in calls]


def read_text(text: str) -> list[ToolUse]:
    """The ```tool blocks of an answer, for models without tool calling."""
    uses = []
    for number, body in enumerate(_BLOCK.findall(text)):
        arguments = _object(body)
        name = str(arguments.pop("tool", "")) if arguments else ""
        uses.append(ToolUse(ToolCall(f"text_{number}", name or "unreadable", body), arguments))
    return uses


def tool_list(offered: Sequence[Tool]) -> str:
    """The tools as text, for models without tool calling."""
    return "\n".join(
        f"- {t.name}: {t.description} Parameters: {json.dumps(t.parameters['properties'])}" for t in offered
    )


def perform(use: ToolUse, sandbox: Sandbox, search: CodeIndex | None = None) -> str:
    """Run one tool and give its output, shortened. Raises SandboxUnavailable when the sandbox itself broke."""
    if use.arguments is None:
        return "Error: the arguments are not one JSON object (are the quotes and line breaks escaped?)"
    try:
        if use.name == "shell":
            return _shell(use.arguments, sandbox)
        if use.name == "edit":
            return edit(use.arguments, sandbox)
        if search is not None and use.name in SEARCHES:
            return search.answer(use.name, use.arguments)
    except Misused as why:
        return f"Error: {why}"
    offered = ["shell", "edit", *(SEARCHES if search is not None else ())]
    return f"Error: there is no tool {use.name!r}; there are {', '.join(offered)} and finish"


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text or "{}", strict=False)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _shell(arguments: dict[str, Any], sandbox: Sandbox) -> str:
    command = arguments.get("command")
    if not isinstance(command, str) or not command.strip() or "\0" in command:
        raise Misused("shell needs `command`, a text that is not empty")
    raw = arguments.get("timeout") or SECONDS
    seconds = min(max(float(raw), 1.0), MOST_SECONDS) if isinstance(raw, int | float) else SECONDS
    result = sandbox.run(["sh", "-c", _BASH, command], timeout=seconds)
    return shown(result, seconds)
