"""An agent's questions to the index that our own localization uses: what it changed since is read as it is now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.errors import PatchRejected
from sandbox.repository.patch import Patch
from strategies.agents.output import OUTPUT, Misused, middle_out
from strategies.localization.code_search import find_symbol, search_code, who_calls
from strategies.models.model import Tool
from strategies.prompts.prompt import PromptFolder

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace

SEARCHES = {
    "search_code": (search_code, "query"),
    "find_symbol": (find_symbol, "name"),
    "who_calls": (who_calls, "name"),
}
"""Tool → what answers it, and the name of its argument."""
SEARCH_PROMPTS = ("agent-tool-search-code", "agent-tool-find-symbol", "agent-tool-who-calls")


def search_tools(prompts: PromptFolder) -> tuple[Tool, ...]:
    """The tools with their descriptions and JSON schemas. Raises PromptError."""
    return tuple(
        Tool(
            name,
            prompts.load(f"agent-tool-{name.replace('_', '-')}").fill(),
            {"type": "object", "properties": {argument: {"type": "string"}}, "required": [argument]},
        )
        for name, (_, argument) in SEARCHES.items()
    )


@dataclass(frozen=True, slots=True)
class CodeIndex:
    """The index of `workspace`; `patch` is what the agent has changed so far."""

    workspace: Workspace
    patch: Callable[[], Patch]

    def answer(self, name: str, arguments: dict[str, Any]) -> str:
        """What the tool `name` finds. Raises Misused, and SandboxUnavailable when the sandbox broke."""
        ask, argument = SEARCHES[name]
        asked = arguments.get(argument)
        if not isinstance(asked, str) or not asked.strip():
            raise Misused(f"{name} needs `{argument}`, a text that is not empty")
        try:
            changed = self.patch().files
        except PatchRejected:
            changed = {}  # too much was changed to be read out: the base commit's files are shown

        def read(path: str) -> str | None:
            if path in changed:
                content = changed[path]
                return None if content is None or b"\0" in content else content.decode("utf-8", "surrogateescape")
            return self.workspace.read_text(path)

        return middle_out(ask(self.workspace, asked[:1_000], read), OUTPUT)
