# SPDX-License-Identifier: Apache-2.0
"""The logs of an instance over REST."""

from __future__ import annotations

import pathlib

import fixtures

from trove.common import exception
from trove.objectstore import local
from trove.tests.unit.api import base
from trove.tests.unit.api import fates_of_logs


class LogsTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.guest_version = '1.5'
        self.instance = self.active()
        self.path = f'/instances/{self.instance.id}/log'
        self.prefix = f'{self.instance.id}/postgresql-general'
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.config(storage_strategy='local')
        self.config(group='objectstore', local_directory=str(root))
        self.load()
        self.store = local.LocalStore(root)
        self.log = fates_of_logs.log(self.instance.id)
        self.guest.logs = [self.log]

    def act(self, **body):
        return self.post(self.path, {'name': 'general', **body})

    def orders(self):
        """The orders to the guest, without those that only ask."""
        flags = ('enable', 'disable', 'publish', 'discard')
        return [
            values
            for method, _, values in self.transport.sent
            if method == 'guest_log_action'
            and any(values[flag] for flag in flags)
        ]

    def test_list(self):
        self.guest.logs[0]['host'] = 'of no interest'

        response = self.get(self.path)

        self.assertEqual(200, response.status_code, response.text)
        del self.log['host']
        self.assertEqual({'logs': [self.log]}, response.json)

    def test_show(self):
        response = self.act()

        self.assertEqual({'log': self.log}, response.json)
        self.assertEqual([], self.orders())

    def test_enable_and_disable(self):
        for flag, value in (('enable', 1), ('disable', '1'), ('enable', True)):
            self.transport.sent.clear()

            response = self.act(**{flag: value, 'publish': 0})

            self.assertEqual(200, response.status_code, response.text)
            (order,) = self.orders()
            self.assertTrue(order.pop(flag))
            self.assertEqual('general', order.pop('log_name'))
            self.assertEqual({False}, {*order.values()})

    def test_publish(self):
        response = self.act(publish=1)

        self.assertEqual(200, response.status_code, response.text)
        (order,) = self.orders()
        self.assertEqual(
            ('local', 'database_logs', 2592000),
            tuple(
                order['store'][key]
                for key in ('driver', 'container', 'expiry')
            ),
        )

    def test_publish_where_logs_cannot_be(self):
        self.config(storage_drivers=['swift'])

        response = self.act(publish=1)

        self.assert_fault(response, 501, 'notImplemented', 'storage_driver')
        self.assertEqual([], self.orders())

    def test_publish_by_a_guest_of_a_release(self):
        self.guest_version = '1.3'
        self.reports(self.instance)

        response = self.act(publish=1, discard=1)

        self.assertEqual(200, response.status_code, response.text)
        (order,) = self.orders()
        self.assertNotIn('store', order)

    def test_a_guest_of_a_release_gets_no_administrators_token(self):
        self.guest_version = '1.3'
        self.reports(self.instance)

        response = self.request(
            'POST',
            self.path,
            {'name': 'general', 'publish': 1},
            user='admin',
        )

        self.assert_fault(
            response, 501, 'notImplemented', 'that of an administrator'
        )
        self.assertEqual([], self.orders())

    def given_published(self):
        names = (
            f'{self.prefix}/log-2027-01-31T00:00:00.123456',
            f'{self.prefix}_metafile',
            f'{self.instance.id}/postgresql-other/log-1',
        )
        for name in names:
            path = pathlib.Path(self.store._directory, 'database_logs', name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return names

    def left(self):
        return {each.name for each in self.store.entries('database_logs')}

    def test_discard(self):
        *_, other = self.given_published()

        response = self.act(discard=1)

        self.assertEqual(200, response.status_code, response.text)
        self.assertEqual({other}, self.left())
        (order,) = self.orders()
        self.assertTrue(order['discard'])
        self.assertEqual('local', order['store']['driver'])

    def test_discard_more_than_is_deleted_in_a_request(self):
        self.given_published()
        self.useFixture(
            fixtures.MonkeyPatch('trove.api.handlers.logs._MOST_DISCARDED', 0)
        )

        response = self.act(discard=1)

        self.assert_fault(
            response, 422, 'unprocessableEntity', 'Repeat the request'
        )
        self.assertFalse(any(each['discard'] for each in self.orders()))

    def test_discard_what_the_guest_refuses(self):
        names = self.given_published()
        self.guest.refuses = exception.Forbidden('Not yours.')

        response = self.act(discard=1)

        self.assert_fault(response, 403, 'forbidden', 'Not yours')
        self.assertEqual({*names}, self.left())

    def test_bodies_that_are_refused(self):
        for body in (
            {'enable': 1, 'disable': 1},
            {'publish': 2},
            {'publish': 'yes'},
            {'name': '../x'},
            {'name': ''},
            {'name': None},
            {'name': 'x' * 65},
            {'colour': 1},
        ):
            self.assert_refused(self.act(**body))
        self.assert_refused(self.post(self.path, {'enable': 1}), 'name')
        self.assertEqual([], self.transport.sent)

    def test_a_guest_that_is_silent(self):
        self.is_silent(self.instance, 3600)

        for response in (self.get(self.path), self.act()):
            self.assert_fault(
                response, 422, 'unprocessableEntity', 'not reported'
            )
        self.assertEqual([], self.transport.sent)

    def test_a_guest_that_has_never_reported(self):
        new = self.building(name='new')

        response = self.get(f'/instances/{new.id}/log')

        self.assert_fault(response, 422, 'unprocessableEntity', 'not reported')

    def test_an_instance_in_error(self):
        """Its logs say why."""
        self.post(
            f'/instances/{self.instance.id}/action',
            {'reset_status': {}},
            headers={'X-Roles': 'admin'},
        )

        self.assertEqual(200, self.get(self.path).status_code)

    def test_answers_that_are_malformed(self):
        for change in (
            {'container': 7},
            {'prefix': 'of-another/x/'},
            {'metafile': 'None'},
            {'published': '9'},
            {'pending': -1},
            {'pending': True},
            {'status': 'x' * 256},
            {'name': 'a\nb'},
        ):
            self.guest.logs = [{**self.log, **change}]
            response = self.get(self.path)
            self.assertEqual(500, response.status_code, (change, response))
        self.guest.logs = [None]
        self.assertEqual(500, self.get(self.path).status_code)

    def test_personas(self):
        headers = {'X-Roles': 'reader'}

        shown = self.get(self.path, headers=headers)
        acted = self.post(self.path, {'name': 'general'}, headers=headers)

        self.assertEqual(200, shown.status_code)
        self.assert_fault(acted, 403, 'forbidden')
        other = self.get(self.path, project=base.OTHER_PROJECT)
        self.assert_fault(other, 404, 'itemNotFound')
