from __future__ import annotations

import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.errors import MirrorError, PatchRejected
from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace
from sandbox.tree import SourceTree
from tests.fakes.origin import Origin

LATIN = "größe\n".encode("latin-1")
CRLF = b"one\r\ntwo\r\n"
ATTRIBUTES = """\
tests export-ignore
*.v export-subst
*.py binary
*.txt text eol=crlf
*.u working-tree-encoding=UTF-16
*.i ident
*.f filter=evil diff=evil
"""


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    made = Origin(tmp_path / "repo")
    (made.path / "link").symlink_to("/etc/passwd")
    (made.path / "linked").symlink_to("tests")
    made.commit(
        {
            "tests/test_a.py": "def test_a(): pass\n",
            "src/crlf.py": CRLF,
            "src/latin.py": LATIN,
            "a.v": "$Format:%H$\n",
            "a.i": "$Id$\n",
            "a.f": "plain\n",
            "a.bin": bytes(range(256)),
            "run.sh": "#!/bin/sh\n",
            "größe 'x'.py": "x = 1\n",
        }
    )
    made.git("update-index", "--chmod=+x", "run.sh")
    made.git("update-index", "--add", "--cacheinfo", "160000", "1" * 40, "sub")
    made.git("commit", "-q", "-m", "submodule")
    (made.path / "run.sh").chmod(0o755)
    made.commit({".gitattributes": ATTRIBUTES})
    made.git("update-index", "--add", "--cacheinfo", "160000", "1" * 40, "sub")
    made.git("commit", "-q", "--allow-empty", "-m", "submodule again")
    return made


@pytest.fixture
def workspace(origin: Origin, tmp_path: Path) -> Iterator[Workspace]:
    with origin.workspace(tmp_path / "home") as opened:
        yield opened


def contents(tree: SourceTree) -> dict[str, bytes | str]:
    out: dict[str, bytes | str] = {}
    with tree.tar() as stream, tarfile.open(fileobj=stream) as tar:
        for member in tar:
            if member.issym():
                out[member.name] = member.linkname
            elif file := tar.extractfile(member):
                out[member.name] = file.read()
    return out


def test_files_are_listed_with_modes_and_sizes(workspace: Workspace) -> None:
    modes = {f.path: (f.mode, f.size) for f in workspace.files()}
    assert modes["run.sh"] == ("100755", 10)
    assert modes["link"] == ("120000", 11)
    assert modes["sub"] == ("160000", 0)
    assert modes["größe 'x'.py"] == ("100644", 6)
    assert list(modes) == sorted(modes)


def test_contents_survive_byte_for_byte(workspace: Workspace) -> None:
    assert workspace.read("src/crlf.py") == CRLF
    assert workspace.read("a.bin") == bytes(range(256))
    text = workspace.read_text("src/latin.py")
    assert text is not None
    assert text.encode("utf-8", "surrogateescape") == LATIN
    assert workspace.read_text("src/crlf.py") == "one\r\ntwo\r\n"


@pytest.mark.parametrize("path", ["a.bin", "link", "sub", "missing", "src", "../a.v", "/etc/passwd", "link/x"])
def test_what_is_no_text_file_reads_as_none(path: str, workspace: Workspace) -> None:
    assert workspace.read_text(path) is None


@pytest.mark.parametrize("path", ["link", "sub", "missing", "src", "../../etc/passwd"])
def test_reading_what_is_no_file_raises(path: str, workspace: Workspace) -> None:
    with pytest.raises(FileNotFoundError):
        workspace.read(path)


def test_a_large_file_is_no_text_but_can_be_read(origin: Origin, tmp_path: Path) -> None:
    origin.commit({"big.txt": b"a" * 1_000_001})
    with origin.workspace(tmp_path / "home2") as workspace:
        assert workspace.read_text("big.txt") is None
        assert len(workspace.read("big.txt")) == 1_000_001


def test_the_tar_ignores_export_attributes_filters_and_line_endings(workspace: Workspace) -> None:
    found = contents(workspace.tree())
    assert found["tests/test_a.py"] == b"def test_a(): pass\n"
    assert found["a.v"] == b"$Format:%H$\n"
    assert found["a.i"] == b"$Id$\n"
    assert found["src/crlf.py"] == CRLF
    assert found["src/latin.py"] == LATIN
    assert found["link"] == "/etc/passwd"


