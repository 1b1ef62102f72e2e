from __future__ import annotations

import pytest

from sandbox.repository.new_files import KnownNames, content_problem, lfs_paths, name_problem


@pytest.mark.parametrize(
    "path",
    [
        "a.py",
        "src/größe.py",
        "docs/a b.md",
        ".gitignore",
        "console.py",
        "auxiliary/x",
        "com.py",
        "nullable.py",
        "a.b/c",
        "x.con",
    ],
)
def test_an_ordinary_name_may_be_new(path: str) -> None:
    assert name_problem(path, KnownNames(["README.md", "src/other.py", "docs/index.md"])) is None


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("aux.py", "reserved"),
        ("src/NUL", "reserved"),
        ("con/x.py", "reserved"),
        ("LPT1.tar.gz", "reserved"),
        ("com¹.txt", "reserved"),
        ("prn .txt", "reserved"),
        ("a:b.py", "Windows"),
        ("what?.md", "Windows"),
        ('say"x".py', "Windows"),
        ("a|b", "Windows"),
        ("folder./x.py", "Windows"),
        ("x.py ", "Windows"),
        ("a\u202egpj.py", "direction"),
        ("a\u2066b.py", "direction"),
        ("a\u200bb.py", "not seen"),
        ("readme.MD", "README.md"),
        ("Src/new.py", "differs from src only"),
        ("src/Other.py", "src/other.py"),
        ("docs/cafe\u0301.md", "docs/caf\u00e9.md"),
        ("STRASSE.md", "straße.md"),
    ],
)
def test_a_name_that_some_checkout_cannot_hold_is_refused(path: str, words: str) -> None:
    why = name_problem(path, KnownNames(["README.md", "src/other.py", "docs/caf\u00e9.md", "straße.md"]))
    assert why is not None
    assert words in why


def test_a_folder_that_is_there_in_two_spellings_may_be_added_to() -> None:
    names = KnownNames(["Docs/a.md", "docs/b.md"])
    assert name_problem("docs/c.md", names) is None
    names.add("docs/c.md")
    assert "docs/c.md" in str(name_problem("docs/C.md", names))


def test_gitattributes_say_what_is_in_lfs_and_the_last_line_decides() -> None:
    in_lfs = lfs_paths(
        [
            ("", "# *.txt filter=lfs\n*.png filter=lfs diff=lfs merge=lfs -text\n/data/** filter=lfs\n*.md text\n"),
            ("icons/", "*.png -filter\n"),
        ]
    )
    given = ("a.png", "x/a.png", "icons/a.png", "data/x/y.csv", "more/data/y.csv", "a.txt", "a.md")
    assert {p: in_lfs(p) for p in given} == {
        "a.png": True,
        "x/a.png": True,
        "icons/a.png": False,
        "data/x/y.csv": True,
        "more/data/y.csv": False,
        "a.txt": False,
        "a.md": False,
    }


def test_a_new_binary_file_and_a_pointer_are_refused_and_text_is_not() -> None:
    def nothing(path: str) -> bool:
        return path.endswith(".psd")

    assert content_problem("a.txt", "größer\n".encode(), nothing) is None
    assert content_problem("a.txt", "größer\n".encode("latin-1"), nothing) is None
    assert "binary" in str(content_problem("a.bin", b"\x89PNG\0", nothing))
    assert "LFS" in str(content_problem("a.psd", b"text", nothing))
    assert "LFS" in str(
        content_problem("a.txt", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", nothing)
    )
