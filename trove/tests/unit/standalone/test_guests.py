# SPDX-License-Identifier: Apache-2.0
"""Guest agents as threads: their options, their versions, their ends."""

import pathlib

import fixtures

from trove.cloud.local import home as homes
from trove.common import exception
from trove.standalone import guests
from trove.tests import base


class StandIn:
    """A guest agent that only says what is done to it."""

    made = []
    error = None

    def __init__(self, conf, transport=None, version=None):
        self.conf = conf
        self.transport = transport
        self.version = version
        self.running = False
        self.made.append(self)

    def start(self):
        if self.error is not None:
            raise self.error
        self.running = True

    def stop(self):
        self.running = False


class GuestThreadsTestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.standalone.guests.service.GuestAgent', StandIn
            )
        )
        self.made = []
        self.useFixture(fixtures.MockPatchObject(StandIn, 'made', self.made))
        self.guests = guests.GuestThreads(self.conf)
        self.addCleanup(self.guests.close)

    def home(self, name='i1'):
        directory = self.useFixture(fixtures.TempDir()).path
        home = homes.Home(pathlib.Path(directory), name)
        home.make()
        home.put({'guest_info.conf': f'[DEFAULT]\nguest_id = {name}\n'})
        return home

    def test_each_has_the_options_of_its_own_files(self):
        for name in ('i1', 'i2'):
            self.guests.start(self.home(name))

        self.assertEqual(
            ['i1', 'i2'], [agent.conf.guest_id for agent in self.made]
        )
        self.assertIsNone(self.conf.guest_id)
        self.assertIs(self.made[0].transport, self.made[1].transport)

    def test_starting_one_that_runs_changes_nothing(self):
        home = self.home()
        for _ in range(2):
            self.guests.start(home)

        self.assertEqual(1, len(self.made))
        self.assertTrue(self.guests.alive(home))
        self.assertIsNone(self.guests.failure(home))

    def test_stopping_ends_it_and_may_be_repeated(self):
        home = self.home()
        self.guests.start(home)

        for _ in range(2):
            self.guests.stop(home, 0)

        self.assertFalse(self.guests.alive(home))
        self.assertFalse(self.made[0].running)

    def test_one_that_does_not_start_says_why_until_it_does(self):
        home = self.home()
        StandIn.error = exception.ConfigurationError('no PostgreSQL')
        self.addCleanup(setattr, StandIn, 'error', None)
        self.guests.start(home)

        self.assertFalse(self.guests.alive(home))
        self.assertEqual('no PostgreSQL', self.guests.failure(home))

        StandIn.error = None
        self.guests.start(home)

        self.assertTrue(self.guests.alive(home))
        self.assertIsNone(self.guests.failure(home))

    def test_an_error_nobody_thought_of_is_a_failure_as_well(self):
        home = self.home()
        StandIn.error = ValueError('what is this')
        self.addCleanup(setattr, StandIn, 'error', None)

        self.guests.start(home)

        self.assertFalse(self.guests.alive(home))
        self.assertEqual('what is this', self.guests.failure(home))
        self.assertIn('reboot the instance', self.logs.output)

    def test_one_whose_options_are_damaged_says_so(self):
        home = self.home()
        home.put({'guest_info.conf': 'this is no option'})

        self.guests.start(home)

        self.assertFalse(self.guests.alive(home))
        self.assertIn('guest_info.conf', self.guests.failure(home))

    def test_an_exchange_is_no_boot(self):
        home = self.home()
        home.boot()
        self.guests.start(home)
        text = (home.etc / 'boot.conf').read_text()

        self.guests.restart('i1')

        self.assertEqual(text, (home.etc / 'boot.conf').read_text())

    def test_it_can_be_exchanged_for_an_older_one_and_back(self):
        self.guests.start(self.home())

        for version in ('1.3', None):
            self.guests.serve_as('i1', version)
            self.guests.restart('i1')

        self.assertEqual(
            [None, '1.3', None], [agent.version for agent in self.made]
        )
        self.assertEqual(
            [False, False, True], [agent.running for agent in self.made]
        )
