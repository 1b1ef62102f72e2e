"""Deliveries that never arrived and that GitHub can still send again."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from workers.doctor.check import DoctorCheck, ok, warn
from workers.doctor.check import skipped as skipped_check
from workers.github.app_client import AppApi
from workers.github.types import ForgeError
from workers.processes.redelivery import WINDOW, missed_deliveries

NAME = "missed deliveries"


def deliveries(api: AppApi, now: datetime, *, redeliver: bool) -> list[DoctorCheck]:
    """What was missed in the last days; with `redeliver` GitHub is asked for it."""
    try:
        found = missed_deliveries(api.deliveries(now - WINDOW), now)
        if redeliver:
            for delivery in found:
                api.redeliver(delivery.id)
    except ForgeError as error:
        return [skipped_check(NAME, str(error))]
    if not found:
        return [ok(NAME, f"none in {WINDOW.days} days")]
    counted = Counter(f"{d.event} ({d.status or d.status_code})" for d in found)
    detail = f"{len(found)}: " + ", ".join(f"{n} × {what}" for what, n in counted.most_common(5))
    if redeliver:
        return [ok(NAME, f"asked for again: {detail}")]
    return [warn(NAME, detail, "pennyfix doctor --redeliver (a running `pennyfix up` asks at start and hourly)")]
