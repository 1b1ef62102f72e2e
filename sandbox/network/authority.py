"""A certificate authority for one set-up, which its programs trust: so requests to package registries can be read.

Its key never leaves this process and is forgotten with it; a sandbox is given the certificate only, and only while it
is set up.
"""

from __future__ import annotations

import datetime as dt
import ssl
import tempfile
from collections.abc import Sequence
from pathlib import Path

VALID = dt.timedelta(days=2)
"""Before and after now: longer than any set-up, and clocks differ."""


def server_identity(names: Sequence[str], *, now: dt.datetime | None = None) -> tuple[bytes, ssl.SSLContext]:
    """A new authority's certificate as PEM, and what a server needs to be any of the host `names` to who trusts it.

    Both are of RFC 5280: strict verifiers ask for key identifiers and usages (section 4.2.1).
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    moment = now or dt.datetime.now(dt.UTC)
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def begun(subject: str, public: ec.EllipticCurvePublicKey, *, ca: bool) -> x509.CertificateBuilder:
        usage = x509.KeyUsage(
            digital_signature=not ca,
            key_cert_sign=ca,
            crl_sign=ca,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Pennyfix set-up")]))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(moment - VALID)
            .not_valid_after(moment + VALID)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        )

    root = begun("Pennyfix set-up", root_key.public_key(), ca=True).sign(root_key, hashes.SHA256())
    leaf = (
        begun("package registries", key.public_key(), ca=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with tempfile.NamedTemporaryFile(prefix="pennyfix-identity-") as file:  # mode 0600; ssl reads only files
        file.write(leaf.public_bytes(Encoding.PEM) + secret)
        file.flush()
        context.load_cert_chain(Path(file.name))
    return root.public_bytes(Encoding.PEM), context
