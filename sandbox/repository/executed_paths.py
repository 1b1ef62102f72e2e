"""Files that CI systems, editors, package managers, git hooks or coding agents execute or obey by themselves.

Our branch lies in the repository, so a push starts its CI, with its secrets, before anybody has reviewed the patch; and
whoever checks the branch out has the rest run on their machine. No patch touches them unless the repository's own file
allows it (`paths.allow`). Makefiles, tests and build scripts cannot be on this list: patches are made of them.

Patterns are in .gitignore syntax and lower case: paths are compared without regard to case.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import pathspec

CI = (
    "/.github/actions/**", "/.github/hooks/**", "/.github/dependabot.y*ml", "/.github/renovate.json*",
    "/.github/codeql/**", ".gitlab-ci*.y*ml", "/.gitlab/**", "/.circleci/**", "/.travis.y*ml", "/.appveyor.y*ml",
    "/appveyor.y*ml", "azure-pipelines*.y*ml", "/.azure-pipelines/**", "/.azure/**", "/.azuredevops/**",
    "/.pipelines/**",
    "jenkinsfile*", "/.jenkins/**", "/.buildkite/**", "/.drone.*", "/.woodpecker.*", "/.woodpecker/**", "/.cirrus.*",
    "/bitbucket-pipelines.y*ml", "/.semaphore/**", "/.teamcity/**", "/buildspec*.y*ml", "/cloudbuild*.y*ml",
    "/cloudbuild*.json", "/.builds/**", "/.build.yml", "/.forgejo/**", "/.gitea/**", "/.harness/**", "/codemagic.y*ml",
    "/bitrise.y*ml", "/wercker.y*ml", "/codeship-*.y*ml", "/codefresh.y*ml", "/.codefresh/**", "/.tekton/**",
    "/.prow.y*ml", "/.prow/**", "/.zuul.*", "/zuul.d/**", "/.zuul.d/**", "/.packit.y*ml", "/.taskcluster.y*ml",
    "/.readthedocs.y*ml", "/netlify.toml", "/vercel.json", "/now.json", "/render.y*ml", "/amplify.yml", "/.platform/**",
    "/.concourse/**", "/.werft/**", "/.scrutinizer.y*ml", "/.screwdriver.y*ml", "/screwdriver.y*ml", "/.gocd.*",
)  # fmt: skip
"""https://docs.github.com/en/actions and the documentation of each other system; most are read from the root only."""
OWNERS = ("/codeowners", "/.github/codeowners", "/docs/codeowners")
HOOKS = (
    ".husky/**", ".huskyrc*", ".githooks/**", "/githooks/**", ".git-hooks/**", "/.hooks/**", ".lefthook/**",
    "lefthook*.y*ml", ".lefthook*.y*ml", ".pre-commit-config.y*ml", ".overcommit.y*ml", ".lintstagedrc*",
    "lint-staged.config.*", "simple-git-hooks.*", ".simple-git-hooks.*", ".lfsconfig", ".gitconfig",
)  # fmt: skip
EDITORS = (
    ".devcontainer/**", ".devcontainer.json", ".devfile.y*ml", "/devfile.y*ml", ".gitpod.*", ".vscode/**",
    "*.code-workspace", ".idea/**", ".fleet/**", ".zed/**", ".vs/**", ".exrc", ".vimrc", ".nvimrc", ".nvim.lua",
    ".lvimrc", ".vim/**", ".dir-locals*.el", "*.sublime-project", "/.sublime/**", ".envrc", ".idx/**", "/.replit",
)  # fmt: skip
PACKAGES = (
    ".npmrc", ".yarnrc", ".yarnrc.y*ml", ".yarn/releases/**", ".yarn/plugins/**", ".pnpmfile.*", ".pnp.*",
    "bunfig.toml", ".bunfig.toml", "/node_modules/**", "node_modules/.bin/**", "vendor/bin/**", "/.bundle/**", ".gemrc",
    "pip.conf", "pip.ini", ".pypirc", ".netrc", ".condarc", ".cargo/**", ".mvn/**", "gradle/wrapper/**", "/mvnw*",
    "/gradlew*", "nuget.config", "/.venv/**", "/venv/**", "/.mise/**", ".mise*.toml", "sitecustomize.py",
    "usercustomize.py",
)  # fmt: skip
AGENTS = (
    "agents.md", "agents.*.md", "agent.md", "claude.md", "claude.*.md", "gemini.md", "/.github/copilot-*",
    "/.github/instructions/**", "/.github/prompts/**", "/.github/chatmodes/**", "/.github/agents/**",
    "/.github/skills/**", ".claude/**", ".claude-plugin/**", ".cursor/**", ".cursorrules", ".windsurf/**",
    ".windsurfrules", ".clinerules", ".clinerules/**", ".codex/**", ".aider*", ".continue/**", ".kiro/**", ".junie/**",
    ".roo/**", ".roorules*", ".amazonq/**", ".gemini/**", ".opencode/**", "/opencode.json*", ".agents/**", ".mcp.json",
    "/.rules", ".augment/**", ".goosehints", ".trae/**", ".openhands/**", "/.openhands_instructions",
)  # fmt: skip
EXECUTED = tuple(
    glob if glob.startswith("/") or "/" not in glob else f"**/{glob}"  # a slash inside would bind it to the root
    for glob in (*CI, *OWNERS, *HOOKS, *EDITORS, *PACKAGES, *AGENTS)
)
"""All of them, for `deny` of `sandbox.repository.patch_rules.violations`."""


def denied_patterns(allow: Iterable[str], deny: Iterable[str]) -> tuple[str, ...]:
    """What no patch may touch: these files without those that `allow` names (in any case), and what `deny` names."""
    out = [*EXECUTED]
    for glob in allow:
        out += dict.fromkeys((f"!{glob}", f"!{glob.casefold()}"))
    return (*out, *deny)


@lru_cache(maxsize=1)
def _executed() -> pathspec.GitIgnoreSpec:
    return pathspec.GitIgnoreSpec.from_lines(EXECUTED)


def is_executed(path: str) -> bool:
    """Whether something executes or obeys `path` by itself."""
    return bool(_executed().match_file(path.casefold()))
