# SPDX-License-Identifier: Apache-2.0
"""The certificate that a database server begins with."""

from __future__ import annotations

import ipaddress
import pathlib
import ssl
import stat

from cryptography import x509
import fixtures

from trove.guestagent.datastores import certificates
from trove.tests import base


class CertificateTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def ensure(self) -> bytes:
        certificates.ensure(self.root, 'guest', '127.0.0.1', None)
        return (self.root / certificates.CERTIFICATE).read_bytes()

    def test_key_and_certificate_fit(self) -> None:
        certificate = x509.load_pem_x509_certificate(self.ensure())

        certificate.verify_directly_issued_by(certificate)
        names = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        ).value
        self.assertEqual(
            [ipaddress.ip_address('127.0.0.1')],
            names.get_values_for_type(x509.IPAddress),
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(
            self.root / certificates.CERTIFICATE, self.root / certificates.KEY
        )
        mode = (self.root / certificates.KEY).stat().st_mode
        self.assertEqual(0o600, stat.S_IMODE(mode))

    def test_what_is_there_stays(self) -> None:
        first = self.ensure()
        self.assertEqual(first, self.ensure())
        # When an agent died in between
        (self.root / certificates.CERTIFICATE).unlink()
        self.assertNotEqual(first, self.ensure())

    def test_a_long_name_is_cut(self) -> None:
        certificates.make('x' * 100, None)
