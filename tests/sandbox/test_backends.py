"""Which backend is chosen, and what a person hears when none is there."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import pytest

from sandbox import backends
from sandbox.backend import Backend
from sandbox.errors import SandboxUnavailable
from sandbox.options import BackendOptions
from sandbox.reaper import Tidied, tidy
from sandbox.self_check import CHECKS, self_check
from tests.sandbox.conformance import LIMITS, TREE, quiet, recipe


def missing(options: BackendOptions) -> Backend:
    raise SandboxUnavailable("it is not installed")


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in backends.AUTO:
        monkeypatch.setitem(backends.BACKENDS, name, missing)


@pytest.mark.usefixtures("nothing")
def test_without_any_the_three_ways_to_go_on_are_named(tmp_path: Path) -> None:
    with pytest.raises(SandboxUnavailable) as failure:
        backends.choose("auto", BackendOptions(tmp_path))
    for part in (
        "make sandbox-image",
        "apt install bubblewrap",
        "PENNYFIX_SANDBOX=process",
        "isolates nothing",
        "docker: it is not",
    ):
        assert part in str(failure.value)


def test_the_first_that_starts_is_chosen_and_never_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    second = backends.BACKENDS["process"]
    monkeypatch.setitem(backends.BACKENDS, "docker", missing)
    monkeypatch.setitem(backends.BACKENDS, "bubblewrap", second)
    assert backends.choose("auto", BackendOptions(tmp_path)).name == "process"
    assert "process" not in backends.AUTO


@pytest.mark.usefixtures("nothing")
def test_a_named_backend_that_is_missing_says_its_cause(tmp_path: Path) -> None:
    with pytest.raises(SandboxUnavailable, match="it is not installed"):
        backends.choose("docker", BackendOptions(tmp_path))


def test_an_unknown_name_is_told_the_allowed_ones(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'podman': allowed are auto, docker, bubblewrap, process"):
        backends.choose("podman", BackendOptions(tmp_path))  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("docker", marks=pytest.mark.docker),
        pytest.param("bubblewrap", marks=pytest.mark.bubblewrap),
        "process",
    ],
)
def test_the_self_check_finds_that_every_promise_is_kept(tmp_path: Path, name: str) -> None:
    backend = backends.BACKENDS[name](BackendOptions(tmp_path, limits=LIMITS))
    checks = self_check(backend, LIMITS)
    assert [c for c in checks if c.ok is False] == []
    assert {c.name for c in checks} == {*CHECKS, "an environment can be prepared"}
    tidy(backend, time.time(), keep_seconds=-60.0)


def test_the_self_check_notices_a_limit_that_does_not_bite(tmp_path: Path) -> None:
    backend = backends.BACKENDS["process"](BackendOptions(tmp_path, limits=LIMITS))
    strict = dataclasses.replace(LIMITS, output_bytes=10)
    assert [c.name for c in self_check(backend, strict) if c.ok is False] == ["output is capped"]


def test_leftovers_of_a_dead_worker_and_unused_environments_are_removed(tmp_path: Path) -> None:
    backend = backends.BACKENDS["process"](BackendOptions(tmp_path, limits=LIMITS))
    environment = backend.prepare("tidy", recipe("true"), TREE, quiet)
    backend.open(environment, TREE)  # never closed
    assert tidy(backend, time.time()) == Tidied(0, 0)
    assert tidy(backend, time.time() + 3600) == Tidied(1, 0)
    assert tidy(backend, time.time() + 30 * 86_400) == Tidied(0, 1)
    with pytest.raises(SandboxUnavailable):
        backend.open(environment, TREE)
