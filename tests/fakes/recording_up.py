"""`python -m tests.fakes.recording_up`: the real `up` with the recording worker."""

from __future__ import annotations

from functools import partial

from workers.config.settings import load_settings
from workers.processes.up import Commands, up

if __name__ == "__main__":
    up(load_settings(), partial(print, flush=True), commands=Commands(worker=("tests.fakes.recording_worker",)))
