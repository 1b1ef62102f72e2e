"""What a person is told when a set-up line of a repository failed."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.result import Ended, ExecResult

LOG_BYTES = 20_000


def setup_log(result: ExecResult, refused: Sequence[str]) -> str:
    """The tail of what a failed set-up line printed, and what would help."""
    log = (result.stdout + result.stderr)[-LOG_BYTES:].decode("utf-8", "replace")
    if result.ended is not Ended.EXIT:
        log += f"\n[ended by: {result.ended.value}]"
    if refused:
        hosts = ", ".join(sorted(set(refused)))
        log += f"\n[the set-up may not reach: {hosts}; an operator can allow hosts in pennyfix.toml, [sandbox]]"
    return log
