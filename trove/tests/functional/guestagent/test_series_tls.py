# SPDX-License-Identifier: Apache-2.0
"""Certificates of customers outlast upgrades of PostgreSQL."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import shutil
import socket
import ssl
import struct
import tempfile
from typing import Any

from cryptography import x509
import psycopg

from trove.guestagent.datastores import programs
from trove.guestagent.datastores import tls
from trove.guestagent.datastores.postgresql import binaries
from trove.tests.fixtures import certificates
from trove.tests.functional.guestagent import base
from trove.tests.functional.guestagent import encryption
from trove.tests.functional.guestagent import life
from trove.tests.functional.guestagent import stores

#: The series before that of the package with OpenSSL.
_OLD = '15'


class UpgradeTest(base.GuestTestCase):
    """The older series is of the system: Debian 12 has it."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        system = binaries.SYSTEM_ROOT / _OLD
        if not (system / 'bin' / 'pg_upgrade').exists():
            raise cls.skipException(
                f'There is no PostgreSQL {_OLD} in {system}: install the '
                f'package postgresql-{_OLD}.'
            )
        cls.parent = base.everyones_directory(cls)
        found = binaries.find(str(stores.encrypting_bin_dir()), '/', None)
        staged = programs.stage(found, cls.parent)
        for place in 'first', 'second':
            directory = cls.parent / place
            directory.mkdir(mode=0o755)
            (directory / 'old').symlink_to(system)
            (directory / 'new').symlink_to(staged.directory.parent)

    def setUp(self) -> None:
        super().setUp()
        made = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, made)
        self.authority = certificates.Authority(made)

    def installed(self, place: str) -> Any:
        """Return a driver whose programs are in another place."""
        conf = self.place.conf()
        conf.set_override(
            'bin_dir', f'{self.parent}/{place}/*/bin', 'postgresql'
        )
        conf.set_override('major_upgrades', True, 'postgresql')
        return self.store.driver(conf)

    def served(self) -> int:
        """Return the serial number of the certificate that clients get."""
        context = ssl.create_default_context(cafile=str(self.authority.path))
        address = self.place.address
        with socket.create_connection((address, 5432), 60) as plain:
            plain.sendall(struct.pack('!II', 8, 80877103))
            self.assertEqual(b'S', plain.recv(1))
            with context.wrap_socket(plain, server_hostname=address) as own:
                shown = own.getpeercert(binary_form=True)
        assert shown is not None
        return x509.load_der_x509_certificate(shown).serial_number

    def can(self, mode: str) -> bool:
        try:
            with contextlib.closing(
                psycopg.connect(
                    host=self.place.address,
                    user='clerk',
                    password='secret',
                    dbname='shop',
                    sslmode=mode,
                    sslrootcert=str(self.authority.path),
                )
            ):
                return True
        except psycopg.OperationalError:
            return False

    def test_mode_and_certificate_are_as_before(self) -> None:
        # Given a customer whose connections must be encrypted
        driver = self.installed('first')
        driver.prepare(dataclasses.replace(life.PREPARATION, version=_OLD))
        state = encryption.state(
            self.authority, self.place.address, tls.ENFORCED
        )
        driver.set_tls(state)
        assert state.bundle is not None
        serial = state.bundle.leaf().serial_number
        for version in _OLD, '17':
            with self.subTest(version):
                # When other programs run on the data, or on a copy of them
                driver.stop()
                driver = self.installed('second')
                driver.upgrade(version)
                # Then nothing has changed for clients
                self.assertTrue(driver.answers())
                self.assertTrue(driver.version().startswith(f'{version}.'))
                self.assertEqual(serial, self.served())
                self.assertEqual(tls.ENFORCED, driver.tls().mode)
                self.assertEqual(
                    state.bundle.certificate, driver.certificate()
                )
                self.assertTrue(self.can('verify-full'))
                self.assertFalse(self.can('disable'))
