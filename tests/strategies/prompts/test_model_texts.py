"""Every sentence that a model reads stands in a prompt file, and every prompt file is in the record of a job."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import strategies
from strategies.models.price import Price
from strategies.prompts.prompt import BUILT_IN, PromptFolder
from strategies.registry import STRATEGIES
from strategies.reproduction import agent_tester, tester
from strategies.run_configuration import configuration_of
from strategies.solvers import agent, repair
from strategies.verification import comparison
from tests.fakes.model import ScriptedModel, scripted_tier
from workers.jobs.versions import Versions

ROOT = Path(strategies.__file__).parent.parent
FILES = [
    *(p for p in (ROOT / "strategies").rglob("*.py") if "study" not in p.parts),
    *(ROOT / "workers" / "pipeline").glob("*.py"),
]
WRITERS = ("strategies/prompts/sections.py", "workers/pipeline/follow_up.py")
"""Files whose functions return text for a model: no sentence stands in them at all."""
SENTENCE = 3
"""From so many words on, a literal is a sentence; shorter ones are labels such as "(no file)"."""
HINTS = ("advice", "instructions")


def literals(node: ast.AST) -> Iterator[str]:
    """The sentences among the string literals below a node, f-strings included."""
    for part in ast.walk(node):
        if isinstance(part, ast.JoinedStr):
            text = " … ".join(str(c.value) for c in part.values if isinstance(c, ast.Constant))
            words = text.replace("…", "").split()
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            text = part.value
            words = text.split()
        else:
            continue
        if len([w for w in words if any(c.isalpha() for c in w)]) >= SENTENCE:
            yield text


def sinks(tree: ast.AST) -> Iterator[ast.expr]:
    """What becomes text for a model: a message's content, a filled placeholder, a tool's description, advice."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in ("Message", "Tool", "fill"):
            yield from node.args
            yield from (k.value for k in node.keywords)
        yield from (k.value for k in node.keywords if k.arg in HINTS)


def assigned(tree: ast.AST) -> dict[str, list[ast.expr]]:
    """Every value a plain name is given in a file."""
    values: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and value is not None:
            for target in targets:
                if isinstance(target, ast.Name):
                    values.setdefault(target.id, []).append(value)
    return values


def sentences_to_models(source: str) -> list[str]:
    """The literal sentences of a file that reach a model, directly or through names of the same file."""
    tree = ast.parse(source)
    values = assigned(tree)
    found: list[str] = []
    done: set[str] = set()
    waiting = list(sinks(tree))
    while waiting:
        value = waiting.pop()
        found += literals(value)
        for part in ast.walk(value):
            if isinstance(part, ast.Name) and part.id not in done:
                done.add(part.id)
                waiting += values.get(part.id, [])
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_message_is_built_from_a_literal_sentence(path: Path) -> None:
    assert sentences_to_models(path.read_text()) == []


@pytest.mark.parametrize("path", WRITERS)
def test_a_file_that_writes_for_models_holds_no_sentence(path: str) -> None:
    tree = ast.parse((ROOT / path).read_text())
    documentation = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) not in documentation and isinstance(node, ast.Constant):
            assert not list(literals(node)), node.value


@pytest.mark.parametrize(
    "source",
    [
        'Message("user", "Use the tools now.")',
        'NUDGE = "Use the tools now."\nself.add(Message("user", NUDGE))',
        'text = "a"\ntext += f" Only {left} turns remain."\nMessage("user", text)',
        'prompt.fill(why="Your answer was empty.")',
        'Tool("shell", "Runs a shell command.", {})',
        'Hints(advice="Look at callers first.")',
    ],
)
def test_the_search_finds_a_sentence_however_it_gets_there(source: str) -> None:
    assert len(sentences_to_models(source)) == 1


def test_every_prompt_file_is_in_the_digests_that_a_job_records() -> None:
    files = {p.stem for p in BUILT_IN.rglob("*.md")}
    versions = Versions("1", "cascade", "any", {}, PromptFolder().digests())
    assert set(versions.json()["prompts"]) == files
    tier = scripted_tier(ScriptedModel([], price=Price(1, 2)))  # type: ignore[arg-type]  # a price, not a sum
    recorded = configuration_of(STRATEGIES["cascade"](), [tier], PromptFolder().digests(), "1", "base")
    assert set(recorded["prompts"]) == files


@pytest.mark.parametrize("user", [agent, agent_tester, repair, comparison, tester])
def test_the_digest_of_a_call_covers_each_prompt_its_file_loads(user: object) -> None:
    loaded = {
        node.args[0].value
        for node in ast.walk(ast.parse(Path(user.__file__).read_text()))  # type: ignore[attr-defined]  # a module
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "load"
        and isinstance(node.args[0], ast.Constant)
    }
    assert loaded
    assert loaded <= set(user.PROMPTS)  # type: ignore[attr-defined]  # a module


def test_every_prompt_file_is_named_by_the_code_that_loads_it() -> None:
    names = {
        n.value
        for path in (*FILES, *(ROOT / "strategies" / "study").rglob("*.py"))
        for n in ast.walk(ast.parse(path.read_text()))
        if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }
    by_kind = {"repository-summary", "repository-structure", "repository-qa"}  # "repository-" and the kind
    assert set(PromptFolder().names()) - names == by_kind
