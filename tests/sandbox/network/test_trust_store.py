from __future__ import annotations

import hashlib
import ssl
import struct

from sandbox.network.trust_store import trust_store

FIRST, SECOND = (ssl.DER_cert_to_PEM_cert(content) for content in (b"\x30one", b"\x30the other"))


def entries(store: bytes) -> list[tuple[str, bytes]]:
    """The aliases and certificates of a JKS store, as sun.security.provider.JavaKeyStore reads them."""
    content, seal = store[:-20], store[-20:]
    whole = "changeit".encode("utf-16-be") + b"Mighty Aphrodite" + content
    assert hashlib.sha1(whole, usedforsecurity=False).digest() == seal
    magic, version, count = struct.unpack_from(">III", content)
    assert (magic, version) == (0xFEEDFEED, 2)
    at, found = 12, []

    def text() -> str:
        nonlocal at
        (size,) = struct.unpack_from(">H", content, at)
        at += 2 + size
        return content[at - size : at].decode()

    for _ in range(count):
        (tag,) = struct.unpack_from(">I", content, at)
        assert tag == 2, "a trusted certificate"
        at += 4
        alias = text()
        at += 8
        assert text() == "X.509"
        (size,) = struct.unpack_from(">I", content, at)
        at += 4 + size
        found.append((alias, content[at - size : at]))
    assert at == len(content)
    return found


def test_every_certificate_is_in_the_store_under_a_name_of_its_own() -> None:
    pem = f"# a comment\n{FIRST}\n{SECOND}trailing text"
    assert entries(trust_store(pem.encode())) == [("authority-0", b"\x30one"), ("authority-1", b"\x30the other")]


def test_what_is_no_certificate_is_passed_over() -> None:
    broken = "-----BEGIN CERTIFICATE-----\nno base64 !\n-----END CERTIFICATE-----\n"
    assert entries(trust_store(f"{broken}{FIRST}".encode())) == [("authority-0", b"\x30one")]
    assert entries(trust_store(b"\xff nothing")) == []
