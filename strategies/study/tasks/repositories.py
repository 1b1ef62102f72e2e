"""Where a task's repository comes from, and how it is tested: a planted commit, or a mirror of a path or URL."""

from __future__ import annotations

import re
from pathlib import Path

from sandbox.errors import MirrorError
from sandbox.recipe import Recipe, ReportFormat
from sandbox.recipes.discovery import discover
from sandbox.recipes.python.recipe import COLLECT_ALL, REPORT_FLAGS
from sandbox.recipes.python.suite import canary
from sandbox.repository.mirror import HEADS, Mirror
from sandbox.repository.workspace import Workspace
from strategies.study.tasks.planting import plant
from strategies.study.tasks.task import Task

TEMPLATE = "https://github.com/{repo}.git"
LITTLE_PYTEST = Path(__file__).parent / "little_pytest.py"
PYTEST = (
    'PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 PYTHONPATH="$PENNYFIX_ENV/little" python3 -m pytest -q -p no:cacheprovider '
    "-c /dev/null --rootdir=. --confcutdir=."
)


def workspace_of(task: Task, home: Path, template: str = TEMPLATE) -> Workspace:
    """The repository at its base commit. `template` makes an address of `{repo}`: a URL, or an absolute path.

    Raises MirrorError when the commit cannot be had.
    """
    if task.files:
        return plant(home, f"study-{task.id}", task.files)
    plain = bool(re.match(r"/|https?://", task.repo))
    address = task.repo if plain else template.replace("{repo}", task.repo)
    mirror = Mirror.open(home, "study-" + re.sub(r"[^A-Za-z0-9._-]+", "-", task.repo).strip("-.")[-100:])
    try:
        mirror.resolve(task.base_commit)
    except MirrorError:
        mirror.fetch(address)
    try:
        mirror.resolve(task.base_commit)
    except MirrorError:  # no branch leads to it: ask for the commit itself
        mirror.fetch(address, refs=(*HEADS, f"+{task.base_commit}:refs/study/{task.base_commit}"))
    return mirror.workspace(task.base_commit)


def recipe_of(task: Task, workspace: Workspace) -> Recipe | None:
    """How its tests are run; None when none are found. Corpus tasks need no network at all."""
    bare = task.setup is None and task.test is None and task.image is None
    if task.language == "python" and bare:
        return _little(workspace)
    setup = () if task.language == "javascript" and bare else task.setup
    recipe, _ = discover(workspace, setup=setup, test=task.test, image=task.image)
    return recipe


def has_tests(workspace: Workspace) -> bool:
    """Whether there is anything to run at the base commit."""
    return any(re.search(r"(?:^|/)test_|[._]test\.|_test\.", f.path) for f in workspace.files())


def _little(workspace: Workspace) -> Recipe:
    """Real pytest where python3 has it, else the little one, written into the environment."""
    source = LITTLE_PYTEST.read_text(encoding="utf-8")
    lines = (
        'mkdir -p "$PENNYFIX_ENV/little"',
        f"python3 -c 'import pytest' 2>/dev/null || cat > \"$PENNYFIX_ENV/little/pytest.py\" <<'END_OF_PYTEST'\n"
        f"{source}END_OF_PYTEST\n",
    )
    test = f"{PYTEST} {COLLECT_ALL} {REPORT_FLAGS}"
    folder = "tests" if any(f.path.startswith("tests/") for f in workspace.files()) else ""
    return Recipe(
        language="python",
        setup=lines,
        test=test,
        test_only=f"{test} {{tests}}",
        report=ReportFormat.JUNIT,
        source="the corpus",
        runner="pytest",
        test_folder=folder,
        canary=canary(folder, ("test_*.py",)),
    )
