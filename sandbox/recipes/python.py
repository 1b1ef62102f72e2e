"""Python: a virtual environment at $PENNYFIX_ENV, pytest as the runner of every suite (unittest's too)."""

from __future__ import annotations

import os
import re
import shlex

from sandbox.recipe import Recipe, ReportFormat
from sandbox.recipes.ci_workflow import Hints
from sandbox.recipes.python_install import ensure, install
from sandbox.recipes.python_tests import (
    PytestConfig,
    canary,
    ini,
    pytest_config,
    selects,
    suite_files,
    suite_folder,
    table,
    toml,
)
from sandbox.recipes.python_version import Python, wanted_python
from sandbox.repository.workspace import Workspace

REPORT_FLAGS = "-o junit_family=xunit1 --junitxml={junit}"
COLLECT_ALL = "--continue-on-collection-errors --maxfail=0"


def find_python(workspace: Workspace, hints: Hints) -> Recipe | str:
    """The recipe of a Python repository, or why there is none."""
    paths = {f.path for f in workspace.files()}
    if not any(p.endswith(".py") for p in paths):
        return "Python: there is no Python file"
    config = pytest_config(workspace)
    environment = python(workspace, hints)
    installed = install(workspace, hints)
    django = django_settings(workspace, config)
    if django:
        config = PytestConfig(
            {"python_files": "tests.py test_*.py *_test.py *_tests.py", **config.options}, config.source
        )
    files = suite_files(workspace, config)
    if not files:
        return f"Python: no file is named like a test ({', '.join(config.patterns)})"
    command = pytest_command(config, django)
    folder = suite_folder(files)
    plugins = [*config.plugins(), *(["pytest-django"] if django else [])]
    return Recipe(
        language="python",
        setup=(environment.venv(), *installed.lines, *(ensure(p) for p in ("pytest", *dict.fromkeys(plugins)))),
        test=command,
        test_only=f"{command} {{tests}}",
        report=ReportFormat.JUNIT,
        source=installed.source,
        inputs=tuple(sorted({*installed.inputs, *environment.inputs, *filter(None, [config.source])})),
        runner="pytest",
        test_folder=folder,
        canary=None if selects(config.addopts) else canary(folder, config.patterns),
    )


def python(workspace: Workspace, hints: Hints) -> Python:
    """The interpreter that the repository asks for."""
    requires = str(table(toml(workspace, "pyproject.toml"), "project").get("requires-python", ""))
    if not requires:
        parser = ini(workspace.read_text("setup.cfg") or "")
        requires = parser.get("options", "python_requires", fallback="")
    if not requires:
        found = re.search(r"python_requires\s*=\s*[\"']([^\"']+)", workspace.read_text("setup.py") or "")
        requires = found[1] if found else ""
    if not requires:
        found = re.search(
            r"^python\s*=\s*[\"']([^\"']+)[\"']", workspace.read_text("pyproject.toml") or "", re.MULTILINE
        )
        requires = found[1] if found else ""
    return wanted_python(workspace, requires, hints.python)


def pytest_command(config: PytestConfig, django: str = "") -> str:
    """The command that runs the whole suite and writes the report. Coverage is not measured."""
    # Whatever is run, of however few tests: this configuration, and none from a folder above the checkout.
    words = [f"python -m pytest -q -c {shlex.quote(config.source or os.devnull)} --rootdir=. --confcutdir=."]
    if "cache_dir" not in config.options and not re.search(
        r"--(lf|ff|nf|sw|last-failed|failed-first|stepwise)\b", config.addopts
    ):
        words.append("-p no:cacheprovider")
    if re.search(r"--cov\b", config.addopts):
        words.append("--no-cov")
    if django:
        words.insert(0, f"DJANGO_SETTINGS_MODULE={shlex.quote(django)}")
        words.append("-o 'python_files=tests.py test_*.py *_test.py *_tests.py'")
    return " ".join([*words, COLLECT_ALL, REPORT_FLAGS])


def django_settings(workspace: Workspace, config: PytestConfig) -> str:
    """The settings module that manage.py names, when pytest is not configured for Django already."""
    if "DJANGO_SETTINGS_MODULE" in config.options or "--ds" in config.addopts:
        return ""
    found = re.search(r"DJANGO_SETTINGS_MODULE[\"'],\s*[\"']([\w.]+)[\"']", workspace.read_text("manage.py") or "")
    return found[1] if found else ""
