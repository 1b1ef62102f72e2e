"""The nouns of editing: what a model asks to change, what was changed, and what could not be."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.repository.patch import Patch


@dataclass(frozen=True, slots=True)
class Replace:
    """Replace the one place where `search` stands by `replace` (lines, each ended by LF; the last need not be).

    `line` (1-based, from a unified diff) may choose between several matches. `others` are further readings
    of the same block, for a file that itself holds lines of equals signs. `above` are the lines over the block as
    they were written, nearest first: only who knows the repository's files can tell which of them names one.
    """

    path: str
    search: str
    replace: str
    line: int | None = None
    others: tuple[tuple[str, str], ...] = ()
    above: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Create:
    """A new file (or the content of an empty one, or all that shall be in an existing one).

    `shown`: it stands in a fence below its path without saying what it is for, so it may be a mere quotation.
    `in_passing`: only a sentence beside other edits names its file, so it makes no new one.
    """

    path: str
    content: str
    above: tuple[str, ...] = field(default=(), compare=False)
    shown: bool = field(default=False, compare=False)
    in_passing: bool = field(default=False, compare=False)


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
    """What came of the edits. `patch` holds those that applied, which are `made`; `notes` says where a tolerance
    was used."""

    patch: Patch
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    made: tuple[Edit, ...] = ()
