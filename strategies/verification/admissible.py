"""What is known of a patch before anything runs: whether it may be tried, and which part of it is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sandbox.errors import PatchRejected
from sandbox.repository.patch import Patch
from sandbox.repository.patch_rules import violations
from sandbox.repository.workspace import Workspace
from sandbox.testing.tests_guard import suspicious, weakened
from strategies.edits.parses import parse_problems
from strategies.verdict import Evidence, Judged, Rung, Verdict


def admissible(patch: Patch, workspace: Workspace, deny: Sequence[str]) -> tuple[Verdict | None, Patch, Evidence]:
    """What is known without running anything: a verdict that ends it, the patch to judge, the evidence so far.

    Existing tests and test configuration that the patch touches are left out of what is judged: the verdict runs
    them as they are at the base commit.
    """
    reasons = violations(patch, deny=deny)
    if not reasons:
        try:
            workspace.tree(patch)
        except PatchRejected as error:
            reasons = error.reasons
    if reasons:
        note = "The patch touches what no patch may touch: " + "; ".join(reasons)
        return Verdict(Judged.FAILED, Evidence(notes=(note,)), note), patch, Evidence()
    restored = weakened(patch, workspace)
    judged = patch.without(frozenset(restored))
    notes = suspicious(patch, workspace)
    evidence = Evidence(rungs=frozenset({Rung.APPLIES}), restored=restored, notes=notes)
    if not judged:
        why = "The patch changes only existing tests or test configuration, which are judged in their original form."
        return Verdict(Judged.FAILED, evidence, why), judged, evidence
    problems = parse_problems(judged)
    if problems:
        return Verdict(Judged.FAILED, evidence, "; ".join(problems)), judged, evidence
    return None, judged, replace(evidence, rungs=evidence.rungs | {Rung.BUILDS})
