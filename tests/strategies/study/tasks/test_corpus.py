"""Every task of the corpus is what it says: its hidden tests fail before the reference fix and pass after it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from sandbox.backend import Backend
from sandbox.backends import BackendOptions, choose
from sandbox.repository.patch import Patch
from strategies.edits.answer import apply, parse
from strategies.study.tasks.corpus import CORPUS, ScriptedTask, load_corpus
from strategies.study.tasks.hidden import _run, hidden_result, missing, patch_from
from strategies.study.tasks.repositories import has_tests, recipe_of, workspace_of
from strategies.study.tasks.task import TaskError

ALL = load_corpus()
SERVICE = {"python": (), "javascript": (pytest.mark.node,), "go": (pytest.mark.go,)}


def params() -> list[object]:
    return [pytest.param(s, id=s.task.id, marks=SERVICE[s.task.language]) for s in ALL]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("corpus")


@pytest.fixture(scope="module")
def backend(home: Path) -> Backend:
    return choose("process", BackendOptions(home=home))


@pytest.mark.parametrize("scripted", params())
def test_hidden_tests_fail_at_the_base_and_pass_with_the_reference(
    scripted: ScriptedTask, backend: Backend, home: Path
) -> None:
    task = scripted.task
    with workspace_of(task, home) as workspace:
        recipe = recipe_of(task, workspace)
        assert recipe is not None
        tests = patch_from(task.hidden.tests, workspace)
        before, why = _run(backend, "corpus", recipe, workspace, tests)
        assert before is not None, why
        open_ones = missing(before, task.hidden)
        assert set(open_ones) == set(task.hidden.fail_to_pass)
        assert isinstance(task.hidden.reference, Patch)
        result = hidden_result(backend, "corpus", recipe, workspace, task.hidden, task.hidden.reference)
        assert result.resolved is True, result.why


def test_there_are_enough_of_every_kind() -> None:
    languages = [s.task.language for s in ALL]
    assert len(ALL) >= 24
    assert languages.count("python") >= 16
    assert languages.count("javascript") >= 4
    assert languages.count("go") >= 3
    traits = [t for s in ALL for t in s.task.traits]
    assert traits.count("multi-file") >= 4
    assert traits.count("misleading tests") >= 4
    assert traits.count("flaky tests") >= 2
    assert traits.count("no tests") >= 2
    assert {"needs a question", "CRLF", "not UTF-8", "a test demands the bug"} <= set(traits)


def test_the_scripts_make_a_plausible_world() -> None:
    def share(tier: str, answers: int) -> float:
        right = [s for s in ALL if solves(s, s.script.answers[tier][:answers])]
        return len(right) / len(ALL)

    assert 0.3 <= share("weak", 1) <= 0.5
    assert share("weak", 2) > share("weak", 1)
    assert 0.75 <= share("strong", 1) <= 0.92


def solves(scripted: ScriptedTask, answers: tuple[str, ...]) -> bool:
    files = scripted.task.files
    for answer in answers:
        applied = apply(parse(answer), lambda p: files[p].decode("utf-8", "surrogateescape") if p in files else None)
        if applied.patch.files == scripted.task.hidden.reference.files:  # type: ignore[union-attr]  # a corpus task's is a Patch
            return True
    return False


def test_traits_are_true() -> None:
    for s in ALL:
        contents = list(s.task.files.values())
        if "CRLF" in s.task.traits:
            assert any(b"\r\n" in c for c in contents)
        if "not UTF-8" in s.task.traits:
            with pytest.raises(UnicodeDecodeError):
                b"".join(contents).decode()
        if "multi-file" in s.task.traits:
            assert len(s.task.hidden.reference.paths) > 1  # type: ignore[union-attr]  # a corpus task's is a Patch
        assert s.task.hidden.fail_to_pass, s.task.id


def test_a_task_without_tests_has_none(home: Path) -> None:
    for s in ALL:
        with workspace_of(s.task, home) as workspace:
            assert has_tests(workspace) != ("no tests" in s.task.traits), s.task.id


def test_the_same_files_are_the_same_commit(tmp_path: Path) -> None:
    task = ALL[0].task
    with workspace_of(task, tmp_path / "a") as one, workspace_of(task, tmp_path / "b") as other:
        assert one.base == other.base


def test_a_folder_is_read_like_a_file(tmp_path: Path) -> None:
    scripted = ALL[0]
    place = tmp_path / scripted.task.id
    source = (CORPUS / f"{scripted.task.id}.task").read_text()
    head, _, rest = source.partition("\n==== ")
    for section in rest.split("\n==== "):
        name, _, body = section.partition("\n")
        path = place / name.replace(":", "/", 1)
        if name == "issue" or name.startswith("edits:"):
            path = path.with_name(path.name + ".md")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body.strip("\n") + "\n" if body.strip() else "")
    (place / "task.toml").write_text(head)
    assert load_corpus(tmp_path) == (scripted,)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("language = 'python'\n", "section 'issue' is missing"),
        ("language = 'basic'\n==== issue\nx\n==== repo:a\nx\n", "language is 'basic'; allowed are python, javascript"),
        ("language = 'go'\n==== issue\nx\n", "no section 'repo:PATH'"),
        ("language =\n==== issue\nx\n", "the head is no TOML"),
        ("language = 'go'\nweak = ['x']\n==== issue\nx\n==== repo:a\nx\n", "weak names 'x'; there is misfit, prose"),
        ("language = 'go'\ntraits = 3\n==== issue\nx\n==== repo:a\nx\n", "traits is 3; allowed is a list of texts"),
    ],
)
def test_a_wrong_task_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "bad.task").write_text(text)
    with pytest.raises(TaskError, match=r"bad\.task: ") as caught:
        load_corpus(tmp_path)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [pytest.param("docker", marks=pytest.mark.docker), pytest.param("bubblewrap", marks=pytest.mark.bubblewrap)],
)
def test_isolated_sandboxes_need_no_network_for_the_corpus(name: Literal["docker", "bubblewrap"], home: Path) -> None:
    task = next(s.task for s in ALL if s.task.id == "invoice-cents")
    isolated = choose(name, BackendOptions(home=home, allowed_hosts=()))
    with workspace_of(task, home) as workspace:
        recipe = recipe_of(task, workspace)
        assert isinstance(task.hidden.reference, Patch)
        result = hidden_result(isolated, "corpus", recipe, workspace, task.hidden, task.hidden.reference)
        assert result.resolved is True, result.why
        worse = hidden_result(isolated, "corpus", recipe, workspace, task.hidden, Patch({"billing/x.py": b""}))
        assert worse.resolved is False
        assert set(worse.failed) == set(task.hidden.fail_to_pass)
