"""What people are to decide on, as text: tests that pin the old behaviour, doubts, and a rejected patch. Pure.

Code and output come from models and repositories: they pass through `workers.messages.markdown` on their way in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strategies.verdict import Evidence, Reproduction
from strategies.verification.pinned_tests import PinnedTest
from workers.messages.markdown import block, code, line

SHOWN = 10
"""Tests, or doubts, that are shown of many."""
DIFF_LIMIT = 12_000
"""Characters of a diff that are shown."""


@dataclass(frozen=True, slots=True)
class PatchQuestion:
    """What a patch asks. `tests` pin what the issue wants changed, `said` is what they say with the patch, and
    `published` are those of their files that the patch edits and that are published with it."""

    tests: Sequence[PinnedTest]
    said: str
    published: Sequence[str] = ()
    updates: bool = False

    @property
    def count(self) -> str:
        """How many tests, in words."""
        return "1 existing test" if len(self.tests) == 1 else f"{len(self.tests)} existing tests"


def question_lead(q: PatchQuestion) -> str:
    """The first words about it."""
    does, seem = ("does", "It seems") if len(q.tests) == 1 else ("do", "They seem")
    return (
        f"The test written from the issue passes with this change, and {q.count} that passed before {does} not pass "
        f"any more. {seem} to pin the behaviour that the issue wants changed, and I can't tell whether that is meant."
    )


def question_text(q: PatchQuestion) -> str:
    """The tests with their code, what they say now, and what can be done."""
    parts = []
    for test in q.tests[:SHOWN]:
        shown = f"\n\n{block(test.code, 2_000, language_of(test.path))}" if test.code else ""
        parts.append(f"{code(test.id, 200)}{shown}")
    if len(q.tests) > SHOWN:
        parts.append(f"… and {len(q.tests) - SHOWN} more.")
    parts.append(folded("What they say with this change", block(q.said, 3_000, "text")))
    if q.published:
        files = ", ".join(code(path, 160) for path in q.published[:SHOWN])
        hint = "exactly these tests" if q.updates else "some of these tests"
        parts.append(
            f"The model's patch updates {hint} itself, a sign that they are out of date. They were run in their "
            f"original form, and its version of them is part of what you see: {files}."
        )
    return "\n\n".join(parts)


QUESTION_STEER = (
    "If these tests are out of date, update them on this branch (or keep the versions above) and merge. If they are "
    "right, close this pull request, say in the issue what must stay as it is, and comment `/autofix retry`."
)
QUESTION_STEER_CLOSED = (
    "If these tests are out of date, change them on the base branch, then comment `/autofix retry`. If they are right, "
    "say in a comment what must stay as it is, then comment `/autofix retry`."
)


def doubts_text(evidence: Evidence) -> str:
    """Why a patch that earned its evidence is only a draft."""
    listed = [f"- {line(doubt, 300)}" for doubt in evidence.doubts[:SHOWN]]
    if len(evidence.doubts) > SHOWN:
        listed.append(f"- … and {len(evidence.doubts) - SHOWN} more")
    return "\n".join(listed)


def doubtful_text(number: int, diff: str, test: Reproduction) -> str:
    """The best rejected patch, folded, with the test that it fails; for the comment."""
    return "\n\n".join(
        [
            f"One of them, attempt {number}, keeps every test green that passed before and fails only the test that I "
            "wrote from the issue. Most such patches are wrong, so I didn't push it; but sometimes it is the test that "
            "is wrong. Here are both, so that you can judge:",
            folded(f"The patch of attempt {number}", diff_block(diff)),
            failing_test(test),
        ]
    )


def test_doubt_text(doubt: str) -> str:
    """A test from the issue that every patch fails is doubted aloud; "" where none is."""
    if not doubt:
        return ""
    return (
        f"**I doubt my own test:** {line(doubt, 400)}. If you tell me in a comment what exactly should happen, for "
        "example by an input and its right result, the next test will ask for that."
    )


def failing_test(test: Reproduction) -> str:
    """A test from the issue that a patch fails, and what it says, folded."""
    shown = block(test.content.decode("utf-8", "replace"), 4_000, language_of(test.path))
    parts = [shown]
    if test.after:
        parts.append("With the patch it says:\n\n" + block(test.after, 1_500, "text"))
    return folded(f"The test that it fails ({line(test.path, 160)})", "\n\n".join(parts))


def diff_block(diff: str) -> str:
    """A diff in a fence, its head where it is too long."""
    if len(diff) <= DIFF_LIMIT:
        return block(diff, DIFF_LIMIT, "diff")
    kept = diff[:DIFF_LIMIT].rsplit("\n", 1)[0]
    left_out = len(diff.splitlines()) - len(kept.splitlines())
    return block(kept, DIFF_LIMIT, "diff") + f"\n\n… and {left_out} more lines, which the page of this job shows."


def folded(title: str, content: str) -> str:
    """Content that is shown on a click."""
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"


def language_of(path: str) -> str:
    """The name of a fence's language by a file's ending."""
    endings = {"py": "python", "js": "js", "mjs": "js", "cjs": "js", "jsx": "jsx", "ts": "ts", "tsx": "tsx", "go": "go",
               "rs": "rust", "java": "java", "kt": "kotlin", "rb": "ruby", "php": "php", "cs": "csharp"}  # fmt: skip
    return endings.get(path.rsplit(".", 1)[-1].lower(), "")
