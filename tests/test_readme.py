"""README says what is so: its map, the files it links, the commands and words it names."""

from __future__ import annotations

import re
import subprocess
import sys

from strategies.registry import STRATEGIES
from tests.readme_map import BEGIN, END, ROOT, section

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_map_is_what_the_files_say() -> None:
    written = README.split(BEGIN)[1].split(END)[0].strip()
    assert written == section(), "write it anew: python -m tests.readme_map"


def test_every_linked_file_is_there() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert len(links) > 8
    for link in links:
        assert (ROOT / link).exists(), link


def test_every_command_named_exists() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", "from pennyfix import main; main()", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for verb in set(re.findall(r"pennyfix ([a-z]+)", README)):
        assert re.search(rf"^│ {verb}\b", shown, re.MULTILINE), verb


def test_every_make_target_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)`", README, re.MULTILINE)):
        name = target[0] or target[1]
        assert re.search(rf"^{name}:", makefile, re.MULTILINE), name


def test_strategies_named_in_examples_are_registered() -> None:
    for named in re.findall(r"--strategies ([a-z,-]+)", README):
        assert set(named.split(",")) <= set(STRATEGIES)
