"""Turns a tree of plain values into a pydantic model, and pydantic's complaints into `ConfigProblem`s.

A field's `description` says what is allowed and its first `examples` entry is what the fix proposes, so a
setting is explained once. Nothing is guessed: strings are not numbers, "yes" is not true.
"""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from workers.config.errors import ConfigError, ConfigProblem

Path = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)
SHOWN = 80


class Checked(BaseModel):
    """Base of every section of a configuration file: frozen, strict, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def amount(value: object) -> Decimal:
    """A finite, non-negative number as Decimal. Raises ValueError in words."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("is not a number")  # noqa: TRY004  # pydantic turns a ValueError into a problem
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError("is not a finite number")
    if number < 0:
        raise ValueError("is negative")
    if number > 1_000_000_000:  # noqa: PLR2004  # a slip of the keyboard, and Decimal columns have an end
        raise ValueError("is larger than a billion")
    return number


Usd = Annotated[Decimal, BeforeValidator(amount)]


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, or ""."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)), "")


def shown(value: object) -> str:
    """A value as it may stand in a message: short, on one line."""
    text = str(value) if isinstance(value, Decimal) else repr(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def check(
    model: type[M],
    tree: Mapping[str, Any],
    *,
    source: str,
    line_of: Callable[[Path], int],
    written: str = "{key}: {value}",
) -> M:
    """Validate `tree`. Raises ConfigError with all problems; `line_of` maps a path of keys to a line (0 unknown)."""
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        problems = problems_of(error, model, tree, line_of=line_of, written=written)
        raise ConfigError(source, problems) from None


def problems_of(
    error: ValidationError,
    model: type[BaseModel],
    tree: Mapping[str, Any],
    *,
    line_of: Callable[[Path], int],
    written: str,
) -> tuple[ConfigProblem, ...]:
    """Each complaint once, ordered by line. A union's branches are folded into one problem."""
    found: dict[Path, ConfigProblem] = {}
    for entry in error.errors(include_url=False):
        path = _real(entry["loc"], tree)
        if path not in found:
            found[path] = _problem(entry["type"], entry["msg"], path, model, tree, line_of(path), written)
    return tuple(sorted(found.values(), key=lambda p: p.line))


def _problem(
    kind: str, message: str, path: Path, model: type[BaseModel], tree: Mapping[str, Any], line: int, written: str
) -> ConfigProblem:
    key = dotted(path)
    field, section = _field(model, path)
    value = _value(tree, path)
    allowed = (field.description if field is not None else "") or ""
    if kind == "extra_forbidden":
        known = sorted(section.model_fields) if section is not None else []
        meant = nearest(str(path[-1]), known)
        fix = f"write `{meant}`" if meant else "remove it"
        return ConfigProblem(line, key, "is not a known key", fix, shown(value), ", ".join(known))
    extra = field.json_schema_extra if field is not None else None
    example = field.examples[0] if field is not None and field.examples else None
    fix = (
        f"write `{written.format(key=_last(path), value=example)}`" if example is not None else "see the allowed values"
    )
    if isinstance(extra, dict) and "fix" in extra:
        fix = str(extra["fix"])
    if kind == "missing":
        return ConfigProblem(line, key, "is missing", fix.replace("write", "add", 1), "", allowed)
    said = (
        message.removeprefix("Value error, ")
        if kind in ("value_error", "assertion_error")
        else "cannot have this value"
    )
    if kind.endswith("_type") or kind in ("is_instance_of", "model_attributes_type"):
        said = f"has the wrong type ({_kind(value)})"
    return ConfigProblem(line, key, said, fix, shown(value), allowed)


def dotted(path: Path) -> str:
    """`("tiers", 1, "model")` as people write it: `tiers[1].model`."""
    out = ""
    for part in path:
        out += f"[{part}]" if isinstance(part, int) else f".{part}" if out else str(part)
    return out


def _last(path: Path) -> str:
    return next((str(p) for p in reversed(path) if isinstance(p, str)), "")


def _kind(value: object) -> str:
    names: dict[type, str] = {
        bool: "true/false", int: "a whole number", Decimal: "a number", str: "text",
        list: "a list", dict: "a section", type(None): "nothing",
    }  # fmt: skip
    return names.get(type(value), type(value).__name__)


def _value(tree: object, path: Path) -> object:
    for part in path:
        inside = part in tree if isinstance(tree, Mapping) else isinstance(tree, list) and part in range(len(tree))
        if not inside:
            return None
        tree = tree[part]  # type: ignore[index]  # a mapping or a list, by the line above
    return tree


def _real(loc: tuple[str | int, ...], tree: object) -> Path:
    """Pydantic's location without the names of union branches, which are no keys of the file."""
    path: list[str | int] = []
    for i, part in enumerate(loc):
        if isinstance(tree, Mapping):
            path.append(part)
            tree = tree.get(part) if part in tree else None
        elif isinstance(tree, list) and isinstance(part, int) and part < len(tree):
            path.append(part)
            tree = tree[part]
        elif i == 0:
            path.append(part)
    return tuple(path)


def _field(model: type[BaseModel], path: Path) -> tuple[FieldInfo | None, type[BaseModel] | None]:
    """The field that a path ends at, and the section whose key the last part is."""
    section: type[BaseModel] | None = model
    field: FieldInfo | None = None
    for part in path:
        if isinstance(part, int):
            continue
        if section is None:
            return field, None
        owner, field = section, section.model_fields.get(part)
        section = _model_in(field.annotation) if field is not None else None
        if field is None or part == path[-1]:
            return field, owner
    return field, section


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, list, tuple, Annotated):
        return next((m for a in typing.get_args(annotation) if (m := _model_in(a)) is not None), None)
    return None
