from __future__ import annotations

import json
from pathlib import Path

import pytest

from strategies.study.tasks.task import TaskError, load_tasks, parse_task

GOOD = {
    "instance_id": "ada__sums-7",
    "repo": "ada/sums",
    "base_commit": "0123456789abcdef0123456789abcdef01234567",
    "problem_statement": "# Sums are wrong\n\nAdd better.",
    "patch": "",
    "test_patch": "diff --git a/t.py b/t.py\n",
    "FAIL_TO_PASS": '["t.py::test_a"]',
    "PASS_TO_PASS": ["t.py::test_b"],
}


def line(**changes: object) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def test_lists_may_be_lists_or_json_texts() -> None:
    task = parse_task(line(), "x:1")
    assert task.hidden.fail_to_pass == ("t.py::test_a",)
    assert task.hidden.pass_to_pass == ("t.py::test_b",)
    assert (task.title, task.body) == ("Sums are wrong", "Add better.")


def test_further_fields_of_the_benchmark_do_no_harm() -> None:
    assert parse_task(line(hints_text="x", version="1.0"), "x:1").id == "ada__sums-7"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"repo": ""}, "repo is ''"),
        ({"base_commit": "main"}, "base_commit is 'main'; allowed is a commit id"),
        ({"instance_id": "../x"}, "instance_id is '../x'; allowed are letters"),
        ({"FAIL_TO_PASS": []}, "FAIL_TO_PASS is '[]'; allowed is a list of test ids"),
        ({"FAIL_TO_PASS": "test_a"}, "FAIL_TO_PASS is 'test_a'"),
        ({"PASS_TO_PASS": [1]}, "PASS_TO_PASS is '[1]'"),
        ({"problem_statement": 3}, "problem_statement is '3'; allowed is a text"),
    ],
)
def test_a_wrong_field_is_named_with_line_value_and_what_is_allowed(changes: dict[str, object], words: str) -> None:
    with pytest.raises(TaskError) as caught:
        parse_task(line(**changes), "tasks.jsonl:4")
    assert str(caught.value).startswith("tasks.jsonl:4: ")
    assert words in str(caught.value)


def test_a_missing_field_is_named() -> None:
    row = {k: v for k, v in GOOD.items() if k != "repo"}
    with pytest.raises(TaskError, match="field 'repo' is missing"):
        parse_task(json.dumps(row).encode(), "x:1")


@pytest.mark.parametrize("text", [b"{", b"[1]", b'"x"', b"[" * 100_000])
def test_what_is_no_object_is_refused(text: bytes) -> None:
    with pytest.raises(TaskError):
        parse_task(text, "x:1")


def test_ids_must_differ(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    path.write_bytes(line() + b"\n\n" + line() + b"\n")
    with pytest.raises(TaskError, match=r"tasks\.jsonl:3: instance_id 'ada__sums-7' stands there twice"):
        load_tasks(path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    path.write_text("\n")
    with pytest.raises(TaskError, match="no task in it"):
        load_tasks(path)


def test_the_hidden_part_is_not_shown_by_accident() -> None:
    assert "test_a" not in repr(parse_task(line(), "x:1"))
