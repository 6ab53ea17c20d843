# SPDX-License-Identifier: Apache-2.0
"""Messages that could not be taken: kept, found, counted, forgotten."""

from __future__ import annotations

import datetime
import time
import uuid

import fixtures
from oslo_utils import timeutils
import sqlalchemy as sa

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects.rejected import journal
from trove.objects.rejected import recording
from trove.tests.unit.objects import base

INSTANCE = 'b8d1c1f6-0000-4000-8000-000000000001'


def rejection(**values):
    """What a receiver hands over."""
    return {
        'interface': 'guestagent',
        'peer': INSTANCE,
        'sender': None,
        'method': 'create_user',
        'version': '1.7',
        'kind': 'cast',
        'cause': 'version',
        'reason': 'It speaks 1.5. Upgrade it.',
        'arguments': {'users': [{'name': 'ann', 'password': 'hush'}]},
        'request_id': 'req-1',
        'project_id': base.ALICE,
        'user_id': 'u1',
        'id': str(uuid.uuid4()),
        'time': time.time() - 100,
        **values,
    }


MASKED = {'users': [{'name': 'ann', 'password': '***'}]}


class TestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        self.config(inst_rpc_key_encr_key='a key')

    def record(self, replayable=True, masked=MASKED, fold=False, **values):
        given = rejection(**values)
        return recording.record(
            self.conf,
            given,
            masked,
            host='host-1',
            instance_id=given['peer'] or given['sender'],
            replayable=replayable,
            fold=fold,
        ).id

    def hostile(self, **values):
        return self.record(
            replayable=False, **{'cause': 'seal', 'sender': 'x', **values}
        )

    def all(self, **filters):
        return journal.list_(**{'state': None, **filters})


