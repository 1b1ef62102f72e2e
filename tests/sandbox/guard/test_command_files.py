"""The files that a test command runs, followed through everything that hands on."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from sandbox.guard.command_files import command_files
from tests.fakes.workspace import memory_workspace

SCRIPTS = {
    "run-tests.sh": "#!/bin/sh\n. ci/common.sh\npython tools/collect.py && pytest\n",
    "ci/common.sh": "export A=1\n",
    "tools/collect.py": "print('data/wanted.txt')\n",
    "data/wanted.txt": "1\n",
    "till.py": "x = 1\n",
    "tests/test_a.py": "import till\n",
}
MAKE = {
    **SCRIPTS,
    "Makefile": (
        "PYTHON = python3\ninclude make/*.mk\n\nall: build\n\nbuild:\n\tsh build.sh\n\n"
        "test: prepare\n\t@$(PYTHON) tools/collect.py\n\t$(MAKE) -C sub check\n"
    ),
    "make/more.mk": "prepare:\n\tsh ci/common.sh; \\\n\ttrue\n",
    "sub/Makefile": "check:\n\tsh only.sh\n",
    "sub/only.sh": "true\n",
    "build.sh": "true\n",
}
NODE = {
    "package.json": '{"scripts": {"test": "npm run test:unit", "test:unit": "node scripts/run.js", "pretest": "sh p.sh"}}',
    "scripts/run.js": "require('child_process').execSync('sh more.sh')\n",
    "more.sh": "true\n",
    "p.sh": "true\n",
    "other.sh": "true\n",
}


@pytest.mark.parametrize(
    ("files", "command", "expected"),
    [
        (SCRIPTS, "pytest", set()),
        (SCRIPTS, "sh run-tests.sh", {"run-tests.sh", "ci/common.sh", "tools/collect.py", "data/wanted.txt"}),
        (SCRIPTS, "./run-tests.sh -v", {"run-tests.sh", "ci/common.sh", "tools/collect.py", "data/wanted.txt"}),
        (SCRIPTS, "cd ci && A=1 bash common.sh", {"ci/common.sh"}),
        (SCRIPTS, "bash -c 'sh ci/common.sh'", {"ci/common.sh"}),
        (SCRIPTS, "python -m tools.collect", {"tools/collect.py", "data/wanted.txt"}),
        (SCRIPTS, "python till.py", set()),
        (
            MAKE,
            "make test",
            {"Makefile", "make/more.mk", "ci/common.sh", "tools/collect.py", "data/wanted.txt", "sub/Makefile", "sub/only.sh"},
        ),
        (MAKE, "make -C sub check", {"sub/Makefile", "sub/only.sh"}),
        (MAKE, "make -f sub/Makefile check", {"sub/Makefile"}),
        (NODE, "npm test", {"scripts/run.js", "more.sh", "p.sh"}),
        (NODE, "npx run-s test:unit", {"scripts/run.js", "more.sh"}),
        ({"tox.ini": "[testenv]\ncommands = sh ci.sh\n", "ci.sh": ""}, "tox -e py", {"tox.ini", "ci.sh"}),
        ({"noxfile.py": "session.run('sh', 'ci.sh')\n", "ci.sh": ""}, "python -m nox", {"noxfile.py", "ci.sh"}),
        ({"justfile": "test:\n  sh ci.sh\n", "ci.sh": ""}, "just test", {"justfile", "ci.sh"}),
        ({"gradlew": "#!/bin/sh\n", "gradle/wrapper/gradle-wrapper.properties": ""}, "sh ./gradlew test",
         {"gradlew", "gradle/wrapper/gradle-wrapper.properties"}),
        ({"load.mjs": "", "a.js": "import './load.mjs'"}, "node --import ./other.mjs --test", set()),
        ({"load.mjs": ""}, "NODE_OPTIONS='--import=./load.mjs' node --test", {"load.mjs"}),
        ({"cfg/my.ini": "[pytest]\n"}, "pytest -c cfg/my.ini", {"cfg/my.ini"}),
        ({"a.sh": "sh b.sh\n", "b.sh": "sh a.sh\n"}, "sh a.sh", {"a.sh", "b.sh"}),
    ],
)  # fmt: skip
def test_the_files_that_a_command_runs(files: Mapping[str, str], command: str, expected: set[str]) -> None:
    assert command_files(command, memory_workspace(files)) == expected


CHECKED = {
    "Makefile": ".PHONY: test\ntest: checks\n\tpytest\nchecks:\n\tsh c.sh\n-include local.mk\n",
    "c.sh": ". ./env.sh\n",
}


@pytest.mark.parametrize(
    ("files", "command", "new", "picked"),
    [
        (CHECKED, "make test", "GNUmakefile", True),
        (CHECKED, "make test", "makefile", True),
        (CHECKED, "make test", "local.mk", True),
        (CHECKED, "make test", "checks", True),
        (CHECKED, "make test", "checks/x.py", True),
        (CHECKED, "make test", "test/new.py", False),
        (CHECKED | {"checks/old.py": ""}, "make test", "checks/x.py", False),
        (CHECKED, "make test", "env.sh", True),
        (CHECKED, "make test", "other.mk", False),
        (CHECKED, "make test", "sub/GNUmakefile", False),
        (CHECKED, "make -f Makefile test", "GNUmakefile", False),
        (CHECKED, "make -C sub test", "sub/GNUmakefile", True),
        (CHECKED, "pytest", "GNUmakefile", False),
        (MAKE, "make test", "make/later.mk", True),
        ({"Justfile": "test:\n  pytest\n"}, "just test", "justfile", True),
        ({"Rakefile": ""}, "rake test", "rakefile", True),
        ({"setup.cfg": "[tox:tox]\n"}, "tox", "tox.ini", True),
        ({"tasks.py": ""}, "invoke test", "tasks/__init__.py", True),
        ({}, "sh -c 'test -f env.sh && . ./env.sh; pytest'", "env.sh", True),
        ({}, "python -m till.selftest", "till/selftest.py", False),
    ],
)
def test_a_new_file_that_a_command_would_pick_up(
    files: Mapping[str, str], command: str, new: str, picked: bool
) -> None:
    assert (new in command_files(command, memory_workspace(files), [new])) is picked
