# SPDX-License-Identifier: Apache-2.0
"""All of a set get another certificate, or all keep the former one."""

from __future__ import annotations

import datetime
import pathlib

import fixtures

from trove.common import exception
from trove.objects.instance import encryption
from trove.objects.instance import states
from trove.objects.instance import workflows as jobs
from trove.objects.keys import workflow_secrets
from trove.taskmanager.workflows import change_encryption
from trove.tests.fixtures import certificates
from trove.tests.unit.taskmanager import scene
from trove.tests.unit.taskmanager import sets

ACTION = encryption.ACTION
STEPS = [
    step.name
    for step in change_encryption.ChangeEncryption.__new__(
        change_encryption.ChangeEncryption
    ).steps()
]
CONTAINER = {'certificate': 'new', 'private_key': 'hunter2', 'ca': 'a'}


def shown(mode, certificate):
    return {
        'status': 'on' if certificate else 'off',
        'mode': mode,
        'certificate': certificate and {'payload': certificate},
    }


class ChangeEncryptionTest(sets.TestCase):
    def setUp(self):
        super().setUp()
        self.config(inst_rpc_key_encr_key='x' * 32)
        self.primary, self.replicas = self.given_set()
        self.all = [self.primary, *self.replicas]
        self.has = dict.fromkeys(self.all, ('basic', 'old'))
        self.before = {}
        for each in self.all:
            self.given_encryption(each, self.guests[each])

    def given_encryption(self, instance_id, guest):
        """A guest that keeps what it is ordered, and what was before."""

        def change(state, before=None):
            self.before[instance_id] = before
            self.has[instance_id] = state
            guest.answers['ssl_show'] = shown(*state)

        def act(mode, container, **_):
            new = (mode, container and container['certificate'])
            if new != self.has[instance_id]:
                change(new, self.has[instance_id])

        def roll_back(**_):
            change(self.before[instance_id])

        guest.hooks |= {'ssl_action': act, 'ssl_rollback': roll_back}
        guest.answers['ssl_action'] = {'restart_required': False}
        change(('basic', 'old'))

    def given_refusal(self, instance_id, error, late=False):
        """It refuses a certificate once, or carries it out but says so."""
        guest = self.guests[instance_id]
        act = guest.hooks['ssl_action']

        def refuse(**arguments):
            if late:
                act(**arguments)
            guest.hooks['ssl_action'] = act
            raise error

        guest.hooks['ssl_action'] = refuse

    def begin(self, action='enable', mode='enforced', instance_id=None):
        instance_id = instance_id or self.primary
        secrets = {'container': CONTAINER} if action == 'enable' else {}
        encryption.begin(
            self.context,
            instance_id,
            {
                'wanted': {'action': action, 'mode': mode, 'reference': 'ref'},
                **workflow_secrets.seal(self.conf, instance_id, secrets),
            },
        )

    def when_changed(self, action='enable', mode='enforced'):
        self.begin(action, mode)
        self.manager.change_encryption(self.context, self.primary)

    def assert_all(self, *state):
        self.assertEqual(dict.fromkeys(self.all, state), self.has)
        for each in self.all:
            self.assertTrue(self.shown(each).task.is_idle, each)

    def assert_refused(self, *parts):
        """All is as before, and the fault says why."""
        self.assert_all('basic', 'old')
        found = self.shown(self.primary)
        self.assertEqual('ACTIVE', found.status)
        for part in parts:
            self.assertIn(part, found.fault.details)
        (known,) = encryption.recorded((self.primary,)).values()
        self.assertIsNone(known.reference)

    def test_all_get_it(self):
        self.when_changed()

        self.assert_all('enforced', 'new')
        for known in encryption.recorded(tuple(self.all)).values():
            self.assertEqual(encryption.Record('enforced', 'ref'), known)
        self.assertIsNone(self.shown(self.primary).fault)

    def test_the_key_is_in_no_row_and_no_log(self):
        self.begin()

        self.assertNotIn('hunter2', repr(jobs.get_workflow(self.primary)))
        self.manager.change_encryption(self.context, self.primary)
        self.assertNotIn('hunter2', self.logs.output)

    def test_it_is_disabled(self):
        self.when_changed('disable', None)

        self.assert_all(None, None)

    def test_one_that_refuses(self):
        error = exception.BadRequest(reason='No OpenSSL.')
        for each in self.all:
            self.given_refusal(each, error)

            self.when_changed()

            self.assert_refused('No OpenSSL', 'All steps were undone')
            message = self.shown(self.primary).fault.message
            self.assertIn('All have the encryption of before', message)
            self.assertNotIn('Repeat', message)
        # And what one of the project sees of it has no key
        self.assertNotIn('hunter2', self.logs.output)

    def test_one_that_answers_late(self):
        late = exception.PeerTimeout(
            peer='guest', method='ssl_action', timeout=1
        )
        for each in self.all:
            self.given_refusal(each, late, late=True)

            self.when_changed()

            self.assert_refused('ssl_action')

    def test_one_that_is_away_at_the_beginning(self):
        self.given_dead(self.replicas[1])
        guest = self.guests[self.replicas[1]]
        guest.hooks['ssl_show'] = guest.hooks['rpc_ping']

        self.when_changed()

        self.assert_refused('dead')
        self.assertNotIn('ssl_action', self.asked(self.primary))

    def test_one_that_cannot_go_back(self):
        first, last = self.replicas
        self.given_refusal(last, exception.BadRequest(reason='No OpenSSL.'))

        def fail(**_):
            raise exception.DatastoreError(action='answer', reason='broken')

        self.guests[first].hooks['ssl_rollback'] = fail

        self.when_changed()

        self.assert_fault(self.primary, 'No OpenSSL', 'Not undone', 'broken')
        # When it works again, the request is repeated
        self.guests[first].hooks['ssl_rollback'] = lambda **_: None
        self.when_changed()
        self.assert_all('enforced', 'new')
        self.assertEqual('ACTIVE', self.shown(self.primary).status)

    def test_another_one_adopts_it(self):
        for step in STEPS:
            with self.given_failure(
                change_encryption.ChangeEncryption, step, scene.Killed()
            ):
                self.assertRaises(scene.Killed, self.when_changed)

            self.when_recovered()

            self.assert_all('enforced', 'new')
            self.when_changed('disable', None)

    def test_one_that_needs_a_restart(self):
        self.guests[self.primary].answers['ssl_action'] = {
            'restart_required': True
        }

        self.when_changed()

        task = self.shown(self.primary).task
        self.assertIs(states.Task.RESTART_REQUIRED, task)

    def test_two_at_once(self):
        self.begin()

        for each in self.all:
            self.assertRaises(
                exception.InstanceBusy, self.begin, instance_id=each
            )

    def test_rolled_back(self):
        self.when_changed()
        context = self.guests[self.primary].answers['get_replica_context']
        context |= {
            'ssl_mode': 'basic',
            'cert_container': {**CONTAINER, 'certificate': 'old'},
        }

        self.when_changed('rollback', None)

        self.assert_all('basic', 'old')
        for known in encryption.recorded(tuple(self.all)).values():
            self.assertEqual('basic', known.mode)

    def test_when_the_certificate_expires_is_known(self):
        directory = self.useFixture(fixtures.TempDir()).path
        path, _ = certificates.write(pathlib.Path(directory), '::1')
        pem = path.read_text()
        within = datetime.timedelta(days=2)
        self.useFixture(
            fixtures.MonkeyPatch(
                f'{__name__}.CONTAINER', {**CONTAINER, 'certificate': pem}
            )
        )

        self.when_changed()

        found = encryption.expiring(within)
        self.assertEqual({*self.all}, {*found})
        self.assertEqual({}, encryption.expiring(within / 3))

        self.when_changed('disable', None)

        self.assertEqual({}, encryption.expiring(within))

    def test_a_rollback_that_a_replica_refuses(self):
        self.when_changed()
        context = self.guests[self.primary].answers['get_replica_context']
        context |= {'ssl_mode': 'basic', 'cert_container': CONTAINER}
        self.given_refusal(
            self.replicas[0], exception.BadRequest(reason='No room.')
        )

        self.when_changed('rollback', None)

        self.assert_fault(self.primary, 'No room', 'cannot be undone')

    def test_a_replica_is_rolled_back_alone(self):
        self.when_changed()
        replica = self.replicas[0]
        self.begin('rollback', None, replica)

        self.manager.change_encryption(self.context, replica)

        self.assertEqual(('basic', 'old'), self.has[replica])
        self.assertEqual(('enforced', 'new'), self.has[self.primary])