class TestRejected(TestCase):
    def test_it_is_shown_without_secrets(self):
        given = rejection()
        key = recording.record(
            self.conf,
            given,
            MASKED,
            host='host-1',
            instance_id=INSTANCE,
            replayable=True,
        ).id

        found = journal.get(key)

        for name in given.keys() - {'arguments', 'time', 'id'}:
            self.assertEqual(given[name], getattr(found, name), name)
        self.assertEqual(MASKED, found.arguments)
        self.assertEqual(
            ('host-1', INSTANCE, 'waiting', 1, True),
            (
                found.host,
                found.instance_id,
                found.state,
                found.count,
                found.replayable,
            ),
        )
        age = (timeutils.utcnow() - found.created).total_seconds()
        self.assertTrue(98 < age < 200, age)
        self.assertNotIn('hush', repr(found))

    def test_all_of_it_is_kept_encrypted(self):
        given = rejection()
        key = recording.record(
            self.conf, given, MASKED, host='h', replayable=True
        ).id

        self.assertEqual(given, journal.full(self.conf, key))

        with session.reader() as db:
            row = db.get(models.RejectedMessage, key)
            stored = [getattr(row, each.name) for each in row.__table__.c]
        self.assertNotIn('hush', repr(stored))
        self.config(inst_rpc_key_encr_key='another')
        error = self.assertRaises(
            exception.SealError, journal.full, self.conf, key
        )
        self.assertIn(key, str(error))
        self.assertIn('inst_rpc_key_encr_key', str(error))
        self.config(inst_rpc_key_encr_key=None)
        self.assertRaises(
            exception.ConfigurationError, journal.full, self.conf, key
        )

    def test_without_a_key_only_what_has_no_secret_is_kept(self):
        self.config(inst_rpc_key_encr_key=None)
        secret = self.record()
        plain = self.record(arguments={'a': 1}, masked={'a': 1})

        self.assertEqual(
            {'a': 1}, journal.full(self.conf, plain)['arguments']
        )
        error = self.assertRaises(
            exception.Unprocessable, journal.full, self.conf, secret
        )
        self.assertIn(f'discard {secret}', str(error))
        self.assertIn('generate_keys', self.logs.output)

    def test_what_is_too_big_is_not_kept(self):
        self.useFixture(
            fixtures.MockPatchObject(recording, '_MAX_SEALED', 10_000)
        )
        key = self.record(
            arguments={'a': 'x' * 70_000}, masked={'a': 'x' * 70_000}
        )

        self.assertFalse(journal.get(key).replayable)
        self.assertEqual({}, journal.get(key).arguments)

    def test_the_same_one_twice_is_once(self):
        given = str(uuid.uuid4())
        key = self.record(id=given)
        journal.mark(key, journal.REPLAYED)

        self.assertEqual(key, self.record(id=given, reason='another'))

        self.assertEqual(
            ['replayed'], [each.state for each in self.all()]
        )

    def test_the_same_one_at_once(self):
        key = str(uuid.uuid4())

        got = base.at_once(*[lambda: self.record(id=key) for _ in range(4)])

        self.assertEqual(1, len(set(got)))
        self.assertEqual(got[:1], [each.id for each in self.all()])

    def test_no_guest_chooses_the_id_of_what_another_one_has(self):
        given = str(uuid.uuid4())
        keys = {
            self.record(id=given, peer=peer, sender=sender, interface=name)
            for peer, sender, name in (
                ('a', None, 'guestagent'),
                ('b', None, 'guestagent'),
                (None, 'a', 'conductor'),
                (None, 'b', 'conductor'),
            )
        }

        self.assertEqual(4, len(keys))
        self.assertNotIn(given, keys)

    def test_no_guest_hides_evidence_behind_what_it_reports(self):
        evidence = {'interface': 'conductor', 'method': 'heartbeat'}
        first = self.hostile(**evidence)
        with session.writer() as db:
            # It could be foretold, and so it had been reported before.
            db.execute(sa.delete(models.RejectedMessage))
        self.record(id=first, cause='version', reason='all is well')

        second = self.hostile(**evidence)

        self.assertEqual('seal', journal.get(second).cause)
        self.assertEqual(1, journal.get(second).count)
        self.assertEqual(
            1, journal.counts()['conductor', 'seal', 'waiting']
        )

    def test_whether_it_is_new_is_said(self):
        given = rejection()

        said = [
            recording.record(self.conf, given, MASKED, host='h').new
            for _ in range(2)
        ]

        self.assertEqual([True, False], said)

    def test_anything_may_come_from_a_sender(self):
        for values in (
            {'method': 'x' * 300 + '\0', 'version': '9' * 50},
            {'method': '\ud800', 'reason': '\0' * 50_000 + 'é' * 70_000},
            {'method': None, 'version': None, 'kind': None},
            {'time': 'now'},
            {'time': float('nan')},
            {'time': 1e300},
            {'time': time.time() + 1e6},
            {'id': 'no uuid', 'request_id': 'r' * 500, 'user_id': 17},
        ):
            found = journal.get(self.record(**values))

            self.assertLessEqual(found.created, timeutils.utcnow())

    def test_they_are_listed_page_by_page_the_newest_first(self):
        now = time.time()
        keys = [self.record(time=now - 10 * each) for each in range(1, 6)]

        found, marker = [], None
        for _ in range(3):
            page = self.all(limit=2, marker=marker)
            found += [each.id for each in page]
            marker = found[-1]

        self.assertEqual(keys, found)
        self.assertEqual([], self.all(marker=marker))
        self.assertEqual(5, len(self.all(limit=None)))

    def test_they_are_found_by_what_they_are(self):
        one = self.record()
        other = self.record(
            interface='conductor', peer=None, sender='other-instance'
        )
        journal.mark(one, journal.DISCARDED)

        def ids(**filters):
            return [each.id for each in journal.list_(**filters)]

        self.assertEqual([other], ids())
        self.assertEqual([one], ids(state='discarded'))
        self.assertEqual([other], ids(state=None, interface='conductor'))
        self.assertEqual([one], ids(state=None, instance_id=INSTANCE))

    def test_only_one_of_two_marks_it(self):
        key = self.record()

        got = base.at_once(
            *[lambda: journal.mark(key, journal.REPLAYED)] * 3
        )

        self.assertEqual([False, False, True], sorted(got))
        self.assertTrue(journal.mark(key, recording.WAITING, expected=None))
        self.assertEqual('waiting', journal.get(key).state)
        self.assertRaises(ValueError, journal.mark, key, 'gone')

    def test_what_there_is_not(self):
        for key in ('nope', 'no\0pe'):
            error = self.assertRaises(
                exception.NotFound, journal.get, key
            )
            self.assertIn('trove-rpc rejected list', str(error))
        self.assertRaises(
            exception.NotFound, journal.mark, 'nope', 'discarded'
        )
        self.assertRaises(
            exception.NotFound, journal.full, self.conf, 'nope'
        )

    def test_they_are_counted(self):
        one = self.record()
        self.record()
        self.hostile()
        self.hostile()
        journal.mark(one, journal.DISCARDED)

        self.assertEqual(
            {
                ('guestagent', 'version', 'waiting'): 1,
                ('guestagent', 'version', 'discarded'): 1,
                ('guestagent', 'seal', 'waiting'): 2,
            },
            journal.counts(),
        )

    def test_what_is_settled_is_forgotten_after_a_while(self):
        waits, settled, fresh = (self.record() for _ in range(3))
        journal.mark(settled, journal.REPLAYED)
        journal.mark(fresh, journal.DISCARDED)
        long_ago = timeutils.utcnow() - datetime.timedelta(days=40)
        with session.writer() as db:
            db.execute(
                sa.update(models.RejectedMessage)
                .where(models.RejectedMessage.id.in_((waits, settled)))
                .values(updated=long_ago)
            )

        self.assertEqual(1, journal.purge(30 * 86400))

        self.assertEqual(
            {waits, fresh}, {each.id for each in self.all()}
        )