def test_a_filter_named_by_the_mirror_itself_is_not_run(workspace: Workspace, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    config = workspace.git_dir / "config"
    command = f"touch {mark}"
    config.write_text(
        config.read_text()
        + f'[filter "evil"]\n\tsmudge = {command}\n\tclean = {command}\n[diff "evil"]\n\ttextconv = {command}\n\tcommand = {command}\n'
    )
    patch = Patch({"a.f": b"changed\n"})
    assert contents(workspace.tree(patch))["a.f"] == b"changed\n"
    assert "+changed" in workspace.diff(patch)
    assert not mark.exists()


def test_a_patch_becomes_a_tree_that_differs_only_there(workspace: Workspace) -> None:
    patch = Patch(
        {"src/crlf.py": b"ONE\r\n\xff", "new/deep/x.sh": b"#!/bin/sh\n", "a.bin": None, "run.sh": b"#!/bin/sh\nls\n"},
        frozenset({"new/deep/x.sh"}),
    )
    tree = workspace.tree(patch)
    before, after = ({f.path: f for f in t.files()} for t in (workspace.tree(), tree))
    assert set(before) ^ set(after) == {"new/deep/x.sh", "a.bin"}
    assert {p for p in before if p in after and before[p] != after[p]} == {"src/crlf.py", "run.sh"}
    assert after["new/deep/x.sh"].mode == after["run.sh"].mode == "100755"
    assert tree.read("src/crlf.py") == b"ONE\r\n\xff"
    assert contents(tree)["src/crlf.py"] == b"ONE\r\n\xff"
    assert contents(tree)["link"] == "/etc/passwd"
    assert workspace.read("src/crlf.py") == CRLF


def test_the_mirror_is_never_written_by_a_patch(workspace: Workspace) -> None:
    def state() -> set[str]:
        return {str(p) for p in workspace.git_dir.rglob("*")}

    before = state()
    workspace.tree(Patch({"src/crlf.py": b"x"}))
    workspace.diff(Patch({"src/crlf.py": b"y"}))
    assert state() == before


def test_a_tree_is_the_same_for_the_same_patch(workspace: Workspace) -> None:
    assert workspace.tree(Patch({"x.py": b"1"})).oid == workspace.tree(Patch({"x.py": b"1"})).oid
    assert workspace.tree(Patch()).oid == workspace.tree().oid != workspace.tree(Patch({"x.py": b"1"})).oid


def test_a_folder_takes_the_place_of_a_deleted_file(workspace: Workspace) -> None:
    tree = workspace.tree(Patch({"a.v": None, "a.v/x.py": b"1"}))
    assert tree.read("a.v/x.py") == b"1"


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        ("link", b"x", "symbolic link"),
        ("link", None, "symbolic link"),
        ("link/x", b"x", "parent link is not a folder"),
        ("linked/test_b.py", b"x", "parent linked is not a folder"),
        ("sub", b"x", "submodule"),
        ("sub/x", b"x", "parent sub is not a folder"),
        ("a.v/x", b"x", "parent a.v is not a folder"),
        ("tests", b"x", "is a folder"),
        ("nothing.py", None, "no such file"),
        (".git/config", b"x", "git's own folder"),
        ("../x", b"x", "not allowed"),
        (".github/workflows/x.yml", b"x", "workflows"),
    ],
)
def test_what_does_not_fit_is_rejected_with_its_reason(
    path: str, content: bytes | None, reason: str, workspace: Workspace
) -> None:
    with pytest.raises(PatchRejected) as caught:
        workspace.tree(Patch({path: content}))
    assert [r for r in caught.value.reasons if path in r and reason in r]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"Run.SH": b"x\n"}, "run.sh"),
        ({"new/a.py": b"1\n", "new/A.py": b"2\n"}, "capitals"),
        ({"SRC/new.py": b"1\n"}, "differs from src"),
        ({"new.bin": b"\0\1"}, "binary"),
        ({"art/new.psd": b"text"}, "Git LFS"),
        ({"art/old.psd": b"text"}, "Git LFS"),
        ({"src/aux.py": b"1\n"}, "Windows"),
        ({"a\u202egpj.py": b"1\n"}, "direction"),
        ({"sub/x.py": b"1\n"}, "submodule"),
    ],
)
def test_what_a_checkout_or_git_lfs_cannot_hold_is_rejected(
    files: dict[str, bytes], words: str, origin: Origin, tmp_path: Path
) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12345\n"
    origin.commit({"art/.gitattributes": "*.psd filter=lfs diff=lfs merge=lfs -text\n", "art/old.psd": pointer})
    origin.git("update-index", "--add", "--cacheinfo", "160000", "1" * 40, "sub")
    origin.git("commit", "-q", "--allow-empty", "-m", "submodule once more")
    with origin.workspace(tmp_path / "home") as opened, pytest.raises(PatchRejected) as error:
        opened.tree(Patch(dict(files)))
    assert words in error.value.reasons[0]


def test_a_file_may_change_its_capitals_by_a_deletion(workspace: Workspace) -> None:
    assert workspace.tree(Patch({"run.sh": None, "Run.sh": b"#!/bin/sh\n"})).read("Run.sh") == b"#!/bin/sh\n"


def test_the_diff_is_unified_names_binary_files_and_reads_as_text(workspace: Workspace) -> None:
    shown = workspace.diff(
        Patch(
            {
                "tests/test_a.py": b"def test_a(): assert 1\n",
                "a.bin": b"\0",
                "größe 'x'.py": b"x = 2\n",
                "n.py": b"\xff\n",
            }
        )
    )
    assert "-def test_a(): pass\n+def test_a(): assert 1\n" in shown, "`binary` of .gitattributes is not obeyed"
    assert "Binary files a/a.bin and b/a.bin differ" in shown
    assert "größe 'x'.py" in shown
    assert "new file mode 100644" in shown
    assert workspace.diff(Patch()) == ""


def test_threads_may_read_at_once(workspace: Workspace) -> None:
    wrong: list[str] = []

    def read() -> None:
        good = all(workspace.read("src/crlf.py") == CRLF and len(workspace.read("a.bin")) == 256 for _ in range(100))
        wrong.extend([] if good else ["mixed up"])

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_closing_ends_the_reader_and_removes_the_private_objects(origin: Origin, tmp_path: Path) -> None:
    workspace = origin.workspace(tmp_path / "home2")
    tree = workspace.tree(Patch({"x": b"1"}))
    assert tree.read("x") == b"1"
    reader = workspace._objects._process
    assert reader is not None
    workspace.close()
    workspace.close()
    assert reader.returncode is not None
    with pytest.raises(MirrorError):
        tree.read("x")
