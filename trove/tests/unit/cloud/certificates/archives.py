# SPDX-License-Identifier: Apache-2.0
"""Archives as users store them."""

from __future__ import annotations

import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from trove.tests.fixtures import certificates


def pack(
    directory: pathlib.Path,
    password: bytes | None = None,
    days: int = 1,
) -> bytes:
    """Return a PKCS#12 archive, with the certificate of its authority.

    :param days: how long it is valid from now on
    """
    authority = certificates.Authority(directory)
    certificate, key = authority.issue('db', '127.0.0.1', days=days)
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    return pkcs12.serialize_key_and_certificates(
        b'db',
        private,  # type: ignore[arg-type]
        x509.load_pem_x509_certificate(certificate.read_bytes()),
        [x509.load_pem_x509_certificate(authority.path.read_bytes())],
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption(),
    )


def slow(archive: bytes) -> bytes:
    """Return an archive whose password is hashed 2^31 - 1 times.

    :param archive: with a password, as :func:`pack` makes it
    """
    changed = bytearray(archive)
    # MacData is the last part, and ends with the number; see RFC 7292.
    rounds = bytes.fromhex('02020800')
    start = changed.rindex(bytes.fromhex('0609608648016503040201')) - 4
    if changed[-4:] != rounds or changed[start - 2] != 0x30:
        raise AssertionError('The library writes another form now.')
    changed[-4:] = bytes.fromhex('02047fffffff')
    changed[start - 1] += 2
    whole = int.from_bytes(changed[2:4], 'big') + 2
    changed[2:4] = whole.to_bytes(2, 'big')
    return bytes(changed)
