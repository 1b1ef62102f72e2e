from __future__ import annotations

from strategies.localization.functions import LONG, parts_of, scored
from strategies.localization.layout import SHARES, Candidate, cost, fitted, lay_out, whole
from strategies.localization.passages import PASSAGE, best_passage
from strategies.localization.symbols import definitions

FILE = '"""About."""\n\nimport os\n\n\n@cached\ndef first(a):\n    return a\n\n\nclass C:\n    """Doc."""\n\n    # why\n    def second(self):\n        return 2\n\n    limit = 3\n'

BODIES = (("a", "1"), ("b", "needle"), ("c", "1"), ("d", "1"), ("e", "1"), ("parse_it", "1"), ("f", "1"))
WANTED = {"needle": 3.0, "parse": 0.5}


def many(count: int, body: str = "    return x + y\n") -> str:
    return "".join(f"def function_{n}(x, y):\n{body}\n\n" for n in range(count))


def spans(text: str) -> list[tuple[int, int]]:
    return [(part.first, part.last) for part in parts_of(text, definitions("a.py", text))]


def test_a_file_is_taken_apart_without_a_gap_and_a_function_keeps_what_stands_right_above_it() -> None:
    assert spans(FILE) == [(1, 5), (6, 10), (11, 13), (14, 17), (18, 18)]


def test_a_long_function_is_taken_in_pieces_that_cover_it() -> None:
    text = "def long():\n" + "    x = 1\n" * (LONG + 50)
    found = spans(text)
    assert len(found) > 1
    assert [line for a, b in found for line in range(a, b + 1)] == list(range(1, LONG + 52))


def test_a_file_without_functions_is_one_part_or_pieces_of_it() -> None:
    assert spans("x = 1\n") == [(1, 1)]
    assert spans("") == [(1, 1)]


def test_the_function_with_the_words_of_the_question_scores_highest_but_what_is_pointed_at_beats_it() -> None:
    text = "def add(a):\n    return a\n\n\ndef parse_header(text):\n    return text\n\n\ndef last():\n    pass\n"
    parts = parts_of(text, definitions("a.py", text))
    plain = scored(text, parts, {"header": 1.0, "parse": 1.0}, ())
    assert plain.index(max(plain)) == next(n for n, p in enumerate(parts) if "parse_header" in p.names)
    pointed = scored(text, parts, {"header": 1.0, "parse": 1.0}, [(10, 10)])
    assert pointed.index(max(pointed)) == len(parts) - 1


def test_a_file_that_fits_is_whole_and_one_that_does_not_is_its_best_functions() -> None:
    text = many(200)
    file = Candidate("a.py", text, ((1 + 4 * 150, 1 + 4 * 150),))
    assert fitted(file, {}, 100_000)[0] == whole(text)
    ranges, used = fitted(file, {"function_7": 1.0}, 400)
    assert used <= 400
    assert any(a <= 601 <= b for a, b in ranges)
    assert any(a <= 29 <= b for a, b in ranges)


def test_shares_are_kept_and_what_one_file_does_not_need_goes_on() -> None:
    big = many(3_000)
    words = {"function": 1.0, "return": 0.5}
    files = [Candidate("small.py", "def function():\n    pass\n"), *(Candidate(f"{n}.py", big) for n in range(4))]
    limit = 20_000
    laid = lay_out(files, words, limit)
    assert laid["small.py"] == whole("def function():\n    pass\n")
    costs = [cost(file.text, laid[file.path]) for file in files]
    assert sum(costs) <= limit
    assert costs[1] > limit * (SHARES[0] + SHARES[1]) * 0.9
    assert costs[1] > costs[2] > costs[3]


def test_everything_is_shown_where_there_is_room() -> None:
    files = [Candidate(f"{n}.py", many(3)) for n in range(8)]
    assert lay_out(files, {"x": 1.0}, 20_000) == {file.path: whole(file.text) for file in files}


def test_no_room_shows_nothing() -> None:
    assert lay_out([Candidate("a.py", many(50))], {"x": 1.0}, 10) == {}


def test_the_passage_with_most_different_words_is_found() -> None:
    lines = ["cart"] * 100 + ["cart total", "discount"] + ["nothing"] * 100
    found = best_passage("\n".join(lines), {"cart": 1.0, "total": 2.0, "discount": 2.0})
    assert found is not None
    assert found.first <= 101 <= found.last
    assert found.last - found.first < PASSAGE
    assert found.score == 5.0
    assert best_passage("\n".join(lines), {"unheard": 1.0}) is None


def test_the_head_the_neighbour_and_a_name_add_to_a_part_but_words_decide() -> None:
    text = "import os\n\n\n" + "".join(f"def {name}():\n    return {word}\n\n\n" for name, word in BODIES)
    parts = parts_of(text, definitions("a.py", text))
    scores = dict(
        zip([part.names[0] if part.names else "head" for part in parts], scored(text, parts, WANTED, ()), strict=True)
    )
    assert max(scores, key=lambda name: scores[name]) == "b"
    assert scores["c"] == scores["a"] > scores["d"] == 0
    assert scores["head"] > scores["d"]
    assert scores["parse_it"] > scores["d"]


def test_a_small_part_goes_before_a_large_one_that_scores_alike() -> None:
    large = "def large():\n    needle\n" + "    x = 1\n" * 100
    small = "def small():\n    needle\n"
    ranges, _ = fitted(Candidate("a.py", large + "\n\n" + small), {"needle": 1.0}, 200)
    assert ranges == ((105, 106),)