class TestLimits(TestCase):
    def test_hostile_ones_alike_are_counted_in_one_row(self):
        keys = {self.hostile(reason=f'no {each}') for each in range(3)}
        other = self.hostile(method='drop_all')

        (key,) = keys
        self.assertNotEqual(key, other)
        found = journal.get(key)
        self.assertEqual((3, 'no 2'), (found.count, found.reason))
        self.assertFalse(found.replayable)
        self.assertEqual(2, len(self.all()))

    def test_hostile_ones_at_once(self):
        got = base.at_once(*[self.hostile for _ in range(4)])

        self.assertEqual(1, len(set(got)), got)
        self.assertEqual(4, journal.get(got[0]).count)

    def test_what_was_discarded_and_goes_on_is_shown_again(self):
        key = self.hostile()
        journal.mark(key, journal.DISCARDED)

        self.hostile()

        self.assertEqual('waiting', journal.get(key).state)

    def test_of_one_instance_no_more_than_so_much_is_kept_in_full(self):
        self.useFixture(
            fixtures.MockPatchObject(
                recording, 'MAX_SEALED_PER_INSTANCE', 10_000
            )
        )
        large = {'a': 'x' * 4000}
        keys = [self.record(arguments=large) for _ in range(3)]
        other = self.record(arguments=large, peer='another')

        self.assertEqual(
            [True, False, False, True],
            [journal.get(key).replayable for key in (*keys, other)],
        )

    def test_who_makes_up_names_of_methods_fills_no_table(self):
        self.useFixture(
            fixtures.MockPatchObject(recording, 'MAX_HOSTILE', 5)
        )
        honest = self.record()

        for number in range(20):
            self.hostile(method=f'm{number}', sender=f's{number}')

        found = self.all(limit=None)
        self.assertEqual(1 + 5 + 1, len(found))
        self.assertIn(honest, [each.id for each in found])
        (rest,) = (each for each in found if each.method == '*')
        self.assertEqual(15, rest.count)
        self.assertEqual(
            20, journal.counts()['guestagent', 'seal', 'waiting']
        )

    def test_a_guest_that_is_broken_fills_no_table(self):
        self.config(rejected_per_instance=3)
        for _ in range(10):
            self.record()
        other = self.record(peer='other')

        found = self.all(instance_id=INSTANCE)

        self.assertEqual([1, 1, 1, 7], sorted(each.count for each in found))
        self.assertTrue(journal.get(other).replayable)

    def test_what_comes_again_anyway_is_counted_in_one_row(self):
        keys = {
            self.record(method='heartbeat', fold=True) for _ in range(3)
        }

        (key,) = keys
        self.assertEqual(3, journal.get(key).count)
        self.assertFalse(journal.get(key).replayable)
