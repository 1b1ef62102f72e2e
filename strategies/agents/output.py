"""What an agent is shown of a command: its output in readable length, and how it ended."""

from __future__ import annotations

from sandbox.errors import SandboxUnavailable
from sandbox.result import Ended, ExecResult

OUTPUT = 8_000
"""Characters of a tool's output that a model is shown."""
_ENDED = {
    Ended.TIMEOUT: "[stopped: it ran longer than its time]",
    Ended.OOM: "[stopped: out of memory]",
    Ended.OUTPUT_LIMIT: "[stopped: it printed too much]",
    Ended.KILLED: "[killed by a signal]",
}


class Misused(Exception):
    """A tool was called in a way it cannot work; the message is for the model."""


def middle_out(text: str, limit: int = OUTPUT) -> str:
    """At most about `limit` characters: the middle is left out, with a note on how to see it."""
    if len(text) <= limit:
        return text
    head, tail = limit // 2, limit // 2
    gone = text[head:-tail]
    note = (
        f"[… {len(gone):,} characters, {gone.count(chr(10)):,} lines left out; narrow it with grep, head or sed -n …]"
    )
    return f"{text[:head]}\n{note}\n{text[-tail:]}"


def shown(result: ExecResult, seconds: float) -> str:
    """Output and ending of a command that had `seconds`. Raises SandboxUnavailable when the sandbox was lost."""
    if result.ended is Ended.LOST:
        raise SandboxUnavailable("the sandbox was lost while the agent worked in it")
    text = middle_out(result.text.rstrip())
    if result.ended is Ended.EXIT:
        end = f"[exit code {result.exit_code}]"
    else:
        end = _ENDED[result.ended] + (f" ({seconds:g} s)" if result.ended is Ended.TIMEOUT else "")
    return f"{text}\n{end}" if text else end
