"""What every backend is made from; the operator's file and settings fill it, nothing here reads the environment."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.backend import Limits
from sandbox.egress import DEFAULT_HOSTS


@dataclass(frozen=True, slots=True)
class BackendOptions:
    """`home` is the state folder, `image` the docker image, `runtime` an engine runtime such as "runsc".

    `allowed_hosts` are the `host:port` pairs that a set-up may reach. `ca_bundle` is a PEM file with the
    certificate authorities that set-ups trust besides their own (None: what Python's ssl finds on this machine).
    """

    home: Path
    image: str = "pennyfix/sandbox"
    limits: Limits = field(default_factory=Limits)
    runtime: str = ""
    allowed_hosts: tuple[str, ...] = DEFAULT_HOSTS
    ca_bundle: Path | None = None

    def authorities(self) -> bytes | None:
        """The PEM text to trust while preparing; None when this machine has no bundle."""
        found = self.ca_bundle or ssl.get_default_verify_paths().cafile
        try:
            return Path(found).read_bytes() if found else None
        except OSError:
            return None
