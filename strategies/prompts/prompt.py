"""Prompt files: `strategies/prompts/<name>.md` with `$placeholders`, overridable by an operator's folder.

A prompt's digest goes into the record of every call, so that a result can be traced to its words.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from string import Template

BUILT_IN = Path(__file__).parent


class PromptError(Exception):
    """A prompt file is missing, unreadable, or has other placeholders than the program fills."""


@dataclass(frozen=True, slots=True)
class PromptText:
    """One prompt file. `digest` is the first 12 hex digits of its SHA-256."""

    name: str
    text: str
    digest: str

    @property
    def placeholders(self) -> frozenset[str]:
        """The names after `$` (`$$` is a dollar sign)."""
        return frozenset(Template(self.text).get_identifiers())

    def fill(self, **values: str) -> str:
        """The text with every placeholder filled. Raises PromptError when names are missing or left over."""
        missing, unknown = self.placeholders - set(values), set(values) - self.placeholders
        if missing or unknown:
            raise PromptError(_mismatch(self.name, missing, unknown))
        return Template(self.text).substitute(values)


@dataclass(frozen=True, slots=True)
class PromptFolder:
    """Where prompts come from: the operator's folder (or None), then the built-in one."""

    override: Path | None = None

    def load(self, name: str) -> PromptText:
        """The prompt `name`. Raises PromptError, naming the file and the placeholders that it should have."""
        own = _read(BUILT_IN / f"{name}.md", name)
        path = self.override / f"{name}.md" if self.override else None
        if path is None or not path.is_file():
            return own
        other = _read(path, name)
        missing, unknown = own.placeholders - other.placeholders, other.placeholders - own.placeholders
        if missing or unknown:
            raise PromptError(_mismatch(str(path), missing, unknown))
        return other

    def names(self) -> tuple[str, ...]:
        """Every prompt there is."""
        return tuple(sorted(p.stem for p in BUILT_IN.glob("*.md")))

    def digests(self) -> dict[str, str]:
        """The digest of every prompt, as it would be used now. Raises PromptError."""
        return {name: self.load(name).digest for name in self.names()}

    def check(self) -> tuple[str, ...]:
        """The names of the prompts that the operator's folder replaces.

        Raises PromptError for a file there that cannot be used, or that replaces nothing.
        """
        if self.override is None:
            return ()
        if not self.override.is_dir():
            raise PromptError(f"the prompts' folder {self.override} is not there, or is not a folder")
        own = tuple(sorted(p.stem for p in self.override.glob("*.md")))
        for name in own:
            if name not in self.names():
                known = ", ".join(self.names())
                raise PromptError(f"prompt file {self.override / name}.md replaces no prompt; there are: {known}")
            self.load(name)
        return own


def load(name: str, folder: Path | None = None) -> PromptText:
    """The prompt `name`, from `folder` if it stands there, else the built-in one. Raises PromptError."""
    return PromptFolder(folder).load(name)


def digest(*prompts: PromptText) -> str:
    """One digest for several prompt files, in order (that of the file itself when there is one)."""
    if len(prompts) == 1:
        return prompts[0].digest
    return hashlib.sha256(" ".join(p.digest for p in prompts).encode()).hexdigest()[:12]


def _read(path: Path, name: str) -> PromptText:
    try:
        raw = path.read_bytes()
        text = raw.decode()
    except FileNotFoundError:
        known = ", ".join(PromptFolder().names())
        raise PromptError(f"there is no prompt {name!r}; there are: {known}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"prompt file {path} cannot be read: {error}") from error
    if not Template(text).is_valid():
        raise PromptError(f"prompt file {path}: a `$` that is not a placeholder is written `$$`")
    return PromptText(name, text.strip(), hashlib.sha256(raw).hexdigest()[:12])


def _mismatch(where: str, missing: frozenset[str] | set[str], unknown: frozenset[str] | set[str]) -> str:
    parts = []
    if missing:
        parts.append("missing " + ", ".join(f"${n}" for n in sorted(missing)))
    if unknown:
        parts.append("unknown " + ", ".join(f"${n}" for n in sorted(unknown)))
    return f"placeholders of prompt {where}: {'; '.join(parts)}"
