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
