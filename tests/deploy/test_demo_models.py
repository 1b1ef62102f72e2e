"""The scripted models, and that what they say is really right or wrong when it is executed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.demo.models import SCRIPTS, UNKNOWN, ScriptedModels, answer, purpose_of, read_scripts
from strategies.edits.answer import apply, parse
from strategies.prompts.prompt import PromptFolder
from strategies.reproduction.tester import code

PROJECT = SCRIPTS.parent / "project"
BY_NAME = {s.name: s for s in read_scripts()}


def run_tests(folder: Path) -> tuple[int, str]:
    """Exit code and output of the project's own tests."""
    command = [sys.executable, "-m", "pytest", "-q", "--junitxml=report.xml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROJECT, tmp_path / "project", ignore=shutil.ignore_patterns("__pycache__")))


def patched(project: Path, text: str) -> None:
    """Apply a model's answer as the repair solver does."""
    own = lambda path: (project / path).read_text() if (project / path).is_file() else None
    paths = {p.relative_to(project).as_posix() for p in project.rglob("*.py")}
    applied = apply(parse(text), own, paths)
    assert not applied.problems
    for path, content in applied.patch.files.items():
        assert content is not None
        (project / path).write_bytes(content)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_reproduction_test_fails_before(project: Path, name: str) -> None:
    assert run_tests(project)[0] == 0
    (project / "tests/test_issue.py").write_text(BY_NAME[name].reproduction)
    code, output = run_tests(project)
    assert code == 1
    assert "tests.test_issue" in output


EXPECTED = [
    # script, model, answer, keeps the existing tests green, resolves the issue
    ("weight", "weak", 0, True, True),
    ("weight", "strong", 0, True, True),
    ("arrival", "weak", 0, True, False),
    ("arrival", "weak", 1, False, False),
    ("arrival", "strong", 0, True, True),
    ("split", "weak", 0, False, False),
    ("split", "weak", 1, True, False),
    ("split", "strong", 0, False, True),
    ("tracking", "weak", 0, True, False),
    ("tracking", "weak", 1, True, False),
    ("tracking", "strong", 0, True, True),
]


@pytest.mark.parametrize(("name", "model", "number", "green", "resolved"), EXPECTED)
def test_answers_are_right_or_wrong_when_executed(
    project: Path, name: str, model: str, number: int, green: bool, resolved: bool
) -> None:
    patched(project, BY_NAME[name].answers[model][number])
    assert (run_tests(project)[0] == 0) is green
    (project / "tests/test_issue.py").write_text(BY_NAME[name].reproduction)
    assert ("FAILURE tests.test_issue" not in run_tests(project)[1]) is resolved


def test_every_answer_has_its_expectation() -> None:
    written = [(s.name, m, n) for s in BY_NAME.values() for m, texts in s.answers.items() for n in range(len(texts))]
    assert sorted(e[:3] for e in EXPECTED) == sorted(written)


def ask(*texts: str) -> list[dict[str, str]]:
    return [{"role": "system" if n == 0 else "user", "content": t} for n, t in enumerate(texts)]


def test_an_answer_that_was_tried_is_not_given_again() -> None:
    script, scripts = BY_NAME["arrival"], tuple(BY_NAME.values())
    first = answer(scripts, "demo-weak", ask("You repair software.", f"Title: {script.title}"))[0]
    second = answer(scripts, "demo-weak", ask("You repair software.", f"Title: {script.title}\n\nTried:\n{first}"))[0]
    assert (first, second) == script.answers["weak"]


def test_the_real_prompt_is_recognised_as_a_repair() -> None:
    folder = PromptFolder()
    system = folder.load("repair-rules").fill(edit_format=folder.load("edit-format").fill())
    assert purpose_of(system) == "repair"


def test_the_real_prompt_for_a_test_gets_the_test_alone() -> None:
    script, folder = BY_NAME["weight"], PromptFolder()
    system = folder.load("reproduction-rules").fill()
    text, purpose, _ = answer(tuple(BY_NAME.values()), "demo-weak", ask(system, f"Title: {script.title}"))
    assert purpose == "reproduction"
    assert code(text).decode() == script.reproduction


def test_what_has_no_script_is_not_made_up() -> None:
    text, _, name = answer(tuple(BY_NAME.values()), "demo-weak", ask("You repair software.", "Title: Something else"))
    assert (text, name) == (UNKNOWN, "")


@pytest.fixture
def server() -> Iterator[tuple[str, ScriptedModels]]:
    models = ScriptedModels(key="k")
    yield models.start(), models
    models.stop()


def test_the_server_speaks_openai_and_counts_what_it_has_seen(server: tuple[str, ScriptedModels]) -> None:
    base, models = server
    client = httpx.Client(base_url=base, trust_env=False, headers={"Authorization": "Bearer k"})
    long = ask("You repair software. " + "x" * 4000, f"Title: {BY_NAME['weight'].title}")
    body = {"model": "demo-weak", "messages": long, "max_tokens": 4000}
    first, second = (client.post("/chat/completions", json=body).json() for _ in range(2))
    assert "text.lower()" in first["choices"][0]["message"]["content"]
    assert first["usage"]["prompt_tokens_details"]["cached_tokens"] == 0
    assert 900 < second["usage"]["prompt_tokens_details"]["cached_tokens"] <= second["usage"]["prompt_tokens"]
    assert [c.purpose for c in models.calls] == ["repair", "repair"]
    cut = client.post("/chat/completions", json=body | {"max_tokens": 5}).json()
    assert (cut["choices"][0]["finish_reason"], cut["usage"]["completion_tokens"]) == ("length", 5)
    assert client.post("/chat/completions", json=body | {"model": "other"}).status_code == 404
    wrong = client.post("/chat/completions", json=body, headers={"Authorization": "Bearer no"})
    assert wrong.json()["error"]["code"] == "invalid_api_key"
    assert [m["id"] for m in client.get("/models").json()["data"]] == ["demo-weak", "demo-strong"]
    streamed = client.post("/chat/completions", json=body | {"stream": True}).text
    assert streamed.endswith("data: [DONE]\n\n")
