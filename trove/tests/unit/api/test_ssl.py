# SPDX-License-Identifier: Apache-2.0
"""The encryption of connections over REST."""

from __future__ import annotations

import pathlib
from unittest import mock

import fixtures

from trove.cloud import certificates
from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.objects.keys import workflow_secrets
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
    """Given a task manager that does what it is told, or says why not."""

    def setUp(self):
        super().setUp()
        self.config(inst_rpc_key_encr_key='x' * 32)
        self.task = states.Task.NONE
        self.jobs = []
        self.transport.on_send = self.work
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

    def work(self, instance_id=None, **_):
        job = self.change_encryption(instance_id)
        if job is not None:
            self.jobs.append(job)
            instances.update(instance_id, task_id=self.task.code)

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
        (job,) = self.jobs
        self.assertEqual(
            {'action': 'enable', 'mode': 'mtls', 'reference': 'db.p12'},
            job.details['wanted'],
        )
        secrets = workflow_secrets.unseal(
            self.conf, self.instance.id, job.details
        )
        self.assertIn('PRIVATE KEY', secrets['container']['private_key'])
        self.assertEqual(('mtls', 'db.p12'), self.recorded())
        # The key is in no log, no message, no row and no answer
        for text in (
            self.logs.output,
            response.text,
            repr(job),
            repr(self.transport.sent),
        ):
            self.assertNotIn('PRIVATE', text)

    def test_one_that_needs_a_restart(self):
        self.task = states.Task.RESTART_REQUIRED

        self.assertTrue(self.enable().json['ssl']['restart_required'])

    def test_without_a_key_to_seal_it(self):
        self.config(inst_rpc_key_encr_key=None)

        self.assertEqual(500, self.enable().status_code)

        self.assertEqual([], self.jobs)
        self.assertIn('generate_keys', self.logs.output)

    def test_disable(self):
        self.enable()

        self.act(disable=True)

        self.assertEqual('disable', self.jobs[-1].details['wanted']['action'])
        self.assertFalse(self.jobs[-1].details['secrets'])
        self.assertEqual((None, None), self.recorded())

    def test_what_is_disabled_already(self):
        replica = self.active(name='replica')
        instances.update(replica.id, slave_of_id=self.instance.id)
        self.guest.ssl = {'status': 'off', 'mode': None, 'certificate': None}

        response = self.act(disable=True)

        self.assert_fault(
            response, 409, 'conflict', self.instance.id, 'disabled already'
        )
        self.assertEqual([], self.jobs)

    def test_roll_back(self):
        self.enable()

        response = self.act(rollback=True)

        self.assertEqual(200, response.status_code, response.text)
        self.assertEqual('rollback', self.jobs[-1].details['wanted']['action'])

    def test_what_the_guest_refuses(self):
        self.refusal = 'Could not change it: another key.'

        self.assert_refused(self.enable(), 'another key')

        self.assertEqual((None, None), self.recorded())
        # And then it can be done
        self.refusal = None
        self.assertEqual(200, self.enable().status_code)

    def test_one_that_takes_long(self):
        self.config(group='certificates', change_timeout=1)
        self.transport.on_send = None

        response = self.enable()

        self.assertEqual(503, response.status_code)
        self.assertIn('still being changed', response.text)
        # Another request does not interfere
        self.assertEqual(409, self.act(disable=True).status_code)

    def test_replicas_follow(self):
        replica = self.active(name='replica')
        with session.writer() as db:
            row = db.get(models.Instance, replica.id)
            row.slave_of_id = self.instance.id

        self.assertEqual(200, self.enable().status_code)

        self.assertEqual([replica.id], list(self.jobs[0].details['members']))
        refused = self.post(
            f'/instances/{replica.id}/ssl', {'ssl': {'disable': True}}
        )
        self.assert_refused(refused, 'replica')
        # It can be rolled back alone, if it has to be
        rolled = self.post(
            f'/instances/{replica.id}/ssl', {'ssl': {'rollback': True}}
        )
        self.assertEqual(200, rolled.status_code)

    def test_consumers(self):
        asked = []
        store = mock.Mock(
            register=lambda _, ref, each: asked.append(('+', ref, each)),
            release=lambda _, ref, each: asked.append(('-', ref, each)),
        )
        store.container.return_value = {'private_key': 'x'}
        self.useFixture(
            fixtures.MockPatchObject(certificates, 'load', lambda _: store)
        )
        us = self.instance.id
        # Given
        self.enable(container_ref='one')
        self.assertEqual([('+', 'one', us)], asked)
        # When another one is refused, it is not kept
        self.refusal = 'No.'
        self.enable(container_ref='two')
        self.assertEqual([('+', 'two', us), ('-', 'two', us)], asked[1:])
        # When it is not, the former one is not
        self.refusal = None
        self.enable(container_ref='three')
        self.assertEqual([('+', 'three', us), ('-', 'one', us)], asked[3:])
        # When the same is used again, it is registered at least once
        self.enable(container_ref='three', mode='mtls')
        self.assertEqual([('+', 'three', us)], asked[5:])
        # When the instance is deleted, nothing is left
        self.request('DELETE', f'/instances/{us}')
        self.assertEqual([('-', 'three', us)], asked[6:])

    def test_a_store_that_refuses_consumers(self):
        def refuse(*_):
            raise exception.Forbidden('Only for members.')

        store = mock.Mock()
        store.container.return_value = {'private_key': 'x'}
        store.register = refuse
        self.useFixture(
            fixtures.MockPatchObject(certificates, 'load', lambda _: store)
        )

        self.assertEqual(200, self.enable().status_code)

        self.assertIn('Only for members', self.logs.output)

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
        self.assertEqual([], self.jobs)

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
