"""On which line each key of a TOML text stands; `tomllib` does not say. Reads keys only, judges nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping

TABLE = re.compile(r"^\s*(\[\[?)\s*(?P<name>[^\[\]]+?)\s*\]\]?\s*(#.*)?$")
PAIR = re.compile(
    r"""^\s*(?P<name>(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=(?P<rest>.*)$"""
)
PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
INLINE = re.compile(r"""[{,]\s*([A-Za-z0-9_-]+)\s*=""")


def lines_of_keys(text: str) -> dict[tuple[str | int, ...], int]:
    """Lines counted from 1, by path; an array of tables counts from 0: `("tiers", 1, "model")`.

    Text inside multi-line strings is skipped. A key of an inline table stands on its table's line.
    """
    lines: dict[tuple[str | int, ...], int] = {}
    counts: dict[tuple[str | int, ...], int] = {}
    here: tuple[str | int, ...] = ()
    quote = ""
    for number, line in enumerate(text.splitlines(), 1):
        if quote:
            quote = "" if quote in line else quote
            continue
        if table := TABLE.match(line):
            here = _under(tuple(_parts(table["name"])), counts)
            if table[1] == "[[":
                lines.setdefault(here, number)
                counts[here] = counts.get(here, -1) + 1
                here = (*here, counts[here])
            lines.setdefault(here, number)
        elif pair := PAIR.match(line):
            path = (*here, *_parts(pair["name"]))
            for n in range(len(here) + 1, len(path) + 1):
                lines.setdefault(path[:n], number)
            rest = pair["rest"].strip()
            if rest.startswith("{"):
                for key in INLINE.findall(rest):
                    lines.setdefault((*path, key), number)
            quote = next((q for q in ('"""', "'''") if rest.startswith(q) and q not in rest[3:]), "")
    return lines


def _under(path: tuple[str | int, ...], counts: Mapping[tuple[str | int, ...], int]) -> tuple[str | int, ...]:
    """`[tiers.provider]` belongs to the latest `[[tiers]]`."""
    whole: tuple[str | int, ...] = ()
    for part in path[:-1]:
        whole = (*whole, part)
        whole = (*whole, counts[whole]) if whole in counts else whole
    return (*whole, *path[-1:])


def _parts(name: str) -> list[str]:
    return [p.strip("\"'") for p in PART.findall(name)]
