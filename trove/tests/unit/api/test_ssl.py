# SPDX-License-Identifier: Apache-2.0
"""The encryption of connections over REST."""

from __future__ import annotations

import pathlib

import fixtures

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.tests.unit.api import base
from trove.tests.unit.cloud.certificates import archives

SHOWN = {
    'status': 'on',
    'mode': 'enforced',
    'certificate': {
        'cn': 'db',
        'expire_at': '2027-01-01T00:00:00+00:00',
        'san': ['127.0.0.1'],
        'payload': '-----BEGIN CERTIFICATE-----\n',
    },
}


class SslTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.guest_version = '1.5'
        self.instance = self.active()
        self.path = f'/instances/{self.instance.id}/ssl'
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (root / 'db.p12').write_bytes(archives.pack(root))
        self.config(
            group='certificates', driver='directory', directory=str(root)
        )
        self.guest.ssl = SHOWN

    def act(self, **body):
        return self.post(self.path, {'ssl': body})

    def enable(self, **changes):
        return self.act(
            **{'enable': True, 'container_ref': 'db.p12', **changes}
        )

    def orders(self, method='ssl_action'):
        return [
            values for sent, _, values in self.transport.sent if sent == method
        ]

    def recorded(self):
        with session.reader() as db:
            row = db.get(models.Instance, self.instance.id)
            return row.ssl_mode, row.ssl_ref

    def test_show(self):
        shown = self.get(self.path).json['ssl']

        self.assertEqual(('on', 'enforced'), (shown['status'], shown['mode']))
        self.assertNotIn('payload', shown['certificate'])
        shown = self.get(f'{self.path}?include_certificate=True').json['ssl']
        self.assertEqual(SHOWN, shown)
        self.assert_refused(
            self.get(f'{self.path}?include_certificate=some'), 'certificate'
        )

    def test_enable(self):
        response = self.enable(mode='mtls')

        self.assertEqual(200, response.status_code, response.text)
        self.assertEqual({'ssl': {'restart_required': False}}, response.json)
        (order,) = self.orders()
        self.assertEqual(('mtls', True, False), (
            order['mode'], order['enable'], order['disable']
        ))
        self.assertIn('PRIVATE KEY', order['container']['private_key'])
        self.assertEqual(('mtls', 'db.p12'), self.recorded())
        # The key is in no log, and in no answer
        self.assertNotIn('PRIVATE', self.logs.output + response.text)

    def test_disable(self):
        self.enable()

        self.act(disable=True)

        order = self.orders()[-1]
        self.assertIsNone(order['container'])
        self.assertTrue(order['disable'])
        self.assertEqual((None, None), self.recorded())

    def test_roll_back(self):
        self.enable()

        response = self.act(rollback=True)

        self.assertEqual(200, response.status_code, response.text)
        self.assertEqual(1, len(self.orders('ssl_rollback')))
        self.assertEqual(('enforced', None), self.recorded())

    def test_what_the_guest_refuses(self):
        self.guest.refuses = exception.BadRequest('Another key.')

        self.assert_refused(self.enable(), 'Another key')

        self.assertEqual((None, None), self.recorded())

    def test_replicas_follow(self):
        replica = self.active(name='replica')
        with session.writer() as db:
            row = db.get(models.Instance, replica.id)
            row.slave_of_id = self.instance.id

        self.assertEqual(200, self.enable().status_code)

        self.assertEqual(2, len(self.orders()))
        refused = self.post(
            f'/instances/{replica.id}/ssl', {'ssl': {'disable': True}}
        )
        self.assert_refused(refused, 'replica')
        # If one cannot, none does
        self.guest.refuses_at = 2
        response = self.enable(mode='enforced')
        self.assert_refused(response, 'Not this one')
        self.assertEqual(1, len(self.orders('ssl_rollback')))
        self.assertEqual('basic', self.recorded()[0])

    def test_bodies_that_are_refused(self):
        for body in (
            {},
            {'enable': True},
            {'enable': True, 'disable': True, 'container_ref': 'db.p12'},
            {'enable': False},
            {'enable': True, 'container_ref': 'db.p12', 'mode': 'strict'},
            {'enable': True, 'container_ref': 'none'},
            {'enable': 1, 'container_ref': 'db.p12'},
        ):
            self.assert_refused(self.act(**body))
        self.assertEqual([], self.orders())

    def test_answers_that_are_malformed(self):
        certificate = SHOWN['certificate']
        for change in (
            {'status': 'maybe'},
            {'mode': 'x'},
            {'certificate': 'x'},
            {'certificate': {**certificate, 'san': [7]}},
            {'certificate': {**certificate, 'cn': 'a\nb'}},
            {'certificate': {**certificate, 'payload': 'x' * 65_537}},
        ):
            self.guest.ssl = {**SHOWN, **change}
            response = self.get(self.path)
            self.assertEqual(500, response.status_code, change)
