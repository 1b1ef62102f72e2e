"""The nouns of editing: what a model asks to change, what was changed, and what could not be."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.repository.patch import Patch


@dataclass(frozen=True, slots=True)
class Replace:
    """Replace the one place where `search` stands by `replace` (lines, each ended by LF; the last need not be).

    `line` (1-based, from a unified diff) may choose between several matches. `others` are further readings
    of the same block, for a file that itself holds lines of equals signs.
    """

    path: str
    search: str
    replace: str
    line: int | None = None
    others: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Create:
    """A new file (or the content of an empty one)."""

    path: str
    content: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a file."""

    path: str


Edit = Replace | Create | Delete


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one edit was not applied, in words that a model can act on. `edit` None: it could not even be read."""

    path: str
    message: str
    edit: Edit | None = None


@dataclass(frozen=True, slots=True)
class Edits:
    """One answer, taken apart: edits in the order given, `prose` around them, blocks that could not be read."""

    items: tuple[Edit, ...] = ()
    prose: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of the edits. `patch` holds those that applied; `notes` says where a tolerance was used."""

    patch: Patch
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
