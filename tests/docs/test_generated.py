"""What is generated in the documents is what the code says now, and describes all of it."""

from __future__ import annotations

import pytest

from strategies.registry import STRATEGIES
from tests.docs import configuration
from tests.docs.generated import PARTS, ROOT, with_part, written_anew
from tests.docs.strategies import DESCRIBED, GROUPS, module_of, sources_in
from workers.config.operator_file import Operator
from workers.config.repository_file import RepositoryFile
from workers.config.settings import Settings


@pytest.mark.parametrize("path", PARTS)
def test_what_is_generated_is_what_the_code_says(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == written_anew(path), "write it anew: make docs"


def test_a_part_is_written_anew_and_the_rest_stays() -> None:
    before = "# Title\n\n<!-- table: old words -->\nold\n<!-- end of table -->\n\nrest\n"
    after = with_part(before, "table", "new \\1")
    assert after.startswith("# Title\n\n<!-- table: written by")
    assert after.endswith("-->\n\nnew \\1\n\n<!-- end of table -->\n\nrest\n")
    assert with_part(after, "table", "new \\1") == after


def test_a_part_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ValueError, match="'table' stands 0 times"):
        with_part("# Title\n", "table", "new")


@pytest.mark.parametrize(
    ("model", "meanings"),
    [
        (Settings, configuration.ENVIRONMENT),
        (Operator, configuration.OPERATOR),
        (RepositoryFile, configuration.REPOSITORY),
    ],
)
def test_every_setting_has_a_meaning_and_no_other_has(model: type, meanings: dict[str, str]) -> None:
    assert sorted(name for name, _ in configuration.fields(model)) == sorted(meanings)


def test_every_default_that_is_told_in_words_is_of_a_setting() -> None:
    named = {name for model in (Settings, Operator, RepositoryFile) for name, _ in configuration.fields(model)}
    assert set(configuration.DEFAULTS) <= named


def test_every_strategy_is_described_once_in_one_group() -> None:
    assert sorted(DESCRIBED) == sorted(STRATEGIES)
    assert sorted(name for group in GROUPS for name in group.names) == sorted(STRATEGIES)


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_strategys_source_is_the_one_that_its_file_names(name: str) -> None:
    path = module_of(STRATEGIES[name]())
    assert (ROOT / path).is_file()
    named = sources_in(path)
    told = {word.strip(",") for word in DESCRIBED[name].source.split() if word[:4].isdigit()}
    assert told <= named or not named, f"{path} names {sorted(named)}"
