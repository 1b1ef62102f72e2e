"""What is known of a patch before anything runs: whether it may be tried, and which part of it is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sandbox.errors import PatchRejected
from sandbox.guard.guarded import guard
from sandbox.guard.path_names import is_test
from sandbox.guard.special_cases import special_cases
from sandbox.repository.patch import Patch
from sandbox.repository.patch_rules import violations
from sandbox.repository.workspace import Workspace
from strategies.edits.parses import parse_problems
from strategies.verdict import Evidence, Judged, Rung, Verdict

TESTS_ONLY = "The patch changes only tests or test configuration. Existing ones are judged in their original form."


def admissible(
    patch: Patch, workspace: Workspace, deny: Sequence[str], command: str = ""
) -> tuple[Verdict | None, Patch, Evidence]:
    """What is known without running anything: a verdict that ends it, the patch to judge, the evidence so far.

    Existing tests and test configuration that the patch touches are left out of what is judged, and so is every file
    that the test command `command` runs: the verdict has them as they are at the base commit.
    """
    reasons = violations(patch, deny=deny)
    if not reasons:
        try:
            workspace.tree(patch)
        except PatchRejected as error:
            reasons = error.reasons
    guarded = guard(patch, workspace, command) if not reasons else None
    if guarded is None or guarded.refused:
        note = "The patch touches what no patch may touch: " + "; ".join(guarded.refused if guarded else reasons)
        return Verdict(Judged.FAILED, Evidence(notes=(note,)), note), patch, Evidence()
    judged = guarded.judged
    evidence = Evidence(
        rungs=frozenset({Rung.APPLIES}), restored=guarded.restored, notes=guarded.notes, doubts=guarded.doubts
    )
    if not guarded.product:
        return Verdict(Judged.FAILED, evidence, TESTS_ONLY), judged, evidence
    own_tests = frozenset(p for p in guarded.restored if is_test(p))  # judged as they were, so how they are matters not
    problems = parse_problems(patch.without(own_tests)) or parse_problems(judged)
    if problems:
        return Verdict(Judged.FAILED, evidence, "; ".join(problems)), judged, evidence
    return None, judged, replace(evidence, rungs=evidence.rungs | {Rung.BUILDS})


def with_known_examples(verdict: Verdict, patch: Patch, workspace: Workspace) -> Verdict:
    """A passing verdict, with a doubt for each file that answers the very example of the test from the issue."""
    test = verdict.evidence.reproduction
    if verdict.judged is not Judged.PASSED or test is None:
        return verdict
    found = special_cases(patch, workspace, [test.content.decode("utf-8", "replace")])
    return replace(verdict, evidence=replace(verdict.evidence, doubts=(*verdict.evidence.doubts, *found)))
