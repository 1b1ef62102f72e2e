from __future__ import annotations

from pathlib import Path

from strategies.issue import Issue
from strategies.localization.bm25 import query
from strategies.localization.history import MOST_FILES, Commit, History, history, read_log
from strategies.localization.localize import rank
from tests.fakes.origin import Origin
from tests.fakes.workspace import memory_workspace

COMMITS = (
    Commit("Round the total of a cart to cents", ("money.py", "tests/test_money.py")),
    Commit("Send mail in the background", ("mail.py",)),
    Commit("Round everything again", ("money.py", "a.py", "b.py", "c.py")),
)


def test_files_of_commits_that_sound_alike_are_pointed_at() -> None:
    votes = History(COMMITS).alike(query([("rounding of cents: round the total", 1.0)]))
    assert max(votes, key=lambda path: votes[path]) == "money.py"
    assert votes["money.py"] == 1.0
    assert votes["a.py"] < votes["tests/test_money.py"]
    assert "mail.py" not in votes


def test_a_question_without_a_word_of_the_history_points_nowhere() -> None:
    assert History(COMMITS).alike(query([("unheard of", 1.0)])) == {}
    assert History().alike(query([("round", 1.0)])) == {}


def test_what_changed_often_and_lately_comes_first_and_sweeping_commits_count_less() -> None:
    commits = (Commit("x", ("late.py",)), *(Commit("x", ("other.py",)),) * 3, *(Commit("x", ("a.py", "b.py")),) * 3)
    often = History(commits).often
    assert max(often, key=lambda path: often[path]) == "other.py"
    assert often["other.py"] == 1.0
    assert often["late.py"] < often["a.py"] < 1.0
    old = Commit("x", ("old.py",))
    assert History((Commit("x", ("new.py",)), *(Commit("x", ("z.py",)),) * 2_000, old)).often["old.py"] < 0.1


def test_files_that_changed_together_point_at_each_other() -> None:
    commits = (Commit("x", ("a.py", "b.py")), Commit("y", ("a.py", "b.py")), Commit("z", ("a.py", "c.py")))
    found = History(commits).together({"a.py": 1.0})
    assert found == {"b.py": 1.0, "c.py": 0.5}
    assert History(commits).together({"gone.py": 1.0}) == {}


def test_a_log_is_read_with_messages_of_many_lines_and_without_sweeping_commits() -> None:
    sweeping = "\n".join(f"f{n}.py" for n in range(MOST_FILES + 1))
    told = f"\x01One\n\nbody\n\x02\n\na b.py\nc.py\n\x01Empty\x02\n\x01All\x02\n\n{sweeping}\n"
    assert read_log(told) == (Commit("One\n\nbody\n", ("a b.py", "c.py")),)


def test_the_history_up_to_the_base_is_read_from_the_mirror(tmp_path: Path) -> None:
    origin = Origin(tmp_path / "repo")
    origin.commit({"till.py": "x = 1\n"})
    origin.commit({"other.py": "y = 1\n"})
    with origin.workspace(tmp_path / "home") as workspace:
        assert [commit.paths for commit in history(workspace).commits] == [("other.py",), ("till.py",)]


def test_what_a_similar_commit_changed_is_located_though_no_word_is_shared(tmp_path: Path) -> None:
    origin = Origin(tmp_path / "repo")
    origin.commit({"till.py": "x = 1\n", "sluice.py": "y = 1\n"})
    origin.commit({"till.py": "x = 2\n"})
    with origin.workspace(tmp_path / "home") as workspace:
        assert rank(Issue(1, "another change", ""), workspace)[0].path == "till.py"


def test_without_a_repository_there_is_no_history() -> None:
    assert history(memory_workspace({"a.py": "x = 1\n"})) == History()
