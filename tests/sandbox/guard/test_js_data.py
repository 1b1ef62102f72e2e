from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.guard.globs import matches_glob
from sandbox.guard.js_data import NotData, exported_data, parse_js_data


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{\"a\": [1, 2,], /* c */ b: 'x', // d\n}", {"a": [1.0, 2.0], "b": "x"}),
        ("{ a: true, b: null, c: /x\\/y/i }", {"a": True, "b": None, "c": "x\\/y"}),
        ('{"\\u0061": "\\n"}', {"a": "\n"}),
        (
            "{ a: f(1, { b: 2 }), ...rest, m() { return {} } }",
            {"a": "f(1, { b: 2 })", "…1": "...rest", "…2": "m() { return {} }"},
        ),
        ("[`x`, 'a' + 'b']", ["x", "'a' + 'b'"]),
    ],
)
def test_data_is_read_and_the_rest_stays_text(text: str, value: object) -> None:
    assert parse_js_data(text) == value


@pytest.mark.parametrize("text", ["", "{", "['a'", "{a:1} b", "{a: ]}", '"x'])
def test_what_does_not_end_is_not_data(text: str) -> None:
    with pytest.raises(NotData):
        parse_js_data(text)


@given(st.text(alphabet="{}[]()'\"`/\\,:ab1 \n.*-", max_size=60))
def test_no_text_makes_it_hang_or_break(text: str) -> None:
    with contextlib.suppress(NotData):
        parse_js_data(text)
    exported_data(f"module.exports = {text}")


@pytest.mark.parametrize(
    "text",
    [
        "module.exports = { a: 1 }",
        "export default { a: 1 };",
        "import { defineConfig } from 'vitest/config'\nexport default defineConfig({ a: 1 })",
        "const config: Config = { a: 1 };\nexport default config;\n",
        "/** @type {x} */\nconst c = { a: 1 }\nmodule.exports = c",
        "export default defineConfig(() => ({ a: 1 }))",
    ],
)
def test_the_exported_object_is_found(text: str) -> None:
    assert exported_data(text) == {"a": 1.0}


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("**/*.test.js", "a/b/c.test.js", True),
        ("**/*.test.js", "c.test.js", True),
        ("src/*.js", "src/a/b.js", False),
        ("**/?(*.)+(spec|test).[jt]s?(x)", "a/b.spec.tsx", True),
        ("**/?(*.)+(spec|test).[jt]s?(x)", "a/b.specs.tsx", False),
        ("{a,b}/**", "b/c/d", True),
        ("<rootDir>/x/*.js", "x/a.js", True),
        ("[!a].js", "a.js", False),
        ("a.js", "axjs", False),
        ("(((", "a", False),
    ],
)
def test_globs_of_javascripts_runners(glob: str, path: str, *, matches: bool) -> None:
    assert matches_glob(path, glob) is matches
