"""The figures of `make check` are counted, not claimed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import house
from tests.house import Source


def test_a_room_is_a_folder_with_python_files_and_the_largest_comes_first() -> None:
    files = [Source("a/b/one.py", ""), Source("a/b/two.py", ""), Source("a/one.py", ""), Source("pennyfix.py", "")]
    assert list(house.rooms(files).items()) == [("a/b", 2), ("a", 1)]


def test_lines_of_a_function_run_from_def_to_its_end_also_inside_a_class() -> None:
    text = "@wrapped\ndef outer():\n    x = 1\n\n    return x\n\n\nclass C:\n    async def inner(self):\n        ...\n"
    found = {f.name: f.lines for f in house.functions([Source("a/one.py", text)])}
    assert found == {"outer": 4, "inner": 2}
    assert Source("a/one.py", text).lines == 10


def test_a_class_name_is_defined_once_or_says_why_not() -> None:
    plain, other = Source("a/one.py", "class Tree:\n    ...\n"), Source("b/two.py", "class Tree:\n    ...\n")
    assert house.doubled_classes([plain, other]) == ["class Tree is defined in a/one.py, b/two.py"]
    reasoned = Source("b/two.py", "class Tree:  # same name: GitHub's own word for it\n    ...\n")
    assert house.doubled_classes([plain, reasoned]) == []
    empty = Source("b/two.py", "class Tree:  # same name: \n    ...\n")
    assert house.doubled_classes([plain, empty]) != []


def project(folder: Path, name: str, upper: str, lower: str, contract: str = "") -> Path:
    """A package with two layers, each with the given text, and the contract that keeps them apart."""
    package = folder / name
    package.mkdir()
    for file, text in (("__init__", ""), ("upper", upper), ("lower", lower)):
        (package / f"{file}.py").write_text(text)
    config = folder / "pyproject.toml"
    config.write_text(
        f'[tool.importlinter]\nroot_packages = ["{name}"]\n[[tool.importlinter.contracts]]\nname = "layers"\n'
        f'type = "layers"\ncontainers = ["{name}"]\nexhaustive = true\nlayers = ["upper", "lower"]\n{contract}'
    )
    return config


def test_imports_uphill_are_counted_from_the_contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    downhill = project(tmp_path, "house_downhill", "import house_downhill.lower\n", "")
    report = house.layers(downhill)
    assert (house.uphill(report), report.contains_failures) == (0, False)
    uphill = project(tmp_path, "house_uphill", "", "import house_uphill.upper\n")
    report = house.layers(uphill)
    assert (house.uphill(report), report.contains_failures) == (1, True)


def test_a_file_that_no_layer_names_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    config = project(tmp_path, "house_stray", "", "")
    (tmp_path / "house_stray" / "stray.py").write_text("")
    assert house.layers(config).contains_failures


def test_what_is_over_a_limit_is_named_and_ends_with_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    long = "def f():\n" + "    x = 1\n" * 500
    crowded = [Source(f"a/{n}.py", "") for n in range(23)]
    monkeypatch.setattr(house, "product_files", lambda: [Source("b/long.py", long), *crowded])
    assert house.main() == 1
    said = capsys.readouterr().out.strip().splitlines()
    assert said[-4:] == [
        "a/ holds 23 files, at most 22",
        "b/long.py has 501 lines, at most 500",
        "b/long.py: f has 501 lines, at most 80",
        "house: 2 rooms, largest 23 files, longest file 501 lines, longest function 501 lines, 0 imports uphill",
    ]


def test_data_and_other_peoples_projects_are_not_counted() -> None:
    paths = {file.path for file in house.product_files()}
    assert {"pennyfix.py", "webhook/signature.py", "deploy/demo/demo.py"} <= paths
    assert not [p for p in paths if p.startswith(("deploy/demo/project/", "workers/migrations/", "tests/"))]


def test_every_layers_contract_is_exhaustive_but_the_one_between_the_packages() -> None:
    contracts = [contract for contract, _ in house.layers().get_contracts_and_checks()]
    inside = [c for c in contracts if type(c).__name__ == "LayersContract" and c.contract_options.get("containers")]
    assert {c.contract_options["containers"][0] for c in inside} >= {"webhook", "workers", "strategies", "sandbox"}
    assert all(str(c.contract_options.get("exhaustive")).lower() == "true" for c in inside)
