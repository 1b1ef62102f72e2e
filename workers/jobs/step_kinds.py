"""The kinds of a job's steps that code looks for, and which of them people are not shown."""

from __future__ import annotations

SETTLEMENT = "settlement"
"""How the job is to end, decided and not yet carried out; its facts are a `workers.jobs.ending.JobEnding`."""
SETTLED = "settled"
"""The ending was carried out."""
KEPT = "kept"
"""A paid fix that GitHub would not take; its facts are the `workers.jobs.ending.JobEnding` that publishes it."""
VERSIONS = "versions"
"""What exactly ran: strategy, tiers, prompts; its facts are `workers.jobs.versions.Versions`."""

ENDING_STEPS = frozenset({SETTLEMENT, SETTLED})
"""The text of the newest of these is the job's headline."""
HIDDEN_STEPS = ENDING_STEPS | {KEPT, VERSIONS}
"""For resuming a job and for its record: no comment, page or console shows them as progress."""
