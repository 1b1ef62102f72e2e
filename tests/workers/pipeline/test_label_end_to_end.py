"""A label of the repository's own choice starts jobs from the first day, and a changed one from its merge on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.demo.github.state import DemoPull
from deploy.demo.setup import AUTOFIX_YML, project_files
from tests.fakes.pipeline_world import NAME, World, open_world
from workers.jobs.job import State

pytestmark = pytest.mark.slow

OWN = AUTOFIX_YML.replace("label: autofix", "label: mend it")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path) as it:
        yield it


def installed(world: World, file: str) -> None:
    """The App is installed, and told so."""
    files: dict[str, bytes | str] = {".github/autofix.yml": file, **project_files()}
    world.github.add_repository(NAME, files, people={"ada": "write", "root": "admin"}, installed=False)
    world.github.install(NAME)
    assert world.go() == []


def labeled(world: World, name: str) -> list[State | None]:
    number = world.open("weight")
    world.github.label(NAME, number, name, by="ada")
    return world.go()


def test_the_label_of_the_file_starts_the_first_job(world: World) -> None:
    installed(world, OWN)
    assert labeled(world, "autofix") == []
    assert labeled(world, "Mend It") == [State.OPENED]


def test_a_label_changed_by_a_merged_pull_request_is_heard_of(world: World) -> None:
    installed(world, AUTOFIX_YML)
    repo = world.github.repository(NAME)
    own, tip = repo.objects, repo.objects.ref("refs/heads/main")
    assert tip is not None
    blob = own.add_blob(OWN.encode())
    tree = own.add_tree([(".github/autofix.yml", "100644", blob)], own.commit(tip).tree)
    who = own.commit(tip).author
    sha = own.add_commit(tree, [tip], "Another label\n", who, who)
    own.set_ref("refs/heads/label", sha)
    pull = DemoPull("label", "main", sha, tip)
    opened = world.github.actions.open_issue(repo, world.github.world.account("ada"), "Another label", "", pull)
    assert labeled(world, "mend it") == []
    world.github.merge(NAME, opened.number, by="ada")
    world.go()
    assert labeled(world, "mend it") == [State.OPENED]


def test_a_file_that_cannot_be_used_and_an_installation_open_nothing(world: World) -> None:
    installed(world, "label: [")
    assert world.github.repository(NAME).issues == {}
