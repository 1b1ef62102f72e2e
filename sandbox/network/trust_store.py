"""Certificate authorities as a Java key store: Java does not read the PEM file that every other program does.

The format is that of JDK 1.2's "JKS" (sun.security.provider.JavaKeyStore), which every JDK still reads whatever its
default type is. It is no secret, so its password is the one that is always used.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from contextlib import suppress

from sandbox.layout import JAVA_PASSWORD

_MAGIC, _VERSION, _CERTIFICATE = 0xFEEDFEED, 2, 2
_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


def trust_store(pem: bytes) -> bytes:
    """A JKS key store that trusts every certificate of `pem`; what is no certificate in it is passed over."""
    certificates = []
    for body in _BLOCK.findall(pem):
        with suppress(ValueError):
            certificates.append(base64.b64decode(b"".join(body.split()), validate=True))
    content = struct.pack(">III", _MAGIC, _VERSION, len(certificates))
    for number, certificate in enumerate(certificates):
        content += struct.pack(">I", _CERTIFICATE) + _text(f"authority-{number}") + struct.pack(">Q", 0)
        content += _text("X.509") + struct.pack(">I", len(certificate)) + certificate
    seal = hashlib.sha1(JAVA_PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite" + content, usedforsecurity=False)
    return content + seal.digest()


def _text(value: str) -> bytes:
    return struct.pack(">H", len(value)) + value.encode()
