"""Parsed documents (TOML, JSON, INI) as trees: which values lie at chosen key paths, and writing them back."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Path = tuple[str, ...]
Chooses = Callable[[Path], bool]

_HEADER = re.compile(r"\[([^\]]*)\]\s*(?:[#;].*)?$")


def chosen(document: object, chooses: Chooses, at: Path = ()) -> dict[Path, object]:
    """The values at the shallowest key paths for which `chooses` holds; positions in arrays are keys "0", "1", …"""
    if at and chooses(at):
        return {at: document}
    if isinstance(document, dict):
        items = [(str(k), v) for k, v in document.items()]
    elif isinstance(document, list):
        items = [(str(n), v) for n, v in enumerate(document)]
    else:
        return {}
    return {path: value for k, v in items for path, value in chosen(v, chooses, (*at, k)).items()}


def replaced(document: object, chooses: Chooses, values: Mapping[Path, object]) -> object:
    """`document` with `values` at the chosen key paths, nothing else there. Raises LookupError if they do not fit."""
    kept = _without(document, chooses, ())
    for path, value in values.items():
        here = kept
        for key in path[:-1]:
            if isinstance(here, list):
                here = here[int(key)]
            elif isinstance(here, dict):
                here = here.setdefault(key, {})
            else:
                raise LookupError(path)  # noqa: TRY004 - the place is missing, whatever its type
        if isinstance(here, list):
            here.insert(int(path[-1]), value)
        elif isinstance(here, dict):
            here[path[-1]] = value
        else:
            raise LookupError(path)  # noqa: TRY004 - as above
    return kept


def _without(document: object, chooses: Chooses, at: Path) -> object:
    """A copy without the chosen values, and without tables and arrays that held nothing else."""
    if isinstance(document, dict):
        kept = {k: (v, _without(v, chooses, (*at, str(k)))) for k, v in document.items() if not chooses((*at, str(k)))}
        return {k: now for k, (was, now) in kept.items() if now not in ({}, []) or now == was}
    if isinstance(document, list):
        return [_without(v, chooses, (*at, str(n))) for n, v in enumerate(document) if not chooses((*at, str(n)))]
    return document


def toml_text(document: Mapping[str, object]) -> str:
    """A parsed TOML document as TOML again, one key per line, tables inline (https://toml.io/en/v1.0.0)."""
    return "".join(f"{_quoted(k)} = {_toml(v)}\n" for k, v in document.items())


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_quoted(str(k))} = {_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    return repr(value)


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are among TOML's; the delete character must be escaped there too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


@dataclass(frozen=True, slots=True)
class IniSection:
    """One section with its lines, header included, as they stand; `name` is stripped and in lower case."""

    name: str
    lines: tuple[str, ...]

    @property
    def meaning(self) -> tuple[str, ...]:
        """Its lines without comments, blank lines and the spaces around `=` and `:`; the header is left out."""
        bare = [line.strip() for line in self.lines[1:]]
        return tuple(re.sub(r"\s*[=:]\s*", "=", b, count=1) for b in bare if b and b[0] not in "#;")


def ini_sections(text: str, *, indented: bool = False) -> tuple[IniSection, ...]:
    """The sections of an INI file, the lines before the first one under the name "".

    Lines end wherever `str.splitlines` ends them, as pytest's own reader has it. With `indented`, an indented
    `[name]` begins a section too, as `configparser` may have it.
    """
    sections: list[tuple[str, list[str]]] = [("", [""])]
    for line in text.removeprefix("\ufeff").splitlines():
        header = _HEADER.match(line.strip() if indented else line.rstrip())
        if header:
            sections.append((header[1].strip().strip("\"'").lower(), [line]))
        else:
            sections[-1][1].append(line)
    return tuple(IniSection(name, tuple(lines)) for name, lines in sections)
