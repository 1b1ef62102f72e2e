"""A tester is shown the fixtures that its test may use."""

from __future__ import annotations

from strategies.reproduction.fixtures import fixtures, shown
from tests.fakes.workspace import memory_workspace

FILES = {
    "conftest.py": "import pytest\n\n\n@pytest.fixture\ndef till():\n    return 1\n\n\n@pytest.fixture\ndef far():\n    pass\n",
    "tests/conftest.py": (
        "import pytest\n\n\n@pytest.fixture(name='till', scope='session')\ndef make_till(far):\n"
        '    """A till with two prices.\n\n    More words."""\n    return 2\n\n\ndef helper():\n    pass\n'
    ),
    "other/conftest.py": "import pytest\n\n\n@pytest.fixture\ndef elsewhere():\n    pass\n",
    "broken/conftest.py": "def (:\n",
}


def test_the_nearest_conftest_counts_first_and_others_folders_not_at_all() -> None:
    found = fixtures(memory_workspace(FILES), "tests/test_a.py")
    assert [(f.name, f.path) for f in found] == [("till", "tests/conftest.py"), ("far", "conftest.py")]
    assert found[0].about == "A till with two prices."
    assert found[0].source.startswith("@pytest.fixture(name='till', scope='session')\ndef make_till(far):")


def test_a_conftest_that_does_not_parse_offers_nothing() -> None:
    assert [f.name for f in fixtures(memory_workspace(FILES), "broken/test_a.py")] == ["till", "far"]


def test_what_the_neighbour_uses_is_shown_whole_and_the_rest_by_name() -> None:
    text = shown(fixtures(memory_workspace(FILES), "tests/test_a.py"), "def test_a(till):\n    pass\n")
    assert "return 2" in text
    assert text.endswith("# conftest.py: far")
