# SPDX-License-Identifier: Apache-2.0
"""A primary with replicas, whose guests know who can be written."""

from __future__ import annotations

import dataclasses

import fixtures

from trove.common import exception
from trove.objects.instance import instances
from trove.objects.instance import replicas
from trove.objects.instance import states
from trove.objects.instance import workflows as jobs
from trove.tests.unit.taskmanager import scene

CONTEXT = {
    'master': {'host': '10.0.0.1', 'port': 5432},
    'replica_conf': {
        'log_position': {},
        'replication_user': {'name': 'replicator', 'password': 'secret'},
    },
}


class TestCase(scene.TestCase):
    """Notes who can be written whenever that changes."""

    def setUp(self):
        super().setUp()
        self.writable = set()
        self.most = 0
        #: What each was told last, whether it can be written.
        self.told = {}
        self.cloud.on('stop_server', self._stopped)
        self.cloud.on('reboot_server', self._rebooted)

    def given_set(self, replicas=2):
        """Return the id of a primary, and those of its replicas, sorted."""
        primary, _ = self.given_member()
        self.writable = {primary}
        others = sorted(self.given_member()[0] for _ in range(replicas))
        for each in others:
            instances.update(each, slave_of_id=primary)
        return primary, others

    def given_member(self):
        instance_id, guest = self.given_instance(version='1.5')
        guest.answers |= {
            'get_latest_txn_id': '0/5',
            'get_last_txn': ['system', 5],
            'get_replica_context': CONTEXT | {'of': instance_id},
            'detach_replica': {'replica_id': instance_id},
        }
        self.given_alive(instance_id)
        return instance_id, guest

    def given_alive(self, instance_id):
        """Its guest agent answers, and does what it is told."""
        self.guests[instance_id].hooks |= {
            'rpc_ping': lambda **_: None,
            'make_read_only': lambda read_only: self.change(
                instance_id, not read_only
            ),
            'attach_replica': lambda **_: self.change(instance_id, False),
        }

    def change(self, instance_id, writable):
        self.told[instance_id] = writable
        self._note(instance_id, writable)

    def _note(self, instance_id, writable):
        if writable:
            self.writable.add(instance_id)
        else:
            self.writable.discard(instance_id)
        self.most = max(self.most, len(self.writable))

    def _stopped(self, instance_id):
        self._note(instance_id, False)

    def _rebooted(self, instance_id):
        if instance_id in self.guests:
            self.guests[instance_id].report(states.ServiceStatus.HEALTHY)
        follows = self.shown(instance_id).slave_of_id is not None
        self._note(instance_id, self.told.get(instance_id, not follows))

    def given_dead(self, instance_id):
        """Its guest agent answers nothing any more."""

        def refuse(**_):
            raise exception.DatastoreError(action='answer', reason='dead')

        guest = self.guests[instance_id]
        guest.hooks |= dict.fromkeys(
            ('rpc_ping', 'attach_replica', 'make_read_only'), refuse
        )

    def given_failure(self, cls, name, error):
        """Return a context in which a step fails after it was done."""
        steps = cls.steps

        def failing(workflow):
            def fail(do):
                do()
                raise error

            return [
                dataclasses.replace(step, do=lambda do=step.do: fail(do))
                if step.name == name
                else step
                for step in steps(workflow)
            ]

        return fixtures.MockPatchObject(cls, 'steps', failing)

    def begin(self, instance_id, action=replicas.PROMOTE):
        replicas.begin(self.context, instance_id, action)

    def asked(self, instance_id, *others):
        """What a guest was asked, without what only looks."""
        looks = {'rpc_ping', 'get_diagnostics', *others}
        return [
            name
            for name, _ in self.guests[instance_id].calls
            if name not in looks
        ]

    def followed(self, instance_id):
        """Whom a guest was told to follow at last."""
        for name, arguments in reversed(self.guests[instance_id].calls):
            if name == 'attach_replica':
                return arguments['replica_info']['of']
        return None

    def assert_set(self, primary, *others):
        """It is recorded so, it is so, and nobody waits for anything."""
        self.assertIsNone(self.shown(primary).slave_of_id)
        self.assertEqual({primary}, self.writable)
        self.assertLessEqual(self.most, 1)
        for each in others:
            self.assertEqual(primary, self.shown(each).slave_of_id)
        for each in (primary, *others):
            self.assertTrue(self.shown(each).task.is_idle, each)
            self.assertIsNone(jobs.get_workflow(each))
