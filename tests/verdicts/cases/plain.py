"""Plain fixes and plain mistakes, in every runner."""

from __future__ import annotations

from tests.verdicts.case import Case, Repository, failed, right, wrong
from tests.verdicts.repositories import CARGO, GO, JEST, MOCHA, NODE, PYTEST, UNITTEST, VITEST

STILL = "a test written from the issue still fails"
BREAKS = "tests that passed before do not pass"
REPOSITORIES: tuple[tuple[Repository, str, str], ...] = (
    (PYTEST, "till.py", " items"),
    (UNITTEST, "till.py", " items"),
    (NODE, "till.js", " items"),
    (JEST, "till.js", " items"),
    (VITEST, "till.js", " items"),
    (MOCHA, "till.js", " items"),
    (GO, "till.go", " items"),
    (CARGO, "src/lib.rs", " items"),
)

CASES: tuple[Case, ...] = (
    *(right("the plain fix", repository) for repository, _, _ in REPOSITORIES),
    *(
        wrong("the fix breaks another function", repository, repository.edited(path, (text, " things")), failed(BREAKS))
        for repository, path, text in REPOSITORIES
    ),
    wrong("a comment instead of a fix", PYTEST, {"till.py": str(PYTEST.files["till.py"]) + "# fixed\n"}, failed(STILL)),
    wrong(
        "a comment instead of a fix", VITEST, {"till.js": str(VITEST.files["till.js"]) + "// fixed\n"}, failed(STILL)
    ),
    wrong(
        "a comment instead of a fix",
        CARGO,
        {"src/lib.rs": str(CARGO.files["src/lib.rs"]) + "// fixed\n"},
        failed(STILL),
    ),
    wrong(
        "other words for the same mistake",
        CARGO,
        {"src/lib.rs": str(CARGO.files["src/lib.rs"]).replace(".skip(1).sum()", ".skip(1).copied().sum::<u32>()")},
        failed(STILL),
    ),
    wrong("it does not parse", PYTEST, {"till.py": "def total(prices:\n    return 3\n"}, failed("till.py")),
    right(
        "a new test beside the fix",
        PYTEST,
        {
            **PYTEST.fix,
            "tests/test_more.py": "from till import total\n\n\ndef test_more():\n    assert total([1]) == 1\n",
        },
    ),
    wrong(
        "the test that it adds fails",
        PYTEST,
        {**PYTEST.fix, "tests/test_more.py": "def test_more():\n    assert 1 == 2\n"},
        failed("a test that the patch adds fails"),
    ),
)
