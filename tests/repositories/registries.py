"""Fetches source archives by the registries' own clients, with the settings that this machine already has.

No client here runs anything that it fetched, but for pip, which builds metadata: so pip works in a sandbox.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from sandbox.backend import Backend
from sandbox.recipe import Recipe, ReportFormat
from tests.fakes.tree import FakeTree
from tests.repositories.fact import Fact, Registry

SECONDS = 900
ARCHIVE_BYTES = 200_000_000


class NotFetched(Exception):
    """A source archive could not be had, or is not the one that the facts name."""


def archive(fact: Fact, home: Path, backend: Backend) -> Path:
    """The source archive below `home`, fetched when it is not there yet. Raises NotFetched."""
    known = fetch(fact, home, backend)
    digest = hashlib.sha256(known.read_bytes()).hexdigest()
    if digest != fact.sha256:
        raise NotFetched(f"{known.name} has the hash {digest}, the facts say {fact.sha256 or 'none'}")
    return known


def fetch(fact: Fact, home: Path, backend: Backend) -> Path:
    """The same, whatever its hash is. Raises NotFetched."""
    folder = home / "archives" / fact.key
    known = next((p for p in folder.glob("*") if p.is_file()), None) if folder.is_dir() else None
    if known is None:
        with tempfile.TemporaryDirectory(prefix="pennyfix-fetch-") as temporary:
            found = _CLIENTS[fact.registry](fact, Path(temporary), backend)
            folder.mkdir(parents=True, exist_ok=True)
            known = folder / found.name
            shutil.move(found, known)
    return known


def _pypi(fact: Fact, folder: Path, backend: Backend) -> Path:
    """By pip in a sandbox: `pip download` asks a source distribution's build backend for its metadata."""
    wanted = f"{fact.name}=={fact.version}"
    line = (
        'python3 -m venv "$PENNYFIX_ENV" && python -m pip download --quiet --no-deps '
        f"--no-binary {fact.name} --dest archives {wanted}"
    )
    recipe = Recipe("python", (line,), "true", ReportFormat.EXIT_CODE, "the facts")
    tree = FakeTree({"wanted.txt": wanted.encode()})
    environment = backend.prepare("repositories-fetch", recipe, tree, lambda _: None)
    with backend.open(environment, tree) as box:
        names = box.run(["ls", "archives"], timeout=60).stdout.decode().split()
        if len(names) != 1:
            raise NotFetched(f"pip found no source distribution of {wanted}")
        (folder / Path(names[0]).name).write_bytes(box.read(f"archives/{names[0]}", ARCHIVE_BYTES))
    return folder / Path(names[0]).name


def _npm(fact: Fact, folder: Path, backend: Backend) -> Path:
    _run(["npm", "pack", "--silent", "--ignore-scripts", f"{fact.name}@{fact.version}"], folder)
    return _only_file(folder, "*.tgz")


def _go(fact: Fact, folder: Path, backend: Backend) -> Path:
    modules = folder / "modules"
    told = _run(
        ["go", "mod", "download", "-json", f"{fact.name}@{fact.version}"],
        folder,
        {"GOMODCACHE": str(modules), "GOFLAGS": "-modcacherw -mod=mod"},
    )
    zipped = Path(json.loads(told)["Zip"])
    found = folder / f"{fact.key}.zip"
    shutil.copy(zipped, found)
    return found


def _crates(fact: Fact, folder: Path, backend: Backend) -> Path:
    (folder / "src").mkdir()
    (folder / "src" / "lib.rs").write_text("")
    manifest = f'[package]\nname = "fetch"\nversion = "0.0.0"\n[dependencies]\n{fact.name} = "={fact.version}"\n'
    (folder / "Cargo.toml").write_text(manifest)
    home = folder / "cargo"
    _run(["cargo", "fetch", "--quiet"], folder, {"CARGO_HOME": str(home)})
    return next((home / "registry" / "cache").glob(f"*/{fact.name}-{fact.version}.crate"))


def _maven(fact: Fact, folder: Path, backend: Backend) -> Path:
    """The whole source tree that Apache's projects publish beside their artifacts."""
    plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
    artifact = f"-Dartifact={fact.name}:{fact.version}:zip:source-release"
    _run(
        ["mvn", "-q", "-B", plugin, artifact, f"-DoutputDirectory={folder}", f"-Dmaven.repo.local={folder}/m2"], folder
    )
    return _only_file(folder, "*.zip")


def _debian(fact: Fact, folder: Path, backend: Backend) -> Path:
    """The upstream archive of a Debian source package, from the mirrors that apt on this machine already uses."""
    told = _run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(COMPONENT)"], folder)
    lines = sorted({f"deb-src {line}" for line in told.splitlines() if len(line.split()) == 3})
    (folder / "sources.list").write_text("\n".join(lines) + "\n")
    for name in ("lists/partial", "archives/partial", "source"):
        (folder / name).mkdir(parents=True)
    options = [
        f"Dir::Etc::SourceList={folder}/sources.list",
        "Dir::Etc::SourceParts=-",
        f"Dir::State::Lists={folder}/lists",
        f"Dir::Cache={folder}/archives",
        "APT::Sandbox::User=root",
    ]
    flags = [word for option in options for word in ("-o", option)]
    _run(["apt-get", "update", "-qq", *flags], folder)
    _run(["apt-get", "source", "-qq", "--download-only", *flags, f"{fact.name}={fact.version}"], folder / "source")
    return _only_file(folder / "source", "*.orig.tar.*[a-z2]")


def _folder(fact: Fact, folder: Path, backend: Backend) -> Path:
    raise NotFetched(f"{fact.name} is a checkout: give its folder by FROM=")


_CLIENTS: Mapping[Registry, Callable[[Fact, Path, Backend], Path]] = {
    "pypi": _pypi,
    "npm": _npm,
    "go": _go,
    "crates": _crates,
    "maven": _maven,
    "debian-source": _debian,
    "folder": _folder,
}


def _run(argv: list[str], folder: Path, extra: Mapping[str, str] | None = None) -> str:
    if shutil.which(argv[0]) is None:
        raise NotFetched(f"{argv[0]} is not installed on this machine")
    done = subprocess.run(
        argv,
        cwd=folder,
        env={**os.environ, **(extra or {})},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        raise NotFetched(f"{' '.join(argv[:4])} failed: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout


def _only_file(folder: Path, pattern: str) -> Path:
    found = [p for p in sorted(folder.glob(pattern)) if not p.name.endswith(".asc")]
    if not found:
        raise NotFetched(f"the client left no {pattern}")
    return found[0]
