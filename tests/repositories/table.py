"""The results as a table for people: on the terminal, and as docs/repositories.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from tests.repositories.measure import SHARE, Measured

HEAD = """# Real repositories

How often a complete baseline comes out of a repository that nobody here wrote, without a word of configuration.
`make repositories` measures it: it takes the source archives that [`tests/repositories/facts`](../tests/repositories)
names (version, hash and the repository's own test command), sets each up by convention alone, runs both its own command
and our baseline in the same image without network, and compares them by test id. *Complete* means: of the tests that
pass by the repository's own command, at least {share:.0%} pass in our baseline. The *kept back* repositories were
looked at by nobody while the rules were made.

```sh
make repositories                 # all that are named; goes on where it was interrupted
make repositories ONLY=attrs      # one of them
make repositories FROM=DIR        # every folder in DIR: checkouts, with DIR/facts.toml where their own commands are known
```

The table below is written by it.
"""


def rate(found: Sequence[Measured]) -> str:
    """`N of M (P %)`."""
    good = sum(m.complete for m in found)
    return f"{good} of {len(found)} ({100 * good / len(found) if found else 0:.0f} %)"


def groups(found: Sequence[Measured]) -> list[tuple[str, list[Measured]]]:
    """By language, those that were kept back apart."""
    keys = dict.fromkeys((m.language, m.check) for m in found)
    return [
        (
            f"{language}{', kept back' if check else ''}",
            [m for m in found if (m.language, m.check) == (language, check)],
        )
        for language, check in sorted(keys)
    ]


def lines(found: Sequence[Measured]) -> list[str]:
    """The rates by group and the causes, then the last line."""
    out = [f"{name}: {rate(members)}" for name, members in groups(found)]
    causes = Counter(m.cause for m in found if m.cause)
    out += [f"cause: {cause}: {count}" for cause, count in causes.most_common()]
    return [*out, f"complete baselines: {rate(found)}"]


def document(found: Sequence[Measured], backend: str) -> str:
    """The whole of docs/repositories.md."""
    day = datetime.now(UTC).date().isoformat()
    rows = [HEAD.format(share=SHARE), f"Measured {day}, sandbox: {backend}.", ""]
    rows += ["| | complete |", "|---|--:|", *(f"| {name} | {rate(members)} |" for name, members in groups(found))]
    causes = Counter(m.cause for m in found if m.cause)
    if causes:
        rows += ["", "| why not complete | repositories |", "|---|--:|"]
        rows += [f"| {cause} | {count} |" for cause, count in causes.most_common()]
    for name, members in groups(found):
        rows += ["", f"## {name[:1].upper()}{name[1:]}", ""]
        rows += ["| repository | what it stands for | own command passes | of them in the baseline | baseline fails | "
                 "set-up s | suite s | result |", "|---|---|--:|--:|--:|--:|--:|---|"]  # fmt: skip
        rows += [
            f"| {m.name} | {m.kind} | {m.own} | {m.common} | {m.failed} | {m.setup_seconds:.0f} | "
            f"{m.suite_seconds:.1f} | {m.cause or 'complete'} |"
            for m in sorted(members, key=lambda m: m.name.lower())
        ]
    rows += ["", f"complete baselines: {rate(found)}"]
    return "\n".join(rows) + "\n"
