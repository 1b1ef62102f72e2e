"""Writes secrets where only this user reads them: lines of `.env`, and files of their own. Mode 0600, atomically.

It never changes a line that it was not asked about, and refuses to know what a value means.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=-]*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def set_lines(path: Path, values: Mapping[str, str]) -> None:
    """Set variables in an env file: those that are there in their place, others at the end.

    Raises OSError, ValueError for a name or value that cannot stand in such a file.
    """
    from dotenv.parser import parse_stream

    lines = {name: _line(name, value) for name, value in values.items()}
    place = path.resolve()  # a link stays a link
    out: list[str] = []
    if place.exists():
        with place.open(encoding="utf-8", newline="") as stream:
            for binding in parse_stream(stream):
                text = binding.original.string
                if binding.key not in lines:
                    out.append(text)
                    continue
                lead = text[: len(text) - len(text.lstrip("\r\n"))]
                out.append(lead + lines.pop(binding.key))
    if out and not out[-1].endswith(("\n", "\r")):
        out.append("\n")
    write_private(place, "".join([*out, *lines.values()]))


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; readable by this user only, also while it is written. Raises OSError."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def check_writable(path: Path) -> None:
    """Raise OSError unless a file can be written there: asked before something is made that must be kept."""
    place = path.resolve()
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    probe = place.with_name(f".{place.name}.{secrets.token_hex(6)}")
    os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    probe.unlink()


def _line(name: str, value: str) -> str:
    if not _NAME.fullmatch(name) or any(c in value for c in "\r\n\0"):
        raise ValueError(f"{name} cannot be written as one line of an env file")
    if _PLAIN.fullmatch(value):
        return f"{name}={value}\n"
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{name}='{quoted}'\n"
