# SPDX-License-Identifier: Apache-2.0
"""Certificates of customers: modes, renewal, and what is gone back to."""

from __future__ import annotations

import abc
import contextlib
import dataclasses
import pathlib
import tempfile
from typing import Any

from trove.common import exception
from trove.guestagent.datastores import tls
from trove.tests.fixtures import certificates
from trove.tests.functional.guestagent import base


def state(
    authority: certificates.Authority, address: str, mode: str
) -> tls.State:
    """Return one with a new certificate for a server."""
    certificate, key = authority.issue('db', address)
    return tls.State(
        mode,
        tls.Bundle.read(
            {
                'certificate': certificate.read_text(),
                'private_key': key.read_text(),
                'ca': authority.path.read_text(),
            }
        ),
    )


class TlsTests(base.ServerTestCase, abc.ABC):
    """Run with a datastore each: a customer, and two authorities."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        made = tempfile.TemporaryDirectory()
        cls.addClassCleanup(made.cleanup)
        cls.directory = pathlib.Path(made.name)
        cls.authority = certificates.Authority(cls.directory)
        cls.driver.create_databases([{'_name': 'shop'}])
        cls.make_user('clerk')

    @classmethod
    def make_user(cls, name: str) -> None:
        cls.driver.create_users(
            [
                {
                    '_name': name,
                    '_password': 'secret',
                    '_databases': [{'_name': 'shop'}],
                }
            ]
        )

    def state(self, mode: str) -> tls.State:
        return state(self.authority, self.place.address, mode)

    def can(self, **options: Any) -> bool:
        """Say whether a customer can connect now."""
        try:
            with contextlib.closing(self.session('clerk', **options)):
                return True
        except self.store.error:
            return False

    @abc.abstractmethod
    def session(
        self,
        user: str,
        encrypted: bool = False,
        certificate: tuple[pathlib.Path, pathlib.Path] | None = None,
    ) -> Any:
        """Connect to the server as a user."""

    def test_modes_renewal_and_rolling_back(self) -> None:
        driver = self.driver
        pid = driver.pid()
        # Given one that customers can check
        driver.set_tls(self.state(tls.BASIC))
        self.assertTrue(self.can(encrypted=True))
        self.assertTrue(self.can())
        # When it is renewed, no session ends
        with contextlib.closing(self.session('clerk', encrypted=True)) as old:
            first = driver.certificate()
            driver.set_tls(self.state(tls.ENFORCED))
            self.assertNotEqual(first, driver.certificate())
            old.cursor().execute('SELECT 1')
        # Then all must be encrypted, new users too
        self.make_user('ann')
        self.assertTrue(self.can(encrypted=True))
        self.assertFalse(self.can())
        self.session('ann', encrypted=True).close()
        self.assertRaises(self.store.error, self.session, 'ann')
        # And after a restart, too
        driver.restart()
        self.assertTrue(self.can(encrypted=True))
        self.assertFalse(self.can())
        pid, before = driver.pid(), pid
        self.assertNotEqual(before, pid)
        # When clients need certificates
        driver.set_tls(self.state(tls.MUTUAL))
        own = self.authority.issue('clerk')
        self.assertFalse(self.can(encrypted=True))
        self.assertTrue(self.can(encrypted=True, certificate=own))
        self.assertTrue(driver.answers())
        # When that is rolled back, they do not
        driver.restore_tls()
        self.assertEqual(tls.ENFORCED, driver.tls().mode)
        self.assertTrue(self.can(encrypted=True))
        # When the server refuses one
        broken = self.broken()
        self.assertRaises(exception.DatastoreError, driver.set_tls, broken)
        # Then it goes on as before
        self.assertEqual(tls.ENFORCED, driver.tls().mode)
        self.assertTrue(self.can(encrypted=True))
        self.assertFalse(self.can())
        # When it is disabled, all may connect
        driver.set_tls(tls.State())
        self.assertTrue(self.can())
        self.assertFalse(self.can(encrypted=True))
        self.assertEqual(pid, driver.pid())
        self.check_off()

    def check_off(self) -> None:
        """No connection is encrypted, if the datastore can do that."""
        driver = self.driver
        off = tls.State(tls.OFF)
        if driver.never_off:
            error = self.assertRaises(
                exception.BadRequest, driver.set_tls, off
            )
            self.assertIn('Not supported', str(error))
            return
        driver.set_tls(self.state(tls.MUTUAL))
        needs_restart = driver.set_tls(off)
        self.assertTrue(self.can())
        if needs_restart:
            driver.restart()
        self.assertIsNone(driver.certificate())
        self.assertTrue(self.can())
        # When it is enabled again, as it was disabled
        again = driver.set_tls(self.state(tls.BASIC))
        self.assertEqual(needs_restart, again)
        if again:
            driver.restart()
        self.assertTrue(self.can(encrypted=True))

    def broken(self) -> tls.State:
        """A pair of which the server does not take the authority."""
        good = self.state(tls.MUTUAL)
        assert good.bundle is not None
        return tls.State(
            tls.MUTUAL,
            dataclasses.replace(good.bundle, authority='no authority'),
        )
