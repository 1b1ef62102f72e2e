"""`python -m tests.docs.generate` (make docs): writes anew what is generated in README.md and docs/."""

from __future__ import annotations

from tests.docs.generated import PARTS, ROOT, written_anew


def main() -> None:
    for path in PARTS:
        (ROOT / path).write_text(written_anew(path), encoding="utf-8")


if __name__ == "__main__":
    main()
