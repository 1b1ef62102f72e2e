from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.errors import PatchRejected, SandboxUnavailable
from sandbox.repository.changes import changes, untracked
from sandbox.repository.patch import Patch
from sandbox.repository.workspace import Workspace
from tests.fakes.folder_sandbox import FolderSandbox
from tests.fakes.origin import Origin

FILES: dict[str, bytes | str] = {
    ".gitignore": "*.log\nbuild/\n!keep.log\n/only-root\n",
    "sub/.gitignore": "generated.py\n",
    "a.py": "x = 1\n",
    "crlf.txt": b"a\r\nb\r\n",
    "sub/b.py": "y = 1\n",
    "tracked.log": "kept\n",
    "run.sh": "#!/bin/sh\n",
}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    origin = Origin(tmp_path / "repo")
    (origin.path / "link").symlink_to("a.py")
    for name, content in FILES.items():
        place = origin.path / name
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
    origin.git("add", "-f", "tracked.log")
    origin.commit({})
    with origin.workspace(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def box(workspace: Workspace) -> Iterator[FolderSandbox]:
    with FolderSandbox(workspace.tree()) as opened:
        yield opened


def test_an_untouched_checkout_has_no_changes(box: FolderSandbox, workspace: Workspace) -> None:
    assert changes(box, workspace) == Patch()


def test_edits_additions_deletions_and_modes_are_found(box: FolderSandbox, workspace: Workspace) -> None:
    root = Path(box.root)
    (root / "a.py").write_bytes(b"x = 2\n")  # the size stays
    os.utime(root / "a.py", (0, 0))
    (root / "crlf.txt").write_bytes(b"a\r\nB\r\n\xff")
    (root / "new dir").mkdir()
    (root / "new dir/größe\n.py").write_bytes(b"z\n")
    (root / "sub/b.py").unlink()
    (root / "run.sh").chmod(0o755)
    (root / "tracked.log").write_text("changed\n")
    assert changes(box, workspace) == Patch(
        {
            "a.py": b"x = 2\n",
            "crlf.txt": b"a\r\nB\r\n\xff",
            "new dir/größe\n.py": b"z\n",
            "sub/b.py": None,
            "run.sh": b"#!/bin/sh\n",
            "tracked.log": b"changed\n",
        },
        frozenset({"run.sh"}),
    )


def test_a_binary_file_that_a_run_left_behind_is_no_part_of_the_patch(box: FolderSandbox, workspace: Workspace) -> None:
    box.write({"db.sqlite3": b"SQLite format 3\0\x10", "a.py": b"x = 3\n"})
    assert changes(box, workspace) == Patch({"a.py": b"x = 3\n"})


def test_ignored_and_left_behind_files_are_passed_over(box: FolderSandbox, workspace: Workspace) -> None:
    box.write(
        dict.fromkeys(
            [
                "x.log",
                "sub/y.log",
                "build/out.py",
                "sub/generated.py",
                "only-root",
                "__pycache__/a.pyc",
                "x.egg-info/PKG-INFO",
                "node_modules/a/b.js",
                ".pennyfix/junit.xml",
                ".git/config",
            ],
            b"1",
        )
    )
    assert changes(box, workspace) == Patch()
    box.write(dict.fromkeys(["keep.log", "sub/only-root", "generated.py"], b"1"))
    assert changes(box, workspace).paths == ("generated.py", "keep.log", "sub/only-root")


def test_what_set_up_made_is_not_the_patchs(box: FolderSandbox, workspace: Workspace) -> None:
    box.write({"package-lock.json": b"{}"})
    before = untracked(box, workspace)
    assert before == {"package-lock.json"}
    box.write({"mine.py": b"1"})
    assert changes(box, workspace, already=before).paths == ("mine.py",)


def test_links_are_never_followed(box: FolderSandbox, workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (Path(box.root) / "new-link").symlink_to(tmp_path / "secret")
    (Path(box.root) / "dir-link").symlink_to(tmp_path)
    assert changes(box, workspace) == Patch()
    (Path(box.root) / "a.py").unlink()
    (Path(box.root) / "a.py").symlink_to(tmp_path / "secret")
    with pytest.raises(PatchRejected, match="another kind of file"):
        changes(box, workspace)


def test_too_many_and_too_large_files_are_rejected(box: FolderSandbox, workspace: Workspace) -> None:
    box.write({"big": b"x" * 1_000_001})
    with pytest.raises(PatchRejected, match="big: 1000001 bytes"):
        changes(box, workspace)
    Path(box.root, "big").unlink()
    box.write({f"n{i}": b"x" for i in range(201)})
    with pytest.raises(PatchRejected, match="201 files differ"):
        changes(box, workspace)


def test_a_git_folder_of_the_sandbox_runs_nothing(box: FolderSandbox, workspace: Workspace, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    box.write(
        {
            ".git/config": f'[core]\n\tfsmonitor = touch {mark}\n[filter "x"]\n\tclean = touch {mark}\n'.encode(),
            ".gitattributes": b"* filter=x\n",
        }
    )
    assert changes(box, workspace).paths == (".gitattributes",)
    assert not mark.exists()


def test_a_lost_sandbox_is_said_to_be_lost(workspace: Workspace) -> None:
    with FolderSandbox(lost=True) as gone, pytest.raises(SandboxUnavailable):
        changes(gone, workspace)
