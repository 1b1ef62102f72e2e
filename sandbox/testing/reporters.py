"""Reporters of ours that are put into a sandbox beside the runner's own: a second witness, or a better first one.

They stand outside the checkout, are loaded before any code of the repository, and write to a file of a random name.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.backend import Sandbox
from sandbox.errors import SandboxUnavailable
from sandbox.layout import OWN_FOLDER
from sandbox.recipe import Recipe, ReportFormat
from sandbox.result import Ended, ExecResult
from sandbox.transfer import pack

PYTEST = "pytest_record.py"
JAVASCRIPT: Mapping[str, str] = {
    "PENNYFIX_VITEST_REPORTER": "vitest_record.mjs",
    "PENNYFIX_NODE_REPORTER": "node_report.mjs",
    "PENNYFIX_MOCHA_RECORD": "mocha_record.cjs",
}
"""By the variable that tells a recipe where it is, the file beside this one."""
_JAVASCRIPT_RUNNERS = ("vitest", "node", "mocha")
_PLACE = 'd=$(mktemp -d) && tar -x -m -o -C "$d" -f - && printf %s "$d"'
_SEARCH_PATH = re.compile(r"(?<![\w$])PYTHONPATH=")


@dataclass(frozen=True, slots=True)
class PlacedReporter:
    """Reporters of ours in a sandbox: their folder, the pytest plugin's name ("" for none), and their record's path.

    `key` is what the plugin signs its lines with.
    """

    folder: str
    plugin: str
    record: str
    key: bytes = b""

    def variables(self, root: str) -> dict[str, str]:
        """The variables that the test command needs to find them."""
        record = {"PENNYFIX_RECORD": f"{root}/{self.record}"}
        if self.plugin:
            record["PENNYFIX_RECORD_KEY"] = self.key.hex()
            return record | {"PYTHONPATH": self.folder, "PYTEST_ADDOPTS": f"-p {self.plugin}"}
        return record | {variable: f"{self.folder}/{name}" for variable, name in JAVASCRIPT.items()}

    def within(self, command: str) -> str:
        """`command` with our folder kept in a search path that it sets itself."""
        return _SEARCH_PATH.sub(f"PYTHONPATH={self.folder}:", command) if self.plugin else command

    def not_found(self, result: ExecResult) -> bool:
        """Whether the run ended because the runner's Python ignores our search path: then it is run without us."""
        return bool(self.plugin) and re.search(rf"Error\b.*\b{self.plugin}\b", result.text) is not None


def place_reporter(sandbox: Sandbox, recipe: Recipe) -> PlacedReporter | None:
    """Put our reporters for the recipe's runners into the sandbox; None where there are none.

    Raises SandboxUnavailable.
    """
    here, token = Path(__file__).parent, secrets.token_hex(6)
    plugin = f"report_{token}" if recipe.runner == "pytest" and recipe.report is ReportFormat.JUNIT else ""
    javascript = recipe.report is ReportFormat.FOLDER or (
        recipe.report is ReportFormat.JUNIT and recipe.runner in _JAVASCRIPT_RUNNERS
    )
    if not plugin and not javascript:
        return None
    named = {f"{plugin}.py": PYTEST} if plugin else {name: name for name in JAVASCRIPT.values()}
    packed = pack((name, (here / source).read_bytes()) for name, source in named.items())
    placed = sandbox.run(["sh", "-c", _PLACE], timeout=60, stdin=packed)
    folder = placed.stdout.decode("utf-8", "replace").strip()
    if not placed.ok or not folder:
        how = placed.text.strip()[-300:] if placed.ended is Ended.EXIT else placed.ended.value
        raise SandboxUnavailable(f"our reporters could not be put into the sandbox: {how}")
    return PlacedReporter(folder, plugin, f"{OWN_FOLDER}/record-{token}.jsonl", secrets.token_bytes(32))
