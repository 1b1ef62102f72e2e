from __future__ import annotations

import pytest

from sandbox.repository.executed_paths import EXECUTED, denied_patterns
from sandbox.repository.patch import Patch
from sandbox.repository.patch_rules import DENIES, EXECUTES, violations
from workers.config.repository_file import parse_repository_file

ACTED_ON = [
    ".github/actions/setup/action.yml", ".github/actions/a/dist/index.js", ".GitHub/Actions/a/x", ".gitlab-ci.yml",
    ".circleci/config.yml", ".travis.yml", "azure-pipelines.yml", "ci/azure-pipelines-test.yml", "Jenkinsfile",
    "ci/Jenkinsfile.release", ".buildkite/pipeline.yml", ".drone.yml", ".woodpecker/test.yaml", ".cirrus.yml",
    "bitbucket-pipelines.yml", "appveyor.yml", ".forgejo/workflows/x.yml", ".pre-commit-config.yaml",
    ".devcontainer/devcontainer.json", ".devcontainer.json", "sub/.devcontainer/x.sh", ".vscode/tasks.json",
    ".idea/runConfigurations/x.xml", ".husky/pre-commit", "web/.husky/_/husky.sh", "lefthook.yml", ".npmrc",
    "packages/a/.npmrc", ".yarnrc.yml", ".yarn/releases/yarn.cjs", ".pnpmfile.cjs", ".lfsconfig", ".envrc",
    "CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS", "AGENTS.md", "src/AGENTS.md", "agents.md", "CLAUDE.md",
    ".claude/settings.json", ".cursor/rules/x.mdc", ".cursorrules", ".github/copilot-instructions.md", ".mcp.json",
    "node_modules/.bin/jest", "node_modules/a/index.js", "web/node_modules/.bin/tsc", ".cargo/config.toml",
    ".mvn/extensions.xml", "gradle/wrapper/gradle-wrapper.properties", "pip.conf",
]  # fmt: skip
ORDINARY = [
    "src/main.py", "package.json", "Makefile", "README.md", "docs/ci.md", "src/actions/login.ts", "tests/test_ci.py",
    "lib/drone.py", "src/github/actions/x.py", "Dockerfile", "pyproject.toml", ".gitignore", ".gitattributes",
    "src/vscode/tasks.json", "docs/owners.md", ".github/ISSUE_TEMPLATE/bug.md", ".github/FUNDING.yml", "src/agent.py",
    "test/fixtures/node_modules/a/index.js", "src/npmrc.js", "setup.cfg", "src/build.yml", "tox.ini", ".env.example",
]  # fmt: skip


@pytest.mark.parametrize("path", ACTED_ON)
def test_what_is_executed_unasked_is_denied_by_default_also_for_deletion(path: str) -> None:
    denied = parse_repository_file("", strategies=["cascade"]).paths.denied
    for content in (b"x", None):
        assert violations(Patch({path: content}), deny=denied) == (f"{path}: {EXECUTES}",)


@pytest.mark.parametrize("path", ORDINARY)
def test_what_patches_are_made_of_is_not(path: str) -> None:
    assert violations(Patch({path: b"x"}), deny=EXECUTED) == ()


@pytest.mark.parametrize(
    ("allow", "path"),
    [
        ("AGENTS.md", "src/AGENTS.md"),
        (".devcontainer/**", ".devcontainer/devcontainer.json"),
        (".github/actions/Own/**", ".github/actions/Own/action.yml"),
        ("codeowners", "CODEOWNERS"),
        ("node_modules/.bin/*", "node_modules/.bin/x"),
    ],
)
def test_the_repository_s_file_allows_what_it_names_and_nothing_else(allow: str, path: str) -> None:
    paths = parse_repository_file(f"paths: {{allow: ['{allow}']}}", strategies=["cascade"]).paths
    assert violations(Patch({path: b"x"}), deny=paths.denied) == ()
    assert len(violations(Patch({".npmrc": b"x"}), deny=paths.denied)) == 1
    assert len(violations(Patch({".github/workflows/ci.yml": b"x"}), deny=paths.denied)) == 1


def test_what_is_denied_stays_denied_whatever_is_allowed() -> None:
    assert violations(Patch({"AGENTS.md": b""}), deny=denied_patterns(["*"], ["AGENTS.md"]))
    assert violations(Patch({"a/b.py": b""}), deny=denied_patterns([], ["a/**"])) == (f"a/b.py: {DENIES}",)
