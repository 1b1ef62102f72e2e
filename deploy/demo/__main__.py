"""`python -m deploy.demo`: the same as `pennyfix demo`."""

from __future__ import annotations

import sys

from rich.console import Console

from deploy.demo.demo import run

if __name__ == "__main__":
    sys.exit(run(None, Console(), keep="--keep" in sys.argv or sys.stdout.isatty()))
