from __future__ import annotations

import pytest

from strategies.localization.file_kinds import is_configuration, is_prose, is_skipped, is_test


@pytest.mark.parametrize(
    ("path", "kinds"),
    [
        ("src/shop/cart.py", ""),
        ("lib/index.js", ""),
        ("src/contest.py", ""),
        ("tests/test_cart.py", "test"),
        ("pkg/cart_test.go", "test"),
        ("src/add/test.ts", "test"),
        ("typings/index.test-d.ts", "test"),
        ("src/test/java/CartTest.java", "test"),
        ("benches/parse.rs", "test"),
        ("docs/usage.rst", "prose"),
        ("examples/hello.py", "prose"),
        ("CHANGELOG.md", "prose"),
        ("setup.cfg", "configuration"),
        ("pyproject.toml", "configuration"),
        ("package.json", "configuration"),
        (".github/workflows/ci.yml", "configuration"),
        ("rollup.config.js", "configuration"),
        ("LICENSE", "configuration"),
        ("vendor/x/y.go", "skipped"),
        ("app.min.js", "skipped"),
    ],
)
def test_a_path_says_what_a_file_is(path: str, kinds: str) -> None:
    said = {"test": is_test, "prose": is_prose, "configuration": is_configuration, "skipped": is_skipped}
    assert [name for name, kind in said.items() if kind(path)] == ([kinds] if kinds else [])
