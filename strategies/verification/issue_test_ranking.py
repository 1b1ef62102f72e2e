"""Which of several tests from one issue is believed most. Pure: tests and what they said in, an order out.

A test that fails at the base commit comes first, then one that a plausible patch passes (so that it asks for nothing
impossible), then one that says the same of the patches as the other tests do; else the one that was written earlier.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from strategies.verdict import Reproduction

TestKey = tuple[str, bytes]
"""A test's path and content."""
Said = Mapping[tuple[TestKey, str], bool]
"""Whether a test passes with a patch (by its digest), as far as it was run."""


def key_of(test: Reproduction) -> TestKey:
    """What tells a test from every other one."""
    return test.path, test.content


def ranked(tests: Sequence[Reproduction], said: Said, plausible: Collection[str]) -> tuple[Reproduction, ...]:
    """The tests, the most believed first. `plausible` are the digests of patches that break no old test."""

    def standing(test: Reproduction) -> tuple[bool, bool, int]:
        key = key_of(test)
        fits = any(said.get((key, digest), False) for digest in plausible)
        return not test.ids, not fits, -agreement(test, tests, said)

    return tuple(sorted(tests, key=standing))


def agreement(test: Reproduction, tests: Sequence[Reproduction], said: Said) -> int:
    """How often another test says the same of a patch as this one, less how often it says the opposite."""
    mine = {digest: good for (key, digest), good in said.items() if key == key_of(test)}
    others = {key_of(t) for t in tests} - {key_of(test)}
    heard = [(mine[digest], good) for (key, digest), good in said.items() if key in others and digest in mine]
    return sum(1 if one == other else -1 for one, other in heard)


def voters(tests: Sequence[Reproduction]) -> tuple[Reproduction, ...]:
    """Of tests in their order, those that vote: an odd number, so that the least believed may have no vote."""
    return tuple(tests) if len(tests) % 2 else tuple(tests[:-1])
