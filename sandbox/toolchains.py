"""The layers of the sandbox image (deploy/sandbox/layers), and which of them a program is in."""

from __future__ import annotations

import re

LAYERS = ("core", "python", "node", "go", "rust", "java", "ruby", "php", "services")
"""Every layer there is, in the order in which they are built."""

_PROGRAMS = {
    "python": "cc gcc g++ c++ make cmake pkg-config gfortran ninja",
    "node": "node npm npx",
    "go": "go gofmt",
    "rust": "cargo rustc rustup",
    "java": "java javac mvn gradle",
    "ruby": "ruby gem bundle bundler rake",
    "php": "php composer",
    "services": "psql pg_ctl redis-server just",
}
_LAYER = {program: layer for layer, programs in _PROGRAMS.items() for program in programs.split()}
_MISSING = re.compile(
    r"(?:^|[\s:'\"`/])([\w.+-]+)['\"`]?: (?:command )?not found(?=\s|$)"
    r"|command '?([\w.+-]+)'? (?:failed: )?(?:not found|No such file)"
)


def missing_layers(log: str) -> tuple[str, ...]:
    """The layers whose programs a command looked for in vain, as shells and build tools say it."""
    named = {_LAYER[name] for found in _MISSING.finditer(log) if (name := found[1] or found[2]) in _LAYER}
    return tuple(layer for layer in LAYERS if layer in named)


def advice(log: str) -> str:
    """What to do about programs that are not in the image; "" when none is missing."""
    layers = missing_layers(log)
    if not layers:
        return ""
    plural = "s" if len(layers) > 1 else ""
    return f'[the image lacks the layer{plural} {", ".join(layers)}: make sandbox-image LAYERS="… {" ".join(layers)}"]'
