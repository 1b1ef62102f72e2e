"""What every backend is made from; the operator's file and settings fill it, nothing here reads the environment."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.backend import SandboxLimits
from sandbox.network.egress import DEFAULT_HOSTS


@dataclass(frozen=True, slots=True)
class BackendOptions:
    """`home` is the state folder, `image` the docker image, `runtime` an engine runtime such as "runsc".

    `allowed_hosts` are the `host:port` pairs that a set-up may reach. `ca_bundle` is a PEM file with the
    certificate authorities that set-ups trust besides their own (None: what Python's ssl finds on this machine).
    `setup_variables` are set while preparing, for instance a registry mirror's PIP_INDEX_URL. A set-up can print
    them: no secrets.
    """

    home: Path
    image: str = "pennyfix/sandbox"
    limits: SandboxLimits = field(default_factory=SandboxLimits)
    runtime: str = ""
    allowed_hosts: tuple[str, ...] = DEFAULT_HOSTS
    ca_bundle: Path | None = None
    setup_variables: Mapping[str, str] = field(default_factory=dict)

    def authorities_path(self) -> Path | None:
        """The PEM file to trust while preparing; None when this machine has none."""
        found = self.ca_bundle or ssl.get_default_verify_paths().cafile
        return Path(found) if found and Path(found).is_file() else None

    def authorities(self, more: bytes = b"") -> bytes | None:
        """That file's content, and `more` (PEM); None when there is neither."""
        path = self.authorities_path()
        return ((path.read_bytes() + b"\n" if path else b"") + more) or None
