from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.toolchains import LAYERS, advice, missing_layers

SCRIPTS = Path(__file__).parents[2] / "deploy" / "sandbox" / "layers"


@pytest.mark.parametrize(
    ("log", "layers"),
    [
        ("sh: 1: npm: not found\n", ("node",)),
        ("bash: line 1: cargo: command not found", ("rust",)),
        ("/bin/sh: 3: go: not found", ("go",)),
        ("error: command 'gcc' failed: No such file or directory", ("python",)),
        ("sh: 1: mvn: not found\nsh: 1: node: not found", ("node", "java")),
        ("module node: not found-ness", ()),
        ("sh: 1: frobnicate: not found", ()),
        ("npm: found everything", ()),
    ],
)
def test_a_program_that_is_missing_names_its_layer(log: str, layers: tuple[str, ...]) -> None:
    assert missing_layers(log) == layers
    assert all(layer in advice(log) for layer in layers)
    assert bool(advice(log)) is bool(layers)


def test_every_layer_has_a_script_and_every_script_is_a_layer() -> None:
    assert {p.stem for p in SCRIPTS.glob("*.sh")} - {"functions", "run"} == set(LAYERS)
