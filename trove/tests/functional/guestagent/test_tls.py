# SPDX-License-Identifier: Apache-2.0
"""Certificates of customers at real database servers."""

from __future__ import annotations

import pathlib
import ssl
import tempfile
from typing import Any

import psycopg
import pymysql

from trove.common import exception
from trove.guestagent.datastores import tls
from trove.tests.fixtures import certificates
from trove.tests.fixtures import mysql
from trove.tests.functional.guestagent import base
from trove.tests.functional.guestagent import encryption
from trove.tests.functional.guestagent import stores


class EncryptedPostgreSQL(stores.PostgreSQL):
    def options(self, place: Any) -> dict[str, object]:
        return {
            'bin_dir': str(stores.encrypting_bin_dir()),
            'staging_dir': str(place.path / 'staging'),
        }


class PostgreSQLTest(encryption.TlsTests):
    store = EncryptedPostgreSQL()

    def session(
        self,
        user: str,
        encrypted: bool = False,
        certificate: tuple[pathlib.Path, pathlib.Path] | None = None,
    ) -> Any:
        options = {'sslmode': 'disable'}
        if encrypted:
            options = {
                'sslmode': 'verify-full',
                'sslrootcert': str(self.authority.path),
            }
        if certificate:
            shown, key = certificate
            key.chmod(0o600)
            options |= {'sslcert': str(shown), 'sslkey': str(key)}
        return psycopg.connect(
            host=self.place.address,
            user=user,
            password='secret',
            dbname='shop',
            **options,  # type: ignore[arg-type]
        )


class PlainPostgreSQLTest(base.ServerTestCase):
    """A PostgreSQL without OpenSSL."""

    def test_it_says_so(self) -> None:
        with tempfile.TemporaryDirectory() as made:
            authority = certificates.Authority(pathlib.Path(made))
            certificate, key = authority.issue('db')
            bundle = tls.Bundle(certificate.read_text(), '', key.read_text())

            error = self.assertRaises(
                exception.BadRequest,
                self.driver.set_tls,
                tls.State(tls.BASIC, bundle),
            )

        self.assertIn('SSL', str(error))
        self.assertIn('upgrade this one to such a version', str(error))
        self.assertIsNone(self.driver.certificate())
        self.assertTrue(self.driver.answers())


class MariaDBTest(encryption.TlsTests):
    store = stores.MariaDB()

    def session(
        self,
        user: str,
        encrypted: bool = False,
        certificate: tuple[pathlib.Path, pathlib.Path] | None = None,
    ) -> Any:
        options: dict[str, Any] = {'ssl_disabled': True}
        if encrypted:
            context = ssl.create_default_context(cafile=self.authority.path)
            if certificate:
                context.load_cert_chain(*certificate)
            options = {'ssl': context}
        return pymysql.connect(
            host=self.place.address,
            user=user,
            password='secret',
            database='shop',
            **options,
        )


class MySQLTest(MariaDBTest):
    store = stores.MySQL()

    @classmethod
    def setUpClass(cls) -> None:
        reason = mysql.missing()
        if reason is not None:
            raise cls.skipException(reason)
        super().setUpClass()
