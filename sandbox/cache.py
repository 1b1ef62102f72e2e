"""The index of prepared environments in the state folder: one folder per key, one scope per key.

An environment is never shared across scopes, because a key contains its scope: what one repository's set-up leaves
behind cannot reach another's.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox import folders
from sandbox.errors import SandboxUnavailable
from sandbox.recipe import Environment, Recipe
from sandbox.tree import SourceTree

KEY = re.compile(r"[0-9a-f]{40}")


def environment_key(scope: str, recipe: Recipe, tree: SourceTree, base: str) -> str:
    """40 hexadecimal digits over everything that decides an environment. `base` is the image or the interpreter."""
    inputs = {}
    oids = {f.path: f.oid for f in tree.files()}
    for path in sorted(set(recipe.inputs)):
        inputs[path] = oids.get(path, "absent")
    decided = {"scope": scope, "setup": recipe.setup, "language": recipe.language, "inputs": inputs, "base": base}
    return hashlib.sha256(json.dumps(decided, sort_keys=True).encode()).hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is known of one prepared environment: the backend's handle, and what preparing took (seconds)."""

    key: str
    ref: str
    seconds: float


class Cache:
    """The environments of one backend below `home`."""

    def __init__(self, home: Path, backend: str) -> None:
        self.folder = home / "environments" / backend

    def path(self, key: str) -> Path:
        """Where `key` keeps its files. Raises ValueError for something that is no key."""
        if not KEY.fullmatch(key):
            raise ValueError(f"{key!r} is no environment key: 40 hexadecimal digits")
        return self.folder / key

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Only one process prepares a key at a time; the others then find it done."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path(key).with_suffix(".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SandboxUnavailable(f"the state folder {self.folder} cannot be written: {error}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def find(self, key: str) -> Prepared | None:
        """The prepared environment, if it is complete; marks it as used now."""
        record = self.path(key) / "record.json"
        try:
            known = json.loads(record.read_text())
            os.utime(record)
            return Prepared(key, str(known["ref"]), float(known["seconds"]))
        except (FileNotFoundError, ValueError, KeyError):
            return None

    def begin(self, key: str) -> Path:
        """An empty folder for `key`; whatever an interrupted preparation left there is gone."""
        self.drop(key)
        folder = self.path(key)
        folder.mkdir(parents=True)
        return folder

    def finish(self, prepared: Prepared) -> None:
        """Record that `prepared` is complete; until then `find` does not see it."""
        folder = self.path(prepared.key)
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / "record.part"
        part.write_text(json.dumps({"ref": prepared.ref, "seconds": prepared.seconds, "made": time.time()}))
        part.replace(folder / "record.json")

    def drop(self, key: str) -> None:
        """Forget `key` and remove its files."""
        folders.remove(self.path(key))

    def older_than(self, when: float) -> tuple[Prepared, ...]:
        """Environments last used before `when` (seconds since the epoch), for whoever makes room."""
        found = []
        for record in sorted(self.folder.glob("*/record.json")):
            if record.stat().st_mtime < when:
                known = json.loads(record.read_text())
                found.append(Prepared(record.parent.name, str(known["ref"]), float(known["seconds"])))
        return tuple(found)


def hit(prepared: Prepared, backend: str, recipe: Recipe) -> Environment:
    """An Environment that came from the cache."""
    return Environment(prepared.key, backend, prepared.ref, recipe, seconds=0.0, cached=True)
