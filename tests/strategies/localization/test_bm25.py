from __future__ import annotations

import subprocess
import sys

from strategies.localization.bm25 import Ranking, query, words


def test_an_identifier_counts_whole_and_in_parts_without_common_words() -> None:
    assert set(words("the parseHTTPHeaders of self")) == {"parsehttpheaders", "parse", "http", "header"}
    assert set(words("load_user_names")) == {"load_user_names", "load", "user", "name"}


def test_other_alphabets_are_words_too() -> None:
    assert "größe" in words("Die Größe")
    assert "размер" in words("размер окна")


def test_a_rare_word_outranks_a_frequent_one_and_length_is_discounted() -> None:
    documents = {f"d{n}": words("common filler") for n in range(20)}
    documents |= {"rare": words("common needle"), "long": words("needle " + "padding other stuff " * 50)}
    ranking = Ranking(documents)
    scores = ranking.scores(query([("common needle", 1.0)]))
    assert max(scores, key=lambda name: scores[name]) == "rare"
    assert scores["long"] < scores["rare"]
    assert ranking.rarity("needle") > ranking.rarity("common")
    assert ranking.rarity("unheard") == 0


def test_nothing_to_rank_is_no_error() -> None:
    assert Ranking({}).scores({"x": 1.0}) == {}


def test_solvers_are_imported_without_the_heavy_libraries() -> None:
    program = "import sys, strategies.solvers.solve, strategies.models.litellm_model; print([m for m in ('litellm', 'docker') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
