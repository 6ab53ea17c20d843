# SPDX-License-Identifier: Apache-2.0
"""Messages that could not be taken, on the disk."""

from __future__ import annotations

import json
import os
import pathlib
import stat
from typing import Any
from unittest import mock

import fixtures

from trove.common import rpc
from trove.guestagent import guest_keys
from trove.guestagent import rejections
from trove.guestagent.datastores import files
from trove.tests import base

SECRET = 'hush-hush'


def rejection(**changes: Any) -> rpc.Rejection:
    """A cast of a newer release that brings a password along."""
    values: dict[str, Any] = {
        'interface': 'guestagent',
        'peer': 'a-guest',
        'sender': None,
        'method': 'polish',
        'version': '1.9',
        'kind': 'cast',
        'cause': 'version',
        'reason': 'it is of version 1.9. Upgrade the guest agent',
        'arguments': {'users': [{'_name': 'joe', '_password': SECRET}]},
        'request_id': 'req-1',
    }
    return rpc.Rejection(**(values | changes))


def hostile(**changes: Any) -> rpc.Rejection:
    return rejection(cause='seal', reason='it does not open', **changes)


class RejectionsTestCase(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = (
            pathlib.Path(self.useFixture(fixtures.TempDir()).path) / 'rejected'
        )
        self.config(
            guest_id='a-guest',
            instance_rpc_encr_key='k' * 32,
            enable_secure_rpc_messaging=True,
        )
        self.config(group='guestagent', state_dir=str(self.directory.parent))
        self.keys: guest_keys.GuestKeys | None = guest_keys.GuestKeys(
            self.conf
        )
        self.woken = 0
        self.sink = self.agent()

    def agent(self) -> rejections.Rejections:
        """As one that starts; the one before was killed."""
        sink = rejections.Rejections(self.conf, self.directory, self.keys)
        sink.listen(self._wake)
        return sink

    def _wake(self) -> None:
        self.woken += 1

    def files(self) -> list[pathlib.Path]:
        return sorted(self.directory.iterdir())

    def taken(self) -> list[rejections.Item]:
        return [
            item
            for kept in self.sink.waiting()
            if (item := self.sink.take(kept)) is not None
        ]


class OneTest(RejectionsTestCase):
    def test_it_is_on_the_disk_when_the_sink_returns(self) -> None:
        with mock.patch.object(os, 'fsync', wraps=os.fsync) as fsync:
            self.sink(rejection())
        (path,) = self.files()
        self.assertEqual(0o600, stat.S_IMODE(path.stat().st_mode))
        self.assertEqual(0o700, stat.S_IMODE(self.directory.stat().st_mode))
        # The file, and the directory that has its name
        self.assertEqual(2, fsync.call_count)
        self.assertEqual(1, self.woken)

    def test_it_comes_back_in_full_after_a_restart(self) -> None:
        given = rejection()
        self.sink(given)
        self.sink = self.agent()
        (item,) = self.taken()
        self.assertEqual(given, item.rejection)
        self.assertEqual(given.arguments, item.rejection.arguments)
        self.assertTrue(item.full)
        self.assertFalse(item.told)
        self.assertEqual(1, item.count)

    def test_who_reads_the_file_sees_what_happened_but_no_secret(self) -> None:
        self.sink(rejection())
        text = self.files()[0].read_text()
        self.assertNotIn(SECRET, text)
        self.assertIn('"joe"', text)
        self.assertIn('Upgrade the guest agent', text)

    def test_without_a_key_no_secret_is_kept(self) -> None:
        self.keys = None
        self.sink = self.agent()
        self.sink(rejection())
        self.assertNotIn(SECRET, self.files()[0].read_text())
        (item,) = self.taken()
        self.assertFalse(item.full)
        self.assertEqual('joe', item.rejection.arguments['users'][0]['_name'])

    def test_it_outlives_a_new_key(self) -> None:
        self.sink(rejection())
        self.keys.rotate('n' * 32)
        self.sink = self.agent()
        self.assertTrue(self.taken()[0].full)

    def test_what_does_not_open_any_more_has_lost_its_secrets_only(
        self,
    ) -> None:
        self.sink(rejection())
        self.config(instance_rpc_encr_key='o' * 32)
        self.keys = guest_keys.GuestKeys(self.conf)
        self.sink = self.agent()
        (item,) = self.taken()
        self.assertFalse(item.full)
        self.assertEqual('polish', item.rejection.method)

    def test_the_log_says_what_to_do(self) -> None:
        self.sink(rejection(method='two\nlines'))
        self.assertIn('Upgrade the guest agent', self.logs.output)
        self.assertIn('trove-rpc rejected list', self.logs.output)
        self.assertIn('two\\nlines', self.logs.output)
        self.assertNotIn(SECRET, self.logs.output)

    def test_a_full_disk_is_no_reason_to_forget_it(self) -> None:
        with mock.patch.object(files, 'write', side_effect=OSError('full')):
            self.sink(rejection())
        self.assertIn('"polish"', self.logs.output)
        self.assertIn('Free space', self.logs.output)
        self.assertNotIn(SECRET, self.logs.output)
        self.sink(rejection())
        self.assertEqual(1, len(self.taken()))

    def test_nothing_is_raised_for_what_cannot_be_shown(self) -> None:
        with mock.patch.object(
            rpc.Rejection, 'masked', side_effect=RecursionError('too deep')
        ):
            self.sink(rejection())
        self.assertIn('too deep', self.logs.output)
        self.assertIn('polish', self.logs.output)
        self.assertIn('req-1', self.logs.output)

    def test_nor_when_nobody_can_be_woken(self) -> None:
        self.sink.listen(mock.Mock(side_effect=RuntimeError('no thread')))
        self.sink(rejection())
        self.assertIn('no thread', self.logs.output)
        self.assertEqual(1, len(self.taken()))

    def test_large_arguments_are_only_in_the_sealed_part(self) -> None:
        given = rejection(arguments={'databases': ['x' * 200_000]})
        self.sink(given)
        (path,) = self.files()
        record = json.loads(path.read_text())
        self.assertEqual(['left out'], list(record['rejection']['arguments']))
        self.assertEqual(given, self.taken()[0].rejection)


class LifeTest(RejectionsTestCase):
    def test_the_oldest_first_and_gone_when_handed_over(self) -> None:
        for number in (3, 1, 2):
            self.sink(rejection(method=f'm{number}', time=1000.0 + number))
        self.sink = self.agent()
        self.assertEqual(
            ['m1', 'm2', 'm3'],
            [item.rejection.method for item in self.taken()],
        )
        self.sink.remove(self.sink.waiting()[0])
        self.sink = self.agent()
        self.assertEqual(
            ['m2', 'm3'], [item.rejection.method for item in self.taken()]
        )

    def test_what_has_been_told_is_remembered(self) -> None:
        self.sink(rejection())
        (kept,) = self.sink.waiting()
        self.sink.take(kept)
        self.sink.put_back(kept, told=True)
        self.sink = self.agent()
        (item,) = self.taken()
        self.assertTrue(item.told)
        self.assertTrue(item.full)

    def test_what_an_ended_agent_left_is_cleared_away(self) -> None:
        self.directory.mkdir()
        (self.directory / '.half').write_text('{')
        self.assertEqual([], self.sink.waiting())
        self.assertEqual([], self.files())

    def test_what_is_not_so_yet_is_so_for_the_next_agent(self) -> None:
        doubted = rejection(
            cause='unread', kind='call', arguments={}, method='unknown'
        )
        self.sink.doubt(doubted)
        settle = self.sink.doubt(rejection(kind='call', cause='unread'))
        settle()
        self.assertEqual([], self.sink.waiting())

        (kept,) = self.agent().waiting()

        item = self.agent().take(kept)
        assert item is not None
        self.assertEqual(doubted.id, item.rejection.id)

    def test_a_damaged_file_is_put_aside(self) -> None:
        self.sink(rejection())
        (path,) = self.files()
        path.write_text('nonsense')
        self.sink = self.agent()
        self.assertEqual([], self.sink.waiting())
        self.assertEqual([path.with_suffix('.damaged')], self.files())
        self.assertIn('Look into it', self.logs.output)

    def test_one_that_somebody_removed_is_gone(self) -> None:
        self.sink(rejection())
        self.files()[0].unlink()
        self.assertEqual([], self.taken())
        self.assertEqual([], self.sink.waiting())


class LimitsTest(RejectionsTestCase):
    def test_what_nobody_honest_sent_is_counted(self) -> None:
        for _ in range(5):
            self.sink(hostile())
        self.sink(hostile(method='other'))
        self.assertEqual(2, len(self.files()))
        self.assertEqual(2, self.woken)
        self.assertEqual(2, self.logs.output.count('Rejected the'))
        self.assertEqual([5, 1], [item.count for item in self.taken()])

    def test_the_count_outlives_the_agent_and_goes_on(self) -> None:
        for _ in range(3):
            self.sink(hostile())
        self.sink.flush()
        self.sink = self.agent()
        self.sink(hostile())
        self.assertEqual([4], [item.count for item in self.taken()])

    def test_what_comes_during_the_hand_over_is_counted_anew(self) -> None:
        self.sink(hostile())
        (kept,) = self.sink.waiting()
        self.sink.take(kept)
        self.sink(hostile())
        self.sink.remove(kept)
        self.assertEqual([1], [item.count for item in self.taken()])

    def test_no_stranger_fills_the_disk(self) -> None:
        for number in range(3 * rejections.MAX_KINDS):
            self.sink(
                hostile(method=f'm{number}', arguments={'x': 'y' * 50_000})
            )
        self.assertEqual(rejections.MAX_KINDS + 1, len(self.files()))
        size = sum(path.stat().st_size for path in self.files())
        self.assertLess(size, 1_000_000)
        self.assertEqual(
            3 * rejections.MAX_KINDS,
            sum(item.count for item in self.taken()),
        )
        # And an honest one still finds room
        self.sink(rejection())
        self.assertTrue(any(item.full for item in self.taken()))

    def test_the_same_message_is_kept_once(self) -> None:
        """Who sends copies of an old one takes no room from others."""
        for time in range(100):
            self.sink(rejection(cause='age', id='0' * 32, time=float(time)))
        self.sink(rejection(id='1' * 32))

        self.assertEqual(2, len(self.files()))

    def test_honest_ones_have_a_limit_in_number(self) -> None:
        self.config(group='guestagent', max_rejected=3)
        for number in range(6):
            self.sink(rejection(method=f'm{number}'))
        self.assertEqual(4, len(self.files()))
        self.assertEqual(6, sum(item.count for item in self.taken()))
        # What was not kept is in the log, secrets aside
        self.assertIn('"m5"', self.logs.output)
        self.assertNotIn(SECRET, self.logs.output)

    def test_and_in_bytes(self) -> None:
        self.config(group='guestagent', max_rejected_mb=1)
        for _ in range(4):
            self.sink(rejection(arguments={'x': 'y' * 300_000}))
        self.assertEqual([True] * 2, [i.full for i in self.taken()][:2])
        size = sum(path.stat().st_size for path in self.files())
        self.assertLess(size, 1_100_000)
