"""What is known of a repository's blobs, in one SQLite file beside the mirror's objects: a blob is read once, ever.

The file goes when the mirror goes. It is a cache: one that is broken, locked or cannot be written costs time, nothing
else. Concurrent jobs of one repository may share it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from strategies.localization.file_facts import VERSION, FileFacts

FILE = "localization.sqlite"
WAIT_SECONDS = 2.0
SPARE = 4
"""Blobs of other commits are forgotten when the store holds more than so many times those of the commit at hand."""
_MADE = """
CREATE TABLE IF NOT EXISTS facts (
    blob TEXT PRIMARY KEY,
    vocabulary TEXT NOT NULL,
    counts BLOB NOT NULL,
    length INTEGER NOT NULL,
    defined TEXT NOT NULL
)
"""
_AT_ONCE = 500
"""Blobs asked for in one query: SQLite allows 999 parameters even where it is old."""


def known_facts(folder: Path, blobs: Iterable[str], wait: float = WAIT_SECONDS) -> dict[str, FileFacts]:
    """The facts that are kept of these blobs; {} when nothing can be read within `wait` seconds."""
    wanted = sorted(set(blobs))
    found: dict[str, FileFacts] = {}
    with contextlib.suppress(sqlite3.Error, OSError), _opened(folder, wait) as store:
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            marks = ",".join("?" * len(some))
            for blob, *row in store.execute(f"SELECT * FROM facts WHERE blob IN ({marks})", some):  # noqa: S608 - marks
                found[blob] = FileFacts(*row)
    return found


def keep_facts(folder: Path, facts: Mapping[str, FileFacts], current: Iterable[str]) -> None:
    """Add facts by blob; `current` are all blobs of the commit at hand, which stay when others are forgotten."""
    rows = [(blob, f.vocabulary, f.counts, f.length, f.defined) for blob, f in facts.items()]
    with contextlib.suppress(sqlite3.Error, OSError), _opened(folder) as store:
        store.executemany("INSERT OR IGNORE INTO facts VALUES (?, ?, ?, ?, ?)", rows)
        stay = set(current)
        (kept,) = store.execute("SELECT count(*) FROM facts").fetchone()
        if kept > SPARE * max(len(stay), 1):
            gone = [row for row in store.execute("SELECT blob FROM facts").fetchall() if row[0] not in stay]
            store.executemany("DELETE FROM facts WHERE blob = ?", gone)
        store.commit()


@contextlib.contextmanager
def _opened(folder: Path, wait: float = WAIT_SECONDS) -> Iterator[sqlite3.Connection]:
    """The store, emptied if another version of the program wrote it, removed if it is broken. Raises sqlite3.Error."""
    path = folder / FILE
    store = sqlite3.connect(path, timeout=wait)
    try:
        store.execute("PRAGMA synchronous = OFF")  # after a power cut it is made again
        (version,) = store.execute("PRAGMA user_version").fetchone()
        if version != VERSION:
            store.execute("DROP TABLE IF EXISTS facts")
            store.execute(f"PRAGMA user_version = {VERSION}")
        store.execute(_MADE)
        yield store
    except sqlite3.OperationalError:
        raise  # locked, or not writable: nothing is wrong with what it holds
    except sqlite3.DatabaseError:
        path.unlink(missing_ok=True)
        raise
    finally:
        store.close()
