from __future__ import annotations

import pytest

from strategies.localization.symbols import definitions, imports


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (
            "a.py",
            "class A:\n    limit = 3\n\n    def f(self):\n        x = 1\n        return x\n\n    def g(self):\n        pass\n",
            {"A": (1, 9), "limit": (2, 2), "f": (4, 6), "g": (8, 9)},
        ),
        ("a.py", "async def run(a):\n    await a\n", {"run": (1, 2)}),
        ("a.py", "def f(\n    a,\n    b=1,\n):\n    return a\n\n\nx = 1\n", {"f": (1, 5), "x": (8, 8)}),
        ("a.py", "try:\n    import x\nexcept ImportError:\n    def x():\n        pass\n", {"x": (4, 5)}),
        ("a.py", "LIMIT = 3\nif a == b:\n    pass\n", {"LIMIT": (1, 1)}),
        ("s.go", "func (s *Server) Serve() {\n\ts.run()\n}\n", {"Serve": (1, 3)}),
        (
            "a.ts",
            "export default function start(a) {\n  go(a);\n}\nexport const top = 3;\n",
            {"start": (1, 3), "top": (4, 4)},
        ),
        (
            "a.js",
            "exports.load = load;\nApp.prototype.use = function (fn) {\n  fn();\n};\n",
            {"load": (1, 1), "use": (2, 4)},
        ),
        ("a.js", "module.exports = {\n  parse(text) {\n    return 1;\n  },\n};\n", {"parse": (2, 4)}),
        ("l.rs", "pub(crate) fn decode(x: u8) -> u8 {\n    x\n}\n", {"decode": (1, 3)}),
        (
            "l.rs",
            "impl<T> Frame {\n    pub fn len(&self) -> u8 {\n        1\n    }\n}\n",
            {"Frame": (1, 5), "len": (2, 4)},
        ),
        (
            "P.java",
            "public class P {\n    public void parse(String t) throws X {\n        go();\n    }\n}\n",
            {"P": (1, 5), "parse": (2, 4)},
        ),
        ("l.rs", "impl A {\n    pub fn new() -> A {\n        A\n    }\n}\n", {"A": (1, 5), "new": (2, 4)}),
        ("a.py", "def match(x):\n    return x\n", {"match": (1, 2)}),
        ("notes.md", "def f():\n    pass\n", {}),
    ],
)
def test_definitions_are_found_with_their_extent(path: str, text: str, expected: dict[str, tuple[int, int]]) -> None:
    assert {d.name: (d.first, d.last) for d in definitions(path, text)} == expected


@pytest.mark.parametrize(
    ("path", "text", "names"),
    [
        (
            "a.py",
            "def test_it():\n    result = 1\n    def helper():\n        pass\n    class Local:\n        x = 1\n",
            ["test_it"],
        ),
        ("a.py", "call(\n    key=1,\n)\n", []),
        ("a.js", "describe('x', () => {\n  it('y', () => {\n    const z = 1;\n  });\n});\n", []),
        ("a.js", "if (a) {\n  go();\n}\nfor (const x of y) {\n}\n", []),
        ("a.go", "func main() {\n\tvar x int = 1\n\tgo func() {\n\t}()\n}\n", ["main"]),
    ],
)
def test_what_is_local_to_a_function_is_no_definition(path: str, text: str, names: list[str]) -> None:
    assert [d.name for d in definitions(path, text)] == names


@pytest.mark.parametrize(
    ("path", "text", "paths", "expected"),
    [
        (
            "src/a/b.py",
            "from a.c import d\nimport a.e\n",
            {"src/a/c.py", "src/a/e.py", "x.py"},
            {"src/a/c.py", "src/a/e.py"},
        ),
        (
            "a/b.py",
            "from . import c\nfrom .d import x\nfrom ..e import y\n",
            {"a/__init__.py", "a/c.py", "a/d.py", "e.py"},
            {"a/__init__.py", "a/c.py", "a/d.py", "e.py"},
        ),
        (
            "web/a.ts",
            "import x from './b';\nconst y = require('../c/index.js');\nimport z from 'react';\n",
            {"web/b.ts", "c/index.js", "react.ts"},
            {"web/b.ts", "c/index.js"},
        ),
        ("A.java", "import org.acme.B;\n", {"src/main/java/org/acme/B.java"}, {"src/main/java/org/acme/B.java"}),
        (
            "src/lib.rs",
            "mod wire;\nuse crate::codec::Frame;\n",
            {"src/wire.rs", "src/codec.rs"},
            {"src/wire.rs", "src/codec.rs"},
        ),
        ("cmd/a.go", "package main\n", {"cmd/b.go", "pkg/c.go"}, {"cmd/b.go"}),
    ],
)
def test_imports_point_to_files_of_the_repository(path: str, text: str, paths: set[str], expected: set[str]) -> None:
    assert set(imports(path, text, paths)) == expected
