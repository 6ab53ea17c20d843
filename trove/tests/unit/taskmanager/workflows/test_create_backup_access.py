# SPDX-License-Identifier: Apache-2.0
"""How guest agents may use the object store for a backup."""

from __future__ import annotations

import time
from unittest import mock

from trove.common import exception
from trove.objectstore import storage
from trove.tests.unit.taskmanager.workflows import test_create_backup


class Handed(storage.DRIVERS['local']):
    """A store that the guest agents of releases can use."""

    def for_released(self, context, location=None):
        return {'swift_url': 'http://swift/v1/AUTH_p'}


class Expiring(storage.DRIVERS['local']):
    """A store whose access is at its half at once."""

    def writing(self, container, name, **kwargs):
        access = super().writing(container, name, **kwargs)
        return access | {'expires': time.time() + 60}


class RenewalTest(test_create_backup.TestCase):
    """The guest agent may write for a while only."""

    def setUp(self):
        super().setUp()
        self.config(signed_lifetime=600, group='objectstore')

    def test_a_guest_may_write_until_later(self):
        backup, told = self.given_backup(), []

        def look(backup_info, store):
            told.append(store)
            if store.get('renews'):
                self.complete(backup_info)

        self.guest.hooks['create_backup'] = look

        with mock.patch.dict(storage.DRIVERS, local=Expiring):
            self.when_made(backup)

        self.assertEqual('COMPLETED', self.state(backup))
        first, *later = told
        self.assertNotIn('renews', first)
        self.assertTrue(later)
        for each in later:
            self.assertGreater(each['expires'], first['expires'])
            self.assertEqual(first['directory'], each['directory'])

    def test_the_store_may_be_away_then(self):
        backup, tried = self.given_backup(), []

        def writing(driver, container, name, **kwargs):
            tried.append(name)
            if len(tried) == 2:
                raise exception.ObjectStoreUnreachable(
                    action='sign', reason='it is away', remedy='Wait.'
                )
            return Expiring.writing(driver, container, name, **kwargs)

        def look(backup_info, store):
            if store.get('renews'):
                self.complete(backup_info)

        self.guest.hooks['create_backup'] = look
        away = type('Away', (Expiring,), {'writing': writing})

        with mock.patch.dict(storage.DRIVERS, local=away):
            self.when_made(backup)

        self.assertEqual('COMPLETED', self.state(backup))
        self.assertLess(2, len(tried))
        self.assertIn('it is away', self.logs.output)


class ReleasedTest(test_create_backup.TestCase):
    """The guest agent is of release 26."""

    def setUp(self):
        super().setUp()
        self.instance_id, self.guest = self.given_instance(version='1.3')
        self.guest.hooks['create_backup'] = self.complete
        self.context.auth_token = 'of-the-user'

    def test_the_token_of_an_administrator_is_not_given_to_it(self):
        backup = self.given_backup()
        self.context.is_admin = True

        with mock.patch.dict(storage.DRIVERS, local=Handed):
            self.when_made(backup)

        self.assertEqual('FAILED', self.state(backup))
        self.assertNotIn('create_backup', self.guest.asked)
        fault = self.shown(self.instance_id).fault
        self.assertIn('that of an administrator', fault.details)

    def test_it_gets_what_it_uses(self):
        backup = self.given_backup()

        with mock.patch.dict(storage.DRIVERS, local=Handed):
            self.when_made(backup)

        self.assertEqual('COMPLETED', self.state(backup))
        told = self.guest.arguments('create_backup')
        self.assertNotIn('store', told)
        self.assertEqual(
            'http://swift/v1/AUTH_p', told['backup_info']['swift_url']
        )
        self.assertIn('Upgrade the guest agent', self.logs.output)

    def test_a_store_that_it_cannot_use(self):
        backup = self.given_backup()

        self.when_made(backup)

        self.assertEqual('FAILED', self.state(backup))
        self.assertNotIn('create_backup', self.guest.asked)
        fault = self.shown(self.instance_id).fault
        self.assertIn('Upgrade the guest agent', fault.details)
