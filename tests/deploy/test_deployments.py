"""The ways to run it agree with the program: commands, variables, files, ports."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from workers.config.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yml").read_text())
KUBERNETES: list[dict[str, Any]] = list(yaml.safe_load_all((ROOT / "deploy/kubernetes/pennyfix.yaml").read_text()))
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()
UNIT = (ROOT / "deploy/systemd/pennyfix.service").read_text()
KNOWN = {f"PENNYFIX_{name.upper()}" for name in Settings.model_fields}


def containers() -> list[dict[str, Any]]:
    return [c for d in KUBERNETES if d["kind"] == "Deployment" for c in d["spec"]["template"]["spec"]["containers"]]


@pytest.mark.parametrize("text", [DOCKERFILE, UNIT, str(COMPOSE), str(KUBERNETES)])
def test_only_variables_that_exist_are_set(text: str) -> None:
    used = set(re.findall(r"PENNYFIX_[A-Z_]+", text)) - {"PENNYFIX_STATE"}  # the compose file's own
    assert used <= KNOWN


def test_only_verbs_that_exist_are_run() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", "from pennyfix import main; main()", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    verbs = [COMPOSE["services"][s]["command"][0] for s in ("receiver", "worker")]
    verbs += [c["args"][0] for c in containers() if c["image"] == "pennyfix"]
    verbs += re.findall(r"bin/pennyfix (\w+)", UNIT) + re.findall(r'CMD \["(\w+)"\]', DOCKERFILE)
    assert len(verbs) == 6
    for verb in verbs:
        assert re.search(rf"^│ {verb}\b", shown, re.MULTILINE), verb


def test_every_copied_file_is_there() -> None:
    for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE):
        for name in line.split()[:-1]:
            assert (ROOT / name).exists(), name


def test_the_probes_and_ports_are_the_receivers() -> None:
    receiver = next(c for c in containers() if c["name"] == "receiver")
    assert receiver["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": Settings.model_fields["port"].default}
    assert receiver["livenessProbe"]["httpGet"]["path"] == "/healthz"


def test_no_secret_is_written_down() -> None:
    for text in (DOCKERFILE, UNIT, (ROOT / "deploy/compose.yml").read_text(), str(KUBERNETES)):
        assert not re.search(r"(PRIVATE_KEY|WEBHOOK_SECRET|API_KEY|PASSWORD)\s*[:=]\s*[A-Za-z0-9]{6,}", text)


def test_the_receiver_cannot_reach_the_engine() -> None:
    assert not any("docker.sock" in v for v in COMPOSE["services"]["receiver"]["volumes"])
