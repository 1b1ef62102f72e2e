"""A source archive, or a folder, as a repository with one commit, read through a mirror as any other."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from sandbox.repository.mirror import Mirror
from sandbox.repository.workspace import Workspace
from tests.repositories.fact import Fact

LEFT_BY_PACKAGING = ("PKG-INFO", "*.egg-info", ".cargo_vcs_info.json", "Cargo.toml.orig")


def workspace_of_archive(fact: Fact, archive: Path, home: Path) -> Workspace:
    """The archive's files in one commit of the release's date."""
    place = home / "checkouts" / f"{fact.key}-{fact.digest}"
    if not (place / ".git").exists():
        shutil.rmtree(place, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix="pennyfix-unpack-") as temporary:
            unpack(archive, Path(temporary))
            shutil.copytree(_top(Path(temporary), fact), place, symlinks=True)
        _restore(place)
        commit(place, fact.date)
    return Mirror.of_local(home, place).workspace("HEAD")


def workspace_of_folder(folder: Path, home: Path) -> Workspace:
    """A checkout as it is committed; a folder without git is copied and committed first."""
    if (folder / ".git").exists() or (folder / "HEAD").is_file():
        return Mirror.of_local(home, folder).workspace("HEAD")
    place = home / "checkouts" / f"folder-{folder.name}"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(folder, place, symlinks=True)
    commit(place, "")
    return Mirror.of_local(home, place).workspace("HEAD")


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar or zip. Members that lead outside, devices and the like are refused (tarfile's data filter)."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            for name in zipped.namelist():
                if name.startswith("/") or ".." in PurePosixPath(name).parts:
                    raise ValueError(f"{archive.name} holds {name!r}, which leads outside")
            zipped.extractall(folder)  # noqa: S202 - its names are checked above
        return
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")


def _top(folder: Path, fact: Fact) -> Path:
    """The repository's root inside an archive: below its only folders, or where the facts say."""
    while len(inside := list(folder.iterdir())) == 1 and inside[0].is_dir():
        folder = inside[0]
    return folder / fact.root


def _restore(place: Path) -> None:
    """Take away what packaging added and no repository tracks; cargo's rewritten manifest becomes the original."""
    original = place / "Cargo.toml.orig"
    if original.is_file():
        shutil.copy(original, place / "Cargo.toml")
    for pattern in LEFT_BY_PACKAGING:
        for found in place.rglob(pattern):
            shutil.rmtree(found) if found.is_dir() else found.unlink()


def commit(place: Path, date: str) -> None:
    """Put everything in `place` into one commit; ignore rules and hooks of its own do not count."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    env |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    for who in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{who}_NAME": "release", f"GIT_{who}_EMAIL": "release@example.org"}
        env |= {f"GIT_{who}_DATE": f"{date}T12:00:00+0000"} if date else {}
    plain = ["-c", "core.autocrlf=false", "-c", f"core.hooksPath={os.devnull}"]
    for argv in (
        ["init", "--quiet", "--initial-branch=main", "--template="],
        [*plain, "add", "--all", "--force"],
        [*plain, "commit", "--quiet", "--allow-empty", "--message", "the release"],
    ):
        subprocess.run(["git", *argv], cwd=place, env=env, check=True, capture_output=True)
