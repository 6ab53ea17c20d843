# SPDX-License-Identifier: Apache-2.0
"""trove-rpc sealing, and what other commands show of it."""

from __future__ import annotations

import json

from trove.objects import sealing
from trove.tests.fixtures import reports
from trove.tests.unit.rpcadmin import base


class SealingTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.sent = 1.0
        self.it = self.guest()

    def guest(self):
        made = self.ready().id
        self.hear(made)
        return made

    def hear(self, instance_id):
        self.sent += 1
        reports.heard(
            instance_id,
            status=None,
            guest_version='1.5',
            sent=self.sent,
            sealed=True,
            seals=True,
        )

    def listed(self, *arguments):
        self.assertEqual(
            0, self.run_rpc('sealing', 'list', *arguments, '-f', 'json')
        )
        return json.loads(self.out)

    def allow(self, *arguments):
        return self.run_rpc(
            'sealing', 'allow', '--reason', 'image 12 is back', *arguments
        )

    def shown(self, instance_id):
        self.run_rpc(
            'peers',
            '--kind',
            'guestagent',
            '-f',
            'json',
            '-c',
            'Peer',
            '-c',
            'Released Form',
        )
        [found] = [
            each['Released Form']
            for each in json.loads(self.out)
            if each['Peer'] == instance_id
        ]
        return found

    def test_it_is_permitted_and_shown_with_who_and_why(self):
        self.assertEqual('refused', self.shown(self.it))

        self.assertEqual(0, self.allow(self.it), self.error)

        [found] = self.listed()
        self.assertEqual(
            (self.it, True, False, 'image 12 is back'),
            tuple(
                found[name]
                for name in ('Instance', 'Permitted', 'Held', 'Reason')
            ),
        )
        self.assertIn(' at ', found['By'])
        self.assertEqual('permitted', self.shown(self.it))

    def test_what_has_ended_is_shown_on_demand(self):
        self.allow(self.it)
        self.hear(self.it)

        self.assertEqual([], self.listed())
        [found] = self.listed('--all')
        self.assertEqual('a sealed heartbeat', found['Ended By'])

    def test_held_it_is_taken_back_by_a_command(self):
        self.allow('--hold', self.it)
        self.hear(self.it)
        self.assertEqual('permitted', self.shown(self.it))

        self.assertEqual(0, self.run_rpc('sealing', 'forbid', self.it))

        self.assertEqual('refused', self.shown(self.it))

    def test_all_that_it_concerns(self):
        other, never = self.guest(), self.ready().id

        self.assertEqual(0, self.allow('--hold', '--all'), self.error)
        self.assertEqual(
            {self.it, other}, {each['Instance'] for each in self.listed()}
        )
        self.assertEqual('refused', self.shown(self.guest()))
        self.assertIsNone(self.shown(never))

        self.assertEqual(0, self.run_rpc('sealing', 'forbid', '--all'))
        self.assertEqual([], self.listed())

    def test_services_are_peers_by_the_name_of_their_interface(self):
        sealing.record_registered('taskmanager', seals=True)

        self.assertEqual(0, self.allow('--hold', '--all'), self.error)
        self.assertEqual(
            {self.it, 'taskmanager'},
            {each['Instance'] for each in self.listed()},
        )
        sealing.record_registered('taskmanager', seals=True)
        self.assertTrue(sealing.of_services('taskmanager').released)
        self.run_rpc('sealing', 'forbid', 'taskmanager')
        self.assertFalse(sealing.of_services('taskmanager').released)

        self.assertEqual(0, self.allow('taskmanager'))
        sealing.record_registered('taskmanager', seals=True)
        self.assertFalse(sealing.of_services('taskmanager').released)
        [found] = self.listed('--all')[-1:]
        self.assertEqual('the registry of services', found['Ended By'])

    def test_an_operator_says_that_all_services_are_upgraded(self):
        self.assertTrue(sealing.of_services('api').released)
        self.assertEqual(1, self.allow('api'))
        self.assertIn('permitted for them anyway', self.error)

        self.assertEqual(0, self.run_rpc('sealing', 'forbid', 'api'))

        self.assertFalse(sealing.of_services('api').released)
        self.assertEqual(1, self.run_rpc('sealing', 'forbid', 'api'))
        self.assertIn('nothing to forbid', self.error)

    def test_what_makes_no_sense_is_told(self):
        never = self.ready().id

        self.assertEqual(1, self.allow(never))
        self.assertIn('permitted for it anyway', self.error)
        self.assertEqual(1, self.run_rpc('sealing', 'forbid', self.it))
        self.assertIn('nothing to forbid', self.error)
        self.assertEqual(2, self.allow())
        self.assertEqual(2, self.run_rpc('sealing', 'allow', self.it))
        self.assertEqual([], sealing.permitted(ended=True))
