# SPDX-License-Identifier: Apache-2.0

import fixtures

from trove.common import exception
from trove.objects import root as root_object
from trove.tests.unit.api import base


class TestRoot(base.TestCase):
    def setUp(self):
        super().setUp()
        self.instance = self.active()
        self.root = f'/instances/{self.instance.id}/root'

    def enabled(self):
        return self.get(self.root).json['rootEnabled']

    def test_enable_and_disable(self):
        before = self.enabled()
        enabled = self.post(self.root)
        while_enabled = self.enabled()
        disabled = self.delete(self.root)
        after = self.enabled()

        self.assertEqual(
            {'user': {'name': 'root', 'password': 'made-up-by-guest'}},
            enabled.json,
        )
        self.assertEqual(200, enabled.status_code)
        self.assertEqual(204, disabled.status_code)
        self.assertEqual((False, True, False), (before, while_enabled, after))
        self.assertNotIn('made-up-by-guest', self.logs.output)

    def test_enable_with_a_password(self):
        response = self.post(self.root, {'password': 'chosen'})

        self.assertEqual('chosen', response.json['user']['password'])

    def test_enable_with_an_empty_object(self):
        self.assertEqual(200, self.post(self.root, {}).status_code)

    def test_enable_that_is_refused(self):
        for body in ({'password': ''}, {'password': 1}, {'secret': 'x'}, []):
            self.assert_refused(self.post(self.root, body))
        self.assertFalse(self.guest.root)

    def test_disable_what_is_not_enabled(self):
        self.assert_fault(self.delete(self.root), 404, 'itemNotFound')

    def test_disable_what_was_enabled_and_not_recorded(self):
        # Given an API that ended between the guest's answer and its record.
        self.guest.root = True

        response = self.delete(self.root)

        self.assertEqual(204, response.status_code, response.text)
        self.assertFalse(self.guest.root)
        self.assertFalse(self.enabled())
        self.assertIsNotNone(root_object.history(self.instance.id))

    def test_who_enabled_it_is_remembered(self):
        path = f'/mgmt/instances/{self.instance.id}/root'
        before = self.get(path, user='admin').json['root_history']
        self.post(self.root)
        self.delete(self.root)
        after = self.get(path, user='admin').json['root_history']

        self.assertEqual('Never', before['enabled'])
        self.assertEqual('Nobody', before['user'])
        self.assertRegex(after['enabled'], r'^\d{4}-\d\d-\d\dT')
        self.assertEqual('alice', after['user'])

    def test_it_may_be_enabled_when_the_guest_did_not_answer(self):
        self.transport.errors['enable_root'] = (
            base.oslo_messaging.MessagingTimeout()
        )

        response = self.post(self.root)

        self.assert_fault(response, 500, 'instanceFault')
        self.assertTrue(root_object.is_enabled(self.instance.id))

    def test_nothing_is_done_that_cannot_be_written_down(self):
        with self.cannot_be_written('record_enabled'):
            response = self.post(self.root)

        self.assert_fault(response, 503, 'serviceUnavailable', 'locked')
        self.assertFalse(self.guest.root)
        self.assertEqual([], self.transport.methods())

    def test_disabled_and_not_written_down(self):
        self.post(self.root)
        with self.cannot_be_written('record_disabled'):
            response = self.delete(self.root)

        self.assert_fault(
            response,
            503,
            'serviceUnavailable',
            'Root is disabled',
            'locked',
            'Repeat',
        )
        self.assertFalse(self.guest.root)
        self.assertEqual(204, self.delete(self.root).status_code)
        self.assertFalse(self.enabled())

    def cannot_be_written(self, function):
        """Given another transaction that holds the history of root."""

        def locked(*args, **kwargs):
            raise exception.ServiceUnavailable('It is locked.')

        return fixtures.MonkeyPatch(f'trove.objects.root.{function}', locked)

    def test_what_a_guest_refuses_is_taken_back(self):
        for before in (None, 'disabled', 'enabled'):
            if before:
                self.post(self.root)
            if before == 'disabled':
                self.delete(self.root)
            known = root_object.history(self.instance.id)
            self.guest.root = before == 'enabled'
            self.transport.errors['enable_root'] = (
                base.oslo_messaging.RemoteError('SQLError', 'no', [])
            )

            response = self.post(self.root, user='bob')

            self.assertEqual(500, response.status_code, response.text)
            self.assertEqual(known, root_object.history(self.instance.id))
            del self.transport.errors['enable_root']

    def test_what_a_guest_has_done_half_stays_written_down(self):
        for known in (True, False):
            self.transport.errors['enable_root'] = (
                base.oslo_messaging.RemoteError('SQLError', 'no', [])
            )
            self.guest.root = True
            if not known:
                self.transport.errors['is_root_enabled'] = (
                    base.oslo_messaging.MessagingTimeout()
                )

            self.post(self.root)

            self.assertTrue(root_object.is_enabled(self.instance.id))
            root_object.record_disabled(self.instance.id)

    def test_what_the_broker_may_deliver_yet_stays_written_down(self):
        self.transport.errors['enable_root'] = (
            base.oslo_messaging.MessageDeliveryFailure('not confirmed')
        )

        response = self.post(self.root)

        self.assert_fault(
            response, 503, 'serviceUnavailable', 'may carry it out'
        )
        self.assertTrue(root_object.is_enabled(self.instance.id))

    def test_nothing_is_remembered_when_it_failed(self):
        self.broker_is_gone()

        response = self.post(self.root)

        self.assert_fault(response, 503, 'serviceUnavailable')
        self.assertFalse(root_object.is_enabled(self.instance.id))
