from __future__ import annotations

import pytest

from strategies.localization.symbols import definitions, imports


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "class A:\n    def f(self):\n        x = 1\n        return x\n\n    def g(self):\n        pass\n",
            {"A": [(1, 7)], "f": [(2, 4)], "x": [(3, 3)], "g": [(6, 7)]},
        ),
        ("async def run(a):\n    await a\n", {"run": [(1, 2)]}),
        ("func (s *Server) Serve() {\n\ts.run()\n}\n", {"Serve": [(1, 3)]}),
        (
            "export default function start(a) {\n  go(a);\n}\nexport const top = 3;\n",
            {"start": [(1, 3)], "top": [(4, 4)]},
        ),
        ("pub(crate) fn decode(x: u8) -> u8 {\n    x\n}\n", {"decode": [(1, 3)]}),
        (
            "public class P {\n    public void parse(String t) throws X {\n        go();\n    }\n}\n",
            {"P": [(1, 5)], "parse": [(2, 4)]},
        ),
        ("LIMIT = 3\nif a == b:\n    pass\n", {"LIMIT": [(1, 1)]}),
    ],
)
def test_definitions_are_found_with_their_extent(text: str, expected: dict[str, list[tuple[int, int]]]) -> None:
    assert definitions(text) == expected


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
