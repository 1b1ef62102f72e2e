from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from workers.supervisor import Child, ProcessTree


def child(name: str, code: str, log: Path, stop: float = 5) -> Child:
    return Child(name, [sys.executable, "-u", "-c", code], dict(os.environ), log / f"{name}.log", stop)


def look_until(tree: ProcessTree, true: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        tree.look()
        time.sleep(0.02)


def test_a_child_that_died_is_started_again_with_words(tmp_path: Path) -> None:
    said: list[str] = []
    one = child("one", "import time; print('hello'); time.sleep(60)", tmp_path)
    tree = ProcessTree([one], said.append)
    tree.start()
    first = one.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    look_until(tree, lambda: one.pid not in (None, first))
    assert "one was ended by SIGKILL; it starts again in 0.5 s" in said[0]
    tree.stop()
    assert one.pid is None


def test_one_that_keeps_dying_waits_longer_each_time_and_its_words_are_shown(tmp_path: Path) -> None:
    said: list[str] = []
    tree = ProcessTree([child("one", "raise SystemExit('the port is taken')", tmp_path)], said.append)
    tree.start()
    look_until(tree, lambda: sum("starts again" in s for s in said) >= 3)
    waits = [s.partition(" in ")[2].partition(" s")[0] for s in said if "starts again" in s]
    assert waits[:3] == ["0.5", "1", "2"]
    assert any("the port is taken" in s for s in said)
    tree.stop()


def test_children_stop_in_reverse_order_and_a_stubborn_one_is_killed_with_its_own_children(tmp_path: Path) -> None:
    said: list[str] = []
    note = tmp_path / "order"
    polite = (
        "import signal,sys,time\n"
        f"signal.signal(signal.SIGTERM, lambda *_: (open({str(note)!r}, 'a').write('{{}}'), sys.exit(0)))\n"
        "print('up')\nwhile True: time.sleep(0.05)"
    )
    stubborn = (
        "import signal,subprocess,sys,time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\nprint(p.pid)\ntime.sleep(60)"
    )
    children = [
        child("a", polite.format("a"), tmp_path),
        child("b", polite.format("b"), tmp_path),
        child("c", stubborn, tmp_path, 0.5),
    ]
    tree = ProcessTree(children, said.append)
    tree.start()
    look_until(tree, lambda: all(c.log.exists() and c.log.read_text().strip() for c in children))
    grandchild = int((tmp_path / "c.log").read_text())
    tree.stop()
    assert note.read_text() == "ba"
    assert said == ["c did not end in time and is killed"]
    assert all(c.pid is None for c in children)
    deadline = time.monotonic() + 5
    while (
        Path(f"/proc/{grandchild}").exists()
        and Path(f"/proc/{grandchild}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    ):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_whoever_is_in_a_hurry_need_not_wait(tmp_path: Path) -> None:
    slow = child(
        "slow",
        "import signal,time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up')\ntime.sleep(600)",
        tmp_path,
        600,
    )
    tree = ProcessTree([slow], lambda _line: None)
    tree.start()
    look_until(tree, lambda: slow.log.read_text())
    started = time.monotonic()
    tree.stop(lambda: True)
    assert time.monotonic() - started < 120
