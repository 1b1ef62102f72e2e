"""When two patches are the same, and which are alike."""

from __future__ import annotations

from sandbox.repository.patch import Patch
from strategies.methods.similarity import clusters, normal, similarity


def patch(text: str, path: str = "a.py") -> Patch:
    return Patch({path: text.encode()})


def test_python_that_differs_in_layout_and_comments_is_the_same() -> None:
    assert normal(patch("x = f(1,2) # why\n")) == normal(patch("x = f(\n    1,\n    2,\n)\n"))


def test_python_that_differs_in_meaning_is_not() -> None:
    assert normal(patch("x = f(1, 2)\n")) != normal(patch("x = f(2, 1)\n"))


def test_other_files_are_compared_by_their_words() -> None:
    assert normal(patch("a  b\n", "a.txt")) == normal(patch("a b\n", "a.txt"))
    assert normal(patch("def (", "a.py")) == normal(patch("def  (", "a.py"))


def test_a_deletion_is_no_empty_file() -> None:
    assert normal(Patch({"a.py": None})) != normal(Patch({"a.py": b""}))


def test_alike_patches_cluster_and_the_largest_comes_first() -> None:
    base = "def total(prices):\n    result = 0\n    for price in prices:\n        result += price\n    return result\n"
    odd = patch("class Till:\n    pass\n")
    alike = [patch(base), odd, patch(base.replace("result", "sum_")), patch(base.replace("price in", "p in"))]
    assert similarity(alike[0], alike[3]) > 0.8
    assert clusters(alike)[0][0] == 0
    assert (1,) in clusters(alike)
