from __future__ import annotations

import base64
import multiprocessing
import threading
from pathlib import Path

import pytest

from sandbox.errors import MirrorError
from sandbox.repository.git import redacted
from sandbox.repository.mirror import Mirror, protocol
from tests.fakes.git_http import git_http
from tests.fakes.origin import Origin

TOKEN = "ghs_" + "a1B2" * 12 + ".x_y"


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    made = Origin(tmp_path / "srv" / "repo")
    made.commit({"a.txt": "one\n"})
    return made


def _spy(pid_of_test: int, until: threading.Event, seen: set[bytes]) -> None:
    while not until.is_set():
        for place in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen.add(place.read_bytes())
            except OSError:
                continue


def test_the_token_is_sent_but_is_in_no_argv_no_config_and_no_remote(tmp_path: Path, origin: Origin) -> None:
    with git_http(origin.path.parent, token=TOKEN) as http:
        mirror = Mirror.open(tmp_path / "home", "r1")
        seen: set[bytes] = set()
        until = threading.Event()
        spy = threading.Thread(target=_spy, args=(0, until, seen))
        spy.start()
        http.answered.clear()
        threading.Timer(0.7, http.answered.set).start()
        try:
            mirror.fetch(f"{http.url}/repo/.git", token=TOKEN)
        finally:
            until.set()
            spy.join()
        assert {given for _, given in http.requests} == {
            "Basic " + base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
        }
    fetching = [argv for argv in seen if b"ls-remote" in argv or b"remote-http" in argv]
    assert fetching, "the spy saw git at work"
    forms = (TOKEN.encode(), base64.b64encode(f"x-access-token:{TOKEN}".encode()))
    assert not [argv for argv in seen if any(form in argv for form in forms)]
    for place in mirror.path.parent.rglob("*"):
        if place.is_file():
            assert not any(form in place.read_bytes() for form in forms), place
    assert "remote" not in (mirror.path / "config").read_text()


def test_a_wrong_token_is_an_error_without_the_token(tmp_path: Path, origin: Origin) -> None:
    with git_http(origin.path.parent, token="other") as http, pytest.raises(MirrorError) as caught:
        Mirror.open(tmp_path / "home", "r1").fetch(f"{http.url}/repo/.git", token=TOKEN)
    assert TOKEN not in str(caught.value)
    assert "Basic" not in str(caught.value)


def test_a_redirect_is_not_followed(tmp_path: Path, origin: Origin) -> None:
    with git_http(origin.path.parent) as target, git_http(origin.path.parent, redirect=target.url) as http:
        with pytest.raises(MirrorError):
            Mirror.open(tmp_path / "home", "r1").fetch(f"{http.url}/repo/.git", token=TOKEN)
        assert target.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/a.git",
        "ssh://git@github.com/a/b",
        "git@github.com:a/b.git",
        "ext::sh -c id",
        "file:///etc",
        "--upload-pack=id",
        "https://x:y@github.com/a/b",
        "git://github.com/a/b",
    ],
)
def test_other_urls_are_refused_before_git_is_run(url: str, tmp_path: Path) -> None:
    with pytest.raises(MirrorError):
        Mirror.open(tmp_path, "r1").fetch(url)


def test_the_allowed_forms_name_their_protocol() -> None:
    assert [protocol(u) for u in ("https://github.com/a/b", "http://localhost:1/a", "/srv/a")] == [
        "https",
        "http",
        "file",
    ]


def test_fetching_follows_new_forced_and_deleted_branches(tmp_path: Path, origin: Origin) -> None:
    first = origin.git("rev-parse", "HEAD")
    origin.git("branch", "gone")
    mirror = Mirror.of_local(tmp_path / "home", origin.path)
    assert mirror.resolve("gone") == first
    origin.git("branch", "-D", "gone")
    second = origin.commit({"a.txt": "two\n"})
    mirror = Mirror.of_local(tmp_path / "home", origin.path)
    assert mirror.resolve("trunk") == second
    assert mirror.resolve(first) == first
    origin.git("reset", "-q", "--hard", first)
    assert Mirror.of_local(tmp_path / "home", origin.path).resolve("HEAD") == first
    with pytest.raises(MirrorError, match="no branch or commit 'gone'"):
        mirror.resolve("gone")


