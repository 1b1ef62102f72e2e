from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("litellm", "docker", "strategies", "sandbox", "numpy", "githubkit", "celery", "alembic")


@pytest.mark.parametrize("module", ["webhook.app", "webhook.serve"])
def test_the_receiver_loads_nothing_it_does_not_need(module: str) -> None:
    code = f"import sys, {module}; print(*[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == []
