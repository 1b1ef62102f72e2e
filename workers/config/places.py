"""Where settings may come from: the state folder and Pennyfix's own folder, and never the current one.

The current folder may be the checkout of somebody whose issue is to be resolved. Its `.env` could send a key to an
address of theirs, or switch the sandbox off.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ENV_FILE, OPERATOR_FILE = ".env", "pennyfix.toml"


@dataclass(frozen=True, slots=True)
class Places:
    """`state` holds what an installation keeps; `own` is the folder that Pennyfix itself is in. None: not looked at."""

    state: Path | None
    own: Path | None = None

    def outside(self, tree: Path | None) -> Places:
        """These places without those in a checkout that is worked on (`tree` None: no checkout)."""
        if tree is None:
            return self
        return Places(*(None if p is None or inside(p, tree) else p for p in (self.state, self.own)))

    def env_files(self) -> tuple[Path, ...]:
        """The `.env` files that are there; what an earlier one says stands above a later one."""
        return self._existing(ENV_FILE)

    def operator_file(self) -> Path | None:
        """The `pennyfix.toml` that is used when none is named."""
        return next(iter(self._existing(OPERATOR_FILE)), None)

    def _existing(self, name: str) -> tuple[Path, ...]:
        folders = dict.fromkeys(p for p in (self.state, self.own) if p is not None)
        return tuple(path for folder in folders if (path := folder / name).is_file())


def checkout_of(where: str) -> Path | None:
    """The checkout that a folder is or lies in; None for an address or what is not there."""
    folder = Path(where).expanduser()
    if not where or not folder.is_dir():
        return None
    folder = folder.resolve()
    return next((p for p in (folder, *folder.parents) if (p / ".git").exists()), folder)


def inside(path: Path, tree: Path) -> bool:
    """Whether `path` is `tree` or lies in it, also by way of a link."""
    root = tree.expanduser().resolve()
    return any(p == root or root in p.parents for p in (path.expanduser().absolute(), path.expanduser().resolve()))