def test_the_default_branch_is_the_remotes(tmp_path: Path, origin: Origin) -> None:
    origin.git("branch", "other")
    with git_http(origin.path.parent) as http:
        mirror = Mirror.open(tmp_path / "home", "r1")
        mirror.fetch(f"{http.url}/repo/.git")
        assert mirror.default_branch() == "trunk"
        origin.git("symbolic-ref", "HEAD", "refs/heads/other")
        mirror.fetch(f"{http.url}/repo/.git")
    assert mirror.default_branch() == "other"


def test_a_detached_local_head_is_found(tmp_path: Path, origin: Origin) -> None:
    first = origin.git("rev-parse", "HEAD")
    origin.commit({"a.txt": "two\n"})
    origin.git("checkout", "-q", "--detach", first)
    mirror = Mirror.of_local(tmp_path / "home", origin.path)
    assert mirror.default_branch() == "HEAD"
    assert mirror.resolve("HEAD") == first


def test_a_folder_inside_a_checkout_and_a_linked_work_tree_are_found(tmp_path: Path, origin: Origin) -> None:
    head = origin.commit({"deep/er/b.txt": "x\n"})
    origin.git("worktree", "add", "-q", str(tmp_path / "linked"), "-b", "side")
    assert Mirror.of_local(tmp_path / "home", origin.path / "deep" / "er").resolve("HEAD") == head
    assert Mirror.of_local(tmp_path / "home", tmp_path / "linked").default_branch() == "side"


def test_uncommitted_work_is_not_part_of_the_base(tmp_path: Path, origin: Origin) -> None:
    (origin.path / "a.txt").write_text("dirty\n")
    with origin.workspace(tmp_path / "home") as workspace:
        assert workspace.read("a.txt") == b"one\n"


@pytest.mark.parametrize("ref", ["--help", "-x", "a b", "HEAD^{tree}:x", ""])
def test_a_ref_that_is_an_option_or_nonsense_is_only_not_found(ref: str, tmp_path: Path, origin: Origin) -> None:
    with pytest.raises(MirrorError):
        Mirror.of_local(tmp_path / "home", origin.path).resolve(ref)


@pytest.mark.parametrize("key", ["../x", "a/b", "", ".git", "a\n"])
def test_a_key_that_is_no_file_name_is_refused(key: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="mirror key"):
        Mirror.open(tmp_path, key)


def test_hooks_and_configuration_of_the_machine_are_not_run(tmp_path: Path, origin: Origin) -> None:
    mark = tmp_path / "ran"
    mirror = Mirror.open(tmp_path / "home", "r1")
    for name in ("post-update", "reference-transaction", "pre-auto-gc", "post-checkout"):
        hook = mirror.path / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {mark}\n")
        hook.chmod(0o755)
    mirror.fetch(str(origin.path))
    with mirror.workspace("trunk") as workspace:
        workspace.tree()
    assert not mark.exists()


def _open_and_fetch(home: str, url: str) -> None:
    Mirror.open(Path(home), "shared").fetch(url)


def test_processes_share_a_mirror(tmp_path: Path, origin: Origin) -> None:
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=_open_and_fetch, args=(str(tmp_path), str(origin.path))) for _ in range(3)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [p.exitcode for p in both] == [0, 0, 0]
    assert Mirror.open(tmp_path, "shared").resolve("trunk") == origin.git("rev-parse", "HEAD")


def test_a_tree_with_a_git_folder_is_refused_while_fetching(tmp_path: Path, origin: Origin) -> None:
    blob = origin.git("hash-object", "-w", "--stdin", stdin=b"x")
    inner = origin.git("mktree", stdin=f"100644 blob {blob}\tconfig\n".encode())
    tree = origin.git("mktree", stdin=f"040000 tree {inner}\t.GIT\n".encode())
    commit = origin.git("commit-tree", tree, "-m", "evil")
    origin.git("update-ref", "refs/heads/trunk", commit)
    with pytest.raises(MirrorError, match=r"(?i)\.?git"):
        Mirror.of_local(tmp_path / "home", origin.path)


def test_a_path_that_is_no_repository_is_a_mirror_error(tmp_path: Path) -> None:
    with pytest.raises(MirrorError, match="not a folder"):
        Mirror.of_local(tmp_path, tmp_path / "missing")
    (tmp_path / "plain").mkdir()
    with pytest.raises(MirrorError):
        Mirror.of_local(tmp_path, tmp_path / "plain")


def test_errors_are_redacted() -> None:
    text = f"fatal: https://me:{TOKEN}@github.com/a and Basic dGVzdA== and github_pat_{'a' * 30} and plain"
    shown = redacted(text, "plain")
    assert not any(s in shown for s in (TOKEN, "dGVzdA", "github_pat_a", "plain", "me:"))
