"""The errors of this package, as a tree.

SandboxError
├── SandboxUnavailable     the environment broke: never a failed test, the job is tried again
├── PreparationFailed      the repository's set-up failed: "could not be judged", with its log
├── MirrorError            the repository could not be fetched or read
└── PatchRejected          a patch touches what no patch may touch, or does not fit the base commit
"""

from __future__ import annotations


class SandboxError(Exception):
    """Base of the errors that this package raises."""


class SandboxUnavailable(SandboxError):
    """The sandbox itself broke (engine gone, container lost, disk of the host full).

    It says nothing about the patch. Whoever catches it retries elsewhere or ends "could not be judged".
    """


class PreparationFailed(SandboxError):
    """A set-up command of the repository failed; `log` is the tail of what it printed."""

    def __init__(self, command: str, log: str) -> None:
        super().__init__(f"set-up failed: {command}")
        self.command = command
        self.log = log


class MirrorError(SandboxError):
    """Git could not fetch or read the repository; the message holds no credential."""


class PatchRejected(SandboxError):
    """A patch is not allowed or does not fit; `reasons` names path and rule, one sentence each."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons
