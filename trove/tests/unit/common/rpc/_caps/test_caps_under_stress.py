# SPDX-License-Identifier: Apache-2.0
"""Caps when the database is away, peers are silent or refuse seals."""

from __future__ import annotations

import threading

from trove.common import exception
from trove.common import rpc
from trove.common.rpc._caps import caps as rpc_caps
from trove.tests import base
from trove.tests.fixtures import waiting
from trove.tests.unit.common.rpc import sample

INTERFACE = sample.API.interface


class CapsTestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        self.now = 0.0
        self.config(refresh_interval=10, group='upgrade_levels')
        self.asked = 0
        self.probed = 0
        self.found = None

    def make(
        self,
        discover=lambda peer: None,
        probe=None,
        keep=lambda peer, revision: None,
    ):
        return rpc_caps.Caps(
            self.conf,
            {'guestagent': discover},
            {'guestagent': keep},
            probe or self.probe,
            clock=lambda: self.now,
        )

    def probe(self, interface, peer):
        self.probed += 1
        return self.found


class AwayTest(CapsTestCase):
    def look(self, error):
        def discover(peer):
            self.asked += 1
            raise error

        caps = self.make(discover)
        for self.now in (0.0, 0.2, 0.9, 1.5, 1.9):
            cap = caps.get(INTERFACE, 'x')
            self.assertEqual(INTERFACE.floor, cap.limit)

    def test_not_every_message_asks_again(self):
        self.look(exception.ServiceUnavailable(what='The database'))

        self.assertEqual(2, self.asked)
        self.assertEqual(1, self.logs.output.count('Could not determine'))
        self.assertNotIn('Traceback', self.logs.output)
        self.assertIn('the message broker', self.logs.output)

    def test_what_nobody_expects_has_a_traceback(self):
        self.look(RuntimeError('strange'))

        self.assertEqual(1, self.logs.output.count('Traceback'))


class SilentTest(CapsTestCase):
    def test_it_is_not_asked_again_as_long_as_that_is_kept(self):
        kept = []
        caps = self.make(
            lambda peer: kept[-1] if kept else None,
            keep=lambda peer, found: kept.append(found),
        )
        for self.now in (0.0, 11.0, 29.0, 100.0):
            self.assertFalse(caps.get(INTERFACE, 'x').known)
        self.assertEqual(1, self.probed)

        kept.clear()
        caps.get(INTERFACE, 'x')
        self.assertEqual(1, self.probed)
        self.now = 111.0
        caps.get(INTERFACE, 'x')
        self.assertEqual(2, self.probed)

    def test_what_another_process_was_answered_counts_as_long(self):
        for age, answered, asked in (
            (None, True, 1),
            (3.0, True, 0),
            (11.0, True, 1),
            (11.0, False, 0),
            (31.0, False, 1),
        ):
            self.probed = 0
            found = rpc.Probed('1.1', age, answered)
            caps = self.make({'x': found}.get)

            cap = caps.confirmed(INTERFACE, 'x')

            self.assertEqual('1.1', str(cap.limit))
            self.assertEqual(asked, self.probed, (age, answered))

    def test_one_asks_and_the_others_go_on(self):
        begun, answer = threading.Event(), threading.Event()

        def probe(interface, peer):
            self.probed += 1
            begun.set()
            answer.wait(30)
            return INTERFACE.latest

        caps = self.make(probe=probe)
        thread = threading.Thread(target=caps.get, args=(INTERFACE, 'x'))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(answer.set)
        waiting.until(begun.is_set, 'it is asked')

        others = [caps.get(INTERFACE, 'x') for _ in range(5)]

        self.assertEqual([INTERFACE.floor] * 5, [c.limit for c in others])
        self.assertFalse(any(each.known for each in others))
        answer.set()
        thread.join()
        self.assertEqual(1, self.probed)
        self.assertEqual(INTERFACE.latest, caps.get(INTERFACE, 'x').limit)

    def test_who_would_be_refused_waits_for_the_answer(self):
        begun, answer = threading.Event(), threading.Event()
        seen = []

        def probe(interface, peer):
            begun.set()
            answer.wait(30)
            return INTERFACE.latest

        caps = self.make(probe=probe)
        threads = [
            threading.Thread(target=caps.get, args=(INTERFACE, 'x')),
            threading.Thread(
                target=lambda: seen.append(caps.confirmed(INTERFACE, 'x'))
            ),
        ]
        threads[0].start()
        self.addCleanup(answer.set)
        waiting.until(begun.is_set, 'it is asked')
        threads[1].start()

        answer.set()
        for thread in threads:
            thread.join()

        self.assertEqual(INTERFACE.latest, seen[0].limit)


class SlowTest(CapsTestCase):
    """A look-up takes so long that what it has read is out of date."""

    def during_a_look_up(self, caps, happens):
        """Let something happen after it has read, before it returns."""
        self.happens = happens
        thread = threading.Thread(target=caps.get, args=(INTERFACE, 'x'))
        thread.start()
        thread.join()
        return str(caps.get(INTERFACE, 'x'))

    def setUp(self):
        super().setUp()
        self.stored = '1.10'
        self.happens = None

    def discover(self, peer):
        read, happens, self.happens = self.stored, self.happens, None
        if happens is not None:
            happens()
        return read

    def test_what_was_forgotten_meanwhile_is_looked_up_anew(self):
        caps = self.make(self.discover)

        def rolled_back():
            self.stored = '1.2'
            caps.forget('guestagent', 'x')

        self.assertEqual('1.2', self.during_a_look_up(caps, rolled_back))

    def test_what_was_refuted_meanwhile_does_not_come_back(self):
        caps = self.make(self.discover)
        caps.get(INTERFACE, 'x')
        self.found = INTERFACE.revision('1.2')
        self.now = 11.0

        found = self.during_a_look_up(
            caps, lambda: caps.refuted(INTERFACE, 'x')
        )

        self.assertEqual('1.2', found)

    def test_nor_does_it_if_the_look_up_fails(self):
        caps = self.make(self.discover)
        caps.get(INTERFACE, 'x')
        self.found = INTERFACE.revision('1.2')
        self.now = 11.0

        def fails():
            caps.refuted(INTERFACE, 'x')
            raise exception.ServiceUnavailable(what='The database')

        self.assertEqual('1.2', self.during_a_look_up(caps, fails))


class ProbedTest(CapsTestCase):
    """A peer that announces nothing, and was asked at some time."""

    def setUp(self):
        super().setUp()
        self.found = INTERFACE.revision('1.1')

    def kept(self, probe=None):
        return self.make(lambda peer: rpc.Probed('1.0'), probe)

    def confirmed(self, caps):
        return str(caps.confirmed(INTERFACE, 'x'))

    def test_it_is_asked_when_it_matters_and_not_otherwise(self):
        caps = self.kept()
        self.assertEqual('1.0', str(caps.get(INTERFACE, 'x')))
        self.assertEqual(0, self.probed)

        self.assertEqual('1.1', self.confirmed(caps))
        self.assertEqual('1.1', str(caps.get(INTERFACE, 'x')))
        self.assertIn('now speaks version 1.1 of guestagent', self.logs.output)

    def test_it_is_asked_once_in_an_interval(self):
        caps = self.kept()
        for self.now in (0.0, 5.0, 9.0, 11.0):
            self.confirmed(caps)
        self.assertEqual(2, self.probed)

    def test_it_is_asked_less_often_while_it_is_silent(self):
        self.found = None
        caps = self.kept()
        for self.now in (0.0, 11.0, 29.0, 31.0):
            self.assertEqual('1.0', self.confirmed(caps))
        self.assertEqual(2, self.probed)

    def test_it_is_asked_anew_after_all_was_forgotten(self):
        caps = self.kept()
        self.confirmed(caps)
        caps.forget()

        self.confirmed(caps)

        self.assertEqual(2, self.probed)

    def test_a_broker_that_is_away_changes_nothing(self):
        def probe(interface, peer):
            raise exception.ServiceUnavailable(what='The message broker')

        self.assertEqual('1.0', self.confirmed(self.kept(probe)))
        self.assertIn('Could not determine', self.logs.output)

    def test_one_asks_and_the_others_wait_for_the_answer(self):
        begun, answer = threading.Event(), threading.Event()
        seen = []

        def probe(interface, peer):
            self.probed += 1
            begun.set()
            answer.wait(30)
            return self.found

        caps = self.kept(probe)
        threads = [
            threading.Thread(target=lambda: seen.append(self.confirmed(caps)))
            for _ in range(3)
        ]
        threads[0].start()
        self.addCleanup(answer.set)
        waiting.until(begun.is_set, 'it is asked')
        for thread in threads[1:]:
            thread.start()

        answer.set()
        for thread in threads:
            thread.join()

        self.assertEqual(['1.1'] * 3, seen)


class DowngradeTest(CapsTestCase):
    def refute(self, text='1.10'):
        caps = self.make(lambda peer: text)
        caps.get(INTERFACE, 'x')
        events = []
        with rpc.observe(events.append):
            caps.refuted(INTERFACE, 'x')
        return [(e.outcome, e.version) for e in events]

    def test_it_is_told(self):
        self.config(enable_secure_rpc_messaging=True)
        self.found = INTERFACE.revision('1.2')

        self.assertEqual([('downgraded', '1.2')], self.refute())

        self.assertIn('no longer accepts sealed messages', self.logs.output)

    def test_not_of_what_was_taken_for_granted_in_order_to_ask(self):
        self.config(enable_secure_rpc_messaging=True)
        self.found = INTERFACE.revision('1.2')

        self.assertEqual([], self.refute(rpc.Assumed('1.10')))

        self.assertNotIn('no longer accepts sealed', self.logs.output)

    def test_it_is_told_of_one_that_was_asked_again(self):
        self.config(enable_secure_rpc_messaging=True)
        self.found = INTERFACE.revision('1.2')
        caps = self.make(lambda peer: rpc.Probed('1.10'))

        caps.confirmed(INTERFACE, 'x')

        self.assertIn('no longer accepts sealed messages', self.logs.output)

    def test_not_where_nothing_is_sealed(self):
        self.found = INTERFACE.revision('1.2')

        self.assertEqual([], self.refute())
