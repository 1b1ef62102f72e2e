"""Parts of the documents that are made from the code: each stands between two comments that carry its name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.docs.commands import all_commands
from tests.docs.configuration import environment_table, operator_tables, repository_table
from tests.docs.strategies import strategy_groups, strategy_tables

ROOT = Path(__file__).resolve().parents[2]
HOW = "written by `make docs`; change what it is made from"

PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {"strategies": strategy_groups},
    "docs/commands.md": {"commands": all_commands},
    "docs/configuration.md": {
        "environment": environment_table,
        "operator": operator_tables,
        "repository": repository_table,
    },
    "docs/strategies.md": {"strategies": strategy_tables},
}


def part_pattern(name: str) -> re.Pattern[str]:
    """A part with its two comments; the group is what stands between them."""
    return re.compile(rf"<!-- {name}: [^\n]*-->\n(.*?)<!-- end of {name} -->", re.DOTALL)


def with_part(text: str, name: str, content: str) -> str:
    """The document with that part written anew. Raises ValueError when it does not have exactly one such part."""
    new = f"<!-- {name}: {HOW} -->\n\n{content.strip()}\n\n<!-- end of {name} -->"
    written, found = part_pattern(name).subn(lambda _match: new, text)
    if found != 1:
        raise ValueError(f"the part {name!r} stands {found} times in the document, and must stand once")
    return written


def written_anew(path: str) -> str:
    """The document `path` with all its generated parts as they would be written now."""
    text = (ROOT / path).read_text(encoding="utf-8")
    for name, make in PARTS[path].items():
        text = with_part(text, name, make())
    return text
