"""README's map, made from each file's own first sentence: `python -m tests.readme_map` writes it into README.md."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- map:begin -->", "<!-- map:end -->"
FOLDERS = ("webhook", "workers", "strategies", "strategies/study", "sandbox", "deploy", "tests")


def first_sentence(path: Path) -> str:
    """The first sentence of a module's docstring, on one line."""
    words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    line = " ".join(words.partition("\n\n")[0].split())
    return re.split(r"(?<=[.!?]) (?=[A-Z])", line)[0].replace("|", "\\|")


def tracked() -> list[str]:
    """Every Python file that git knows or would add."""
    out = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    skipped = ("deploy/demo/project/", "strategies/study/corpus/", "workers/migrations/")
    return sorted(p for p in out if not p.startswith(skipped) and (ROOT / p).exists())


def owner(path: str) -> str:
    """The most special folder of the map that holds a file; "" for the root."""
    return max((f for f in FOLDERS if path.startswith(f + "/")), key=len, default="")


def section() -> str:
    """The map as Markdown: one collapsed list per folder."""
    parts = []
    for folder in FOLDERS:
        files = [p for p in tracked() if owner(p) == folder and not p.endswith("__init__.py")]
        if folder == "tests":  # they mirror the folders: named for what they test
            files = [p for p in files if "/test_" not in p]
        rows = "\n".join(f"- `{p.removeprefix(folder + '/')}`: {first_sentence(ROOT / p)}" for p in files)
        init = ROOT / folder / "__init__.py"
        what = first_sentence(init) if init.exists() else "They mirror the folders; what the tests stand on:"
        parts.append(f"<details><summary><code>{folder}/</code> {what}</summary>\n\n{rows}\n\n</details>")
    return "\n".join(parts)


def main() -> None:
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    readme.write_text(f"{before}{BEGIN}\n{section()}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
