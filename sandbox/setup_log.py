"""What a person is told of the set-up: each line as it starts, and the end of the log when one failed."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.result import Ended, ExecResult

LOG_BYTES = 20_000
LINE = 100
"""Characters of a set-up line shown; our own fallback chains are longer, and say nothing to people."""


def told(line: str, number: int, of: int) -> str:
    """One line of set-up as it starts: as it stands when it is short, else by its number."""
    return f"set-up: {line}" if len(line) <= LINE else f"set-up: step {number} of {of}"


def setup_log(result: ExecResult, refused: Sequence[str]) -> str:
    """The tail of what a failed set-up line printed, and what would help."""
    log = (result.stdout + result.stderr)[-LOG_BYTES:].decode("utf-8", "replace")
    if result.ended is not Ended.EXIT:
        log += f"\n[ended by: {result.ended.value}]"
    if refused:
        hosts = ", ".join(sorted(set(refused)))
        log += f"\n[the set-up may not reach: {hosts}; an operator can allow hosts in pennyfix.toml, [sandbox]]"
    return log
