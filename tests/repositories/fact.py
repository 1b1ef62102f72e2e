"""What is known of one repository beforehand: where it comes from, and its own documented test command."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

FOLDER = Path(__file__).parent / "facts"

Registry = Literal["pypi", "npm", "go", "crates", "maven", "debian-source", "folder"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One repository. `setup` and `test` are its own documented commands, not ours; `{junit}` in `test` becomes a path.

    `report` is a `ReportFormat`, or "unittest" for the lines of `python -m unittest -v`. `sha256` is the archive's,
    `date` (YYYY-MM-DD) when the version was released, `kind` what it stands for, in words. `root` is the folder of the
    archive that is the repository, `python` the interpreter that its own command is run with (the image's own if
    empty). `check` keeps it back: no rule was made for it.
    """

    name: str
    language: str
    registry: Registry
    version: str
    sha256: str
    date: str
    test: str
    setup: tuple[str, ...] = ()
    report: str = "junit"
    kind: str = ""
    root: str = ""
    python: str = ""
    check: bool = False

    @property
    def key(self) -> str:
        """A file name for it."""
        return "".join(c if c.isalnum() else "-" for c in f"{self.name}-{self.version}").strip("-")

    @property
    def digest(self) -> str:
        """16 hexadecimal digits over everything that decides what its own command says."""
        decided = asdict(self)
        for told in ("kind", "check"):
            decided.pop(told)
        return hashlib.sha256(json.dumps(decided, sort_keys=True).encode()).hexdigest()[:16]


def facts(folder: Path = FOLDER) -> tuple[Fact, ...]:
    """Every repository that the files of facts name, in their order. Raises ValueError that names the wrong entry."""
    found = [
        fact_of({"language": path.stem, **given}, path.name)
        for path in sorted(folder.glob("*.toml"))
        for given in tomllib.loads(path.read_text(encoding="utf-8")).get("repository", [])
    ]
    doubled = {f.key for f in found if [g.key for g in found].count(f.key) > 1}
    if doubled:
        raise ValueError(f"named twice: {', '.join(sorted(doubled))}")
    return tuple(found)


def fact_of(given: dict[str, Any], where: str) -> Fact:
    """A fact from its table. Raises ValueError for a key that is unknown or missing."""
    known = {f.name for f in fields(Fact)}
    name = given.get("name", "?")
    if wrong := sorted(set(given) - known):
        raise ValueError(f"{where}: {name}: unknown keys {', '.join(wrong)}; allowed are {', '.join(sorted(known))}")
    needed = {"name", "language", "registry", "version", "sha256", "date", "test"}
    if missing := sorted(needed - set(given)):
        raise ValueError(f"{where}: {name}: {', '.join(missing)} missing")
    if given["registry"] not in get_args(Registry):
        raise ValueError(f"{where}: {name}: registry {given['registry']!r} is none of {', '.join(get_args(Registry))}")
    return Fact(**{**given, "setup": tuple(given.get("setup", ()))})
