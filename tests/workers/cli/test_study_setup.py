"""From settings and arguments to a study that runs: the way of `pennyfix study`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pennyfix import app
from strategies.models.in_memory_meter import CapMeter
from strategies.models.model import Model
from strategies.models.model_spec import ModelSpec
from strategies.study.running.record import FILE, read_records
from strategies.study.running.scripted import ScriptedModel
from strategies.study.tasks.corpus import load_corpus
from strategies.study.tasks.task import TaskError
from tests.fakes.origin import Origin
from workers.cli.study_setup import StudyOptions, StudyTasks, study_plan, study_tasks
from workers.config.operator_file import Operator
from workers.config.settings import Settings

ALL = {s.task.id: s for s in load_corpus()}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [n for n in os.environ if n.startswith("PENNYFIX_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PENNYFIX_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PENNYFIX_SANDBOX", "process")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["study", *arguments], catch_exceptions=False, env={"COLUMNS": "200"})
    return done.exit_code, done.output


def test_the_corpus_runs_and_reports_without_key_or_network(home: Path) -> None:
    code, output = call("run", "--corpus", "--only", "roman-nines,letter-wrap", "--strategies", "weak,strong")
    assert code == 0
    assert "4 of 4 recorded in study, 3 resolved" in output
    code, output = call("report", "study", "--html", "r.html", "--svg", "r.svg", "--compare", "weak", "strong")
    assert code == 0
    assert "oracle router" in output
    assert "Difference of rates: -50.0 points" in output
    assert "scripted: their skill is invented" in (home / "r.html").read_text()
    assert (home / "r.svg").read_text().startswith("<svg")
    code, output = call("report", "study", "--json", "--compare", "weak", "strong")
    assert json.loads(output)["compared"]["only_b"] == ["letter-wrap"]


def test_a_study_without_money_left_says_how_to_go_on(home: Path) -> None:
    code, output = call("run", "--corpus", "--only", "roman-nines", "--strategies", "weak,strong", "--max-usd", "0.001")
    assert code == 1
    assert "with a greater --max-usd goes on" in " ".join(output.split())


def test_a_killed_study_goes_on_where_it_was(home: Path) -> None:
    argv = [sys.executable, "-c", "from pennyfix import main; main()", "study", "run", "--corpus", "--parallel", "1"]
    argv += ["--only", "roman-nines,letter-wrap,vague-export", "--strategies", "weak,strong"]
    root = Path(__file__).parents[3]
    running = subprocess.Popen(argv, cwd=home, env={**os.environ, "PYTHONPATH": str(root)}, start_new_session=True)
    records = home / "study" / FILE
    until = time.monotonic() + 60
    while time.monotonic() < until and not (records.is_file() and records.stat().st_size):
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    before = read_records(home / "study")
    assert 1 <= len(before) < 6
    code, output = call("run", *argv[5:])
    assert code == 0
    assert "6 of 6 recorded" in output
    assert {r.row["seconds"] for r in before} <= {r.row["seconds"] for r in read_records(home / "study")}
    assert len(records.read_bytes().splitlines()) == 6


@pytest.mark.node
def test_tasks_in_the_benchmarks_own_form(home: Path) -> None:
    scripted = ALL["query-repeats"]
    origin = Origin(home / "origins" / "ada" / "addresses")
    base = origin.commit(scripted.task.files)
    origin.commit({p: c for p, c in scripted.task.hidden.tests.files.items() if c is not None})  # type: ignore[union-attr]  # a corpus task's is a Patch
    row = {
        "instance_id": "ada__addresses-1",
        "repo": "ada/addresses",
        "base_commit": base,
        "problem_statement": f"{scripted.task.title}\n\n{scripted.task.body}",
        "patch": "",
        "test_patch": origin.git("diff", base, "HEAD") + "\n",
        "FAIL_TO_PASS": json.dumps(scripted.task.hidden.fail_to_pass),
        "PASS_TO_PASS": json.dumps(scripted.task.hidden.pass_to_pass),
        "setup": [],
    }
    (home / "tasks.jsonl").write_text(json.dumps(row) + "\n")
    mirrors = str(home / "origins") + "/{repo}"
    code, output = call("run", "tasks.jsonl", "--strategies", "weak", "--models", "scripted", "--mirrors", mirrors)
    assert code == 0, output
    (record,) = read_records(home / "study")
    assert record.task == "ada__addresses-1"
    assert record.resolved is False
    assert "the answer holds no edit" in str(record.row["tried"])  # nobody has a script for it
    assert record.usd is not None
    assert record.usd > 0


def test_models_by_name_become_tiers_cheapest_first(tmp_path: Path) -> None:
    opened: list[str] = []

    def opener(spec: ModelSpec) -> Model:
        opened.append(spec.model)
        return ScriptedModel("weak", (), name=spec.model)

    plan = study_plan(
        Settings(home=tmp_path, sandbox="process"),
        Operator(),
        StudyTasks((ALL["roman-nines"].task,)),
        StudyOptions(["cascade"], ["a/small", "b/middle", "c/large"], tmp_path / "out", Decimal(1)),
        opener=opener,
        key_of=lambda _model, _name: "",
    )
    tiers, roles = plan.tiers(CapMeter(Decimal(1)))
    assert [(t.name, t.model.name, t.attempts) for t in tiers] == [
        ("weak", "a/small", 2),
        ("middle-1", "b/middle", 1),
        ("strong", "c/large", 1),
    ]
    assert roles["tester"].model.name == "a/small"
    assert roles["judge"].model.name == "c/large"


@pytest.mark.parametrize(
    ("path", "corpus", "only", "words"),
    [
        (None, False, (), "or --corpus, and not both"),
        (Path("nowhere.jsonl"), True, (), "or --corpus, and not both"),
        (Path("nowhere.jsonl"), False, (), "nowhere.jsonl does not exist"),
        (None, True, ("x",), "--only names 'x'; there are: booking-gaps"),
    ],
)
def test_wrong_tasks_are_named(path: Path | None, corpus: bool, only: tuple[str, ...], words: str) -> None:
    with pytest.raises(TaskError, match=words):
        study_tasks(path, corpus=corpus, only=only)


def test_an_unknown_sandbox_is_named(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="--sandbox is 'dokcer'; allowed are auto, docker, bubblewrap, process"):
        study_plan(
            Settings(home=tmp_path),
            Operator(),
            StudyTasks(()),
            StudyOptions(["weak"], ["scripted"], tmp_path, Decimal(1), sandbox="dokcer"),
        )
