"""All cases, by the class of trouble that their file in `cases/` is about."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path

from tests.verdicts.case import Case


def all_cases() -> Mapping[str, tuple[Case, ...]]:
    """Each file of `cases/` with its cases, in their order."""
    names = sorted(path.stem for path in (Path(__file__).parent / "cases").glob("*.py"))
    return {name: importlib.import_module(f"tests.verdicts.cases.{name}").CASES for name in names}
