"""What the strong model says of a whole repository: a summary, its structure, questions and answers.

Made from the base commit (in arXiv 2505.20182 from a stale clone, directories only, most of it cut off), kept per
commit, and refreshed from the last commit's text with only what changed since.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from strategies.issue import Issue
from strategies.localization.file_kinds import is_test
from strategies.models import tokens
from strategies.models.asking import ask
from strategies.models.model import Message, Prompt
from strategies.prompts.cleaning import shorten
from strategies.prompts.fence import fence
from strategies.step import Step
from strategies.strategy import SolveContext

if TYPE_CHECKING:
    from sandbox.repository.workspace import Workspace

Kind = Literal["summary", "structure", "qa"]
LIMIT_TOKENS = 30_000
HEAD = 1_500
"""Characters of each file shown: its head holds the docstring, imports and first definitions."""


@dataclass(frozen=True, slots=True)
class RepositoryContext:
    """One strong call per repository and commit, shared by all its issues."""

    kind: Kind

    @property
    def name(self) -> str:
        return f"repository {self.kind}"

    def context(self, issue: Issue, workspace: Workspace, context: SolveContext) -> str:
        del issue  # the same for every issue: that is what makes it cheap
        prompt = context.prompts.load(f"repository-{self.kind}")
        folder = context.memory / "repository" if context.memory else None
        now = _heads(workspace)
        kept = _kept(folder, self.kind, prompt.digest)
        if kept is not None and kept.base == workspace.base:
            context.say(Step("context", f"{self.name} from the cache"))
            return kept.text
        shown, before = now, ""
        if kept is not None:
            shown = {p: t for p, t in now.items() if kept.digests.get(p) != _digest(t)}
            gone = sorted(set(kept.digests) - set(now))
            if not shown and not gone:
                _keep(folder, self.kind, prompt.digest, workspace.base, now, kept.text)
                return kept.text
            before = fence("before", kept.text)
            if gone:
                before += "\n" + context.prompts.load("repository-gone").fill(paths=", ".join(gone[:50]))
        question = prompt.fill(files=_show(shown), before=before or "(nothing yet)")
        answer = ask(
            context.strong.model, Prompt((Message("user", question),), purpose=self.kind, digest=prompt.digest)
        )
        text = fence("repository", shorten(answer.text, 12_000))
        _keep(folder, self.kind, prompt.digest, workspace.base, now, text)
        return text


def _heads(workspace: Workspace) -> dict[str, str]:
    return {
        f.path: text[:HEAD]
        for f in workspace.files()
        if f.mode.startswith("100") and not is_test(f.path) and (text := workspace.read_text(f.path))
    }


def _show(heads: Mapping[str, str]) -> str:
    """As many files as fit, shallow paths first: they name the parts of a system."""
    out: list[str] = []
    left = LIMIT_TOKENS
    for path in sorted(heads, key=lambda p: (p.count("/"), p)):
        part = fence("file", heads[path], path=path)
        left -= tokens.estimate(part)
        if left < 0:
            out.append(f"({len(heads) - len(out)} more files)")
            break
        out.append(part)
    return "\n\n".join(out)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What an earlier commit's context was made from."""

    base: str
    digests: Mapping[str, str]
    text: str


def _kept(folder: Path | None, kind: str, digest: str) -> _Kept | None:
    path = folder / f"{kind}-{digest}.json" if folder else None
    if path is None or not path.is_file():
        return None
    stored = json.loads(path.read_text(encoding="utf-8"))
    return _Kept(stored["base"], stored["digests"], stored["text"])


def _keep(folder: Path | None, kind: str, digest: str, base: str, heads: Mapping[str, str], text: str) -> None:
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{kind}-{digest}.partial"
    kept = {"base": base, "digests": {p: _digest(t) for p, t in heads.items()}, "text": text}
    partial.write_text(json.dumps(kept), encoding="utf-8")
    partial.replace(folder / f"{kind}-{digest}.json")
