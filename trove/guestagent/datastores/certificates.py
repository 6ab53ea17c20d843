# SPDX-License-Identifier: Apache-2.0
"""The certificate of a database server until it is given another one."""

from __future__ import annotations

import datetime
import ipaddress
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import oid

from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import files

#: Names of the files, those of releases since 26.0.
KEY = 'server-key.pem'
CERTIFICATE = 'server-cert.pem'
AUTHORITY = 'ca.pem'

#: RFC 5280 has the latter for "no well-defined expiration date". No
#: clock is read, which may be wrong at the first boot of a server.
_BEGIN = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
_END = datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=datetime.UTC)


def ensure(
    directory: pathlib.Path,
    name: str,
    address: str | None,
    reader: accounts.Account | None,
) -> None:
    """Create a key and a self-signed certificate, unless they exist.

    :param name: whom the certificate is for
    :param address: of the server
    :param reader: the user that runs the server
    """
    if (directory / KEY).exists() and (directory / CERTIFICATE).exists():
        return
    key, certificate = make(name, address)
    # The key first: without the certificate, both are made anew.
    for file, text in (
        (KEY, key),
        (AUTHORITY, certificate),
        (CERTIFICATE, certificate),
    ):
        files.write(directory / file, text, reader, durable=False)


def make(name: str, address: str | None) -> tuple[str, str]:
    """Return a key and a certificate, in the form PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    # A common name has at most 64 characters.
    subject = x509.Name(
        [x509.NameAttribute(oid.NameOID.COMMON_NAME, name[:64])]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_BEGIN)
        .not_valid_after(_END)
        .add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
    )
    if address is not None:
        alternative = x509.IPAddress(ipaddress.ip_address(address))
        builder = builder.add_extension(
            x509.SubjectAlternativeName([alternative]), critical=False
        )
    certificate = builder.sign(key, hashes.SHA256())
    return (
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
    )
