"""The money of a whole study under one hard cap, kept in a journal so that a kill forgets nothing.

Every reservation is written before its call and every settlement after it; a reservation whose settlement is missing
counts with its worst case. So the cap holds over any number of restarts.
"""

from __future__ import annotations

import fcntl
import json
import threading
from decimal import Decimal
from pathlib import Path

from strategies.models.in_memory_meter import CapMeter
from strategies.models.meter import Charge, OverBudget, Reservation
from strategies.models.price import usd
from strategies.study.tasks.task import TaskError

SCOPE = "study"


class StudyBudget:
    """The journal at `path`, appended to. Safe between threads; a second process on it is refused with TaskError."""

    def __init__(self, path: Path, cap: Decimal) -> None:
        self.cap = cap
        self._lock = threading.Lock()
        self._open: dict[str, Decimal] = {}
        self._settled = Decimal(0)
        self._number = 0
        self._file = path.open("a", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise TaskError(
                f"another study is running in {path.parent}; wait for its end, or give another --out"
            ) from None
        self._read(path)
        if path.stat().st_size and not path.read_bytes().endswith(b"\n"):
            self._file.write("\n")  # the last line was cut short by a kill

    @property
    def spent(self) -> Decimal:
        """USD settled, and reserved by calls that a kill interrupted."""
        with self._lock:
            return self._settled

    @property
    def left(self) -> Decimal:
        """USD that may still be reserved."""
        with self._lock:
            return max(self.cap - self._settled - sum(self._open.values(), Decimal(0)), Decimal(0))

    def reserve(self, worst: Decimal) -> str:
        """Set money aside. Raises OverBudget."""
        with self._lock:
            taken = self._settled + sum(self._open.values(), Decimal(0))
            if taken + worst > self.cap:
                raise OverBudget(SCOPE, self.cap, taken, worst)
            self._number += 1
            number = str(self._number)
            self._open[number] = worst
            self._write({"reserved": number, "usd": str(worst)})
            return number

    def settle(self, number: str, amount: Decimal) -> None:
        """Replace a reservation by what was spent. Raises KeyError for one that is not open."""
        with self._lock:
            del self._open[number]
            self._settled += amount
            self._write({"settled": number, "usd": str(amount)})

    def close(self) -> None:
        """Close the journal and release its lock."""
        self._file.close()

    def _write(self, row: dict[str, str]) -> None:
        self._file.write(json.dumps(row) + "\n")
        self._file.flush()

    def _read(self, path: Path) -> None:
        left: dict[str, Decimal] = {}
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            try:
                row = json.loads(line)
            except ValueError:
                continue  # cut short by a kill: nothing was called before the line was whole
            if "reserved" in row:
                left[row["reserved"]] = Decimal(row["usd"])
                self._number = max(self._number, int(row["reserved"]))
            else:
                left.pop(row["settled"], None)
                self._settled += Decimal(row["usd"])
        self._settled += sum(left.values(), Decimal(0))


class StudyMeter:
    """The meter of one issue under one strategy: its own cap and the study's. `ended`: the study's budget ran out."""

    def __init__(self, budget: StudyBudget, cap: Decimal) -> None:
        self.budget = budget
        self.own = CapMeter(cap)
        self.ended = False
        self._shared: dict[str, str] = {}

    @property
    def charges(self) -> list[Charge]:
        """What was called, in order."""
        return self.own.charges

    def reserve(self, tier: str, model: str, purpose: str, worst_usd: Decimal) -> Reservation:
        reservation = self.own.reserve(tier, model, purpose, worst_usd)
        try:
            self._shared[reservation.id] = self.budget.reserve(worst_usd)
        except OverBudget:
            self.own.release(reservation)
            self.ended = True
            raise
        return reservation

    def settle(self, reservation: Reservation, charge: Charge) -> None:
        amount = reservation.usd if charge.usd is None else usd(charge.usd)
        self.budget.settle(self._shared.pop(reservation.id), amount)
        self.own.settle(reservation, charge)

    def release(self, reservation: Reservation) -> None:
        self.budget.settle(self._shared.pop(reservation.id), Decimal(0))
        self.own.release(reservation)

    def left(self) -> Decimal:
        return min(self.own.left(), self.budget.left)
