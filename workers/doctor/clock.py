"""This machine's clock beside GitHub's: a signed identity is refused when they differ much."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from workers.doctor.check import DoctorCheck, ok, skipped, warn
from workers.github.app_client import AppApi
from workers.github.types import ForgeError

NAME = "clock"
MOST = timedelta(seconds=30)


def clock(api: AppApi, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> list[DoctorCheck]:
    """More than 30 seconds are a warning."""
    before = now()
    try:
        theirs = api.server_time()
    except ForgeError as error:
        return [skipped(NAME, str(error))]
    if theirs is None:
        return [skipped(NAME, "GitHub's answer has no date")]
    ours = before + (now() - before) / 2
    apart = (ours - theirs).total_seconds()
    if abs(apart) > MOST.total_seconds():
        detail = f"{abs(apart):.0f} seconds {'ahead of' if apart > 0 else 'behind'} GitHub's"
        return [warn(NAME, detail, "timedatectl set-ntp true")]
    return [ok(NAME, f"within {MOST.total_seconds():.0f} seconds of GitHub's")]
