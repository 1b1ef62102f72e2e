"""Commands as JSON and back: how a delivery's row keeps what it asked for.

A tagged dict: `{"is": "Start", "place": {…}, "actor": …}`. Reading is strict: an unknown tag or field is an error,
because acting on half a command is worse than not acting.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from workers.jobs.commands import Cancel, Command, FollowUp, Instruct, Learn, Lifecycle, Observe, Place, Start

COMMANDS: dict[str, type[Command]] = {
    "Start": Start,
    "Cancel": Cancel,
    "Instruct": Instruct,
    "FollowUp": FollowUp,
    "Observe": Observe,
    "Learn": Learn,
    "Lifecycle": Lifecycle,
}


class CommandUnreadable(ValueError):
    """A stored command that this version of Pennyfix cannot read."""


def dump(command: Command) -> dict[str, Any]:
    """A JSON-able dict of `command`."""
    return {"is": type(command).__name__, **asdict(command)}


def load(stored: dict[str, Any]) -> Command:
    """The command that `dump` wrote. Raises CommandUnreadable."""
    values = dict(stored)
    tag = values.pop("is", None)
    kind = COMMANDS.get(str(tag))
    if kind is None:
        raise CommandUnreadable(f"the stored command is a {tag!r}; known are {', '.join(COMMANDS)}")
    unknown = set(values) - {field.name for field in fields(kind)}
    if unknown:
        raise CommandUnreadable(f"the stored {tag} has unknown fields: {', '.join(sorted(unknown))}")
    try:
        if "place" in values:
            values["place"] = Place(**values["place"])
        if "repositories" in values:
            values["repositories"] = tuple((int(number), str(name)) for number, name in values["repositories"])
        return kind(**values)
    except (TypeError, ValueError) as error:
        raise CommandUnreadable(f"the stored {tag} cannot be read: {error}") from error
