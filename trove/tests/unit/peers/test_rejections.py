# SPDX-License-Identifier: Apache-2.0
"""What cannot be taken is written down, told of, and harms nobody."""

from __future__ import annotations

import dataclasses
from unittest import mock

from trove.common import crypto
from trove.common import exception
from trove.common import rpc
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.objects.rejected import journal
from trove.objects.rejected import recording
from trove.peers import rejections
from trove.tests.fixtures import waiting
from trove.tests.unit.taskmanager import scene

Task = states.Task

REQUEST = 'req-11111111-2222-3333-4444-555555555555'
SECRET = 's3cr3t-of-the-user'


class RejectionsTestCase(scene.TestCase):
    def setUp(self):
        super().setUp()
        self.config(inst_rpc_key_encr_key=crypto.generate_key())
        self.recorder = rejections.Recorder(self.conf, 'taskmanager')
        self.context.request_id = REQUEST

    def rejection(self, instance_id=None, **values):
        return rpc.Rejection(
            **{
                'interface': 'taskmanager',
                'peer': None,
                'sender': None,
                'method': 'restart',
                'version': '1.7',
                'kind': 'cast',
                'cause': 'version',
                'reason': 'this service supports 1.1. Upgrade it',
                'arguments': {'instance_id': instance_id},
                'request_id': REQUEST,
                'project_id': scene.PROJECT,
                'user_id': 'user-1',
            }
            | values
        )

    def recorded(self):
        return journal.list_()

    def fault(self, instance_id):
        return self.shown(instance_id).fault


class TestRecorder(RejectionsTestCase):
    def test_what_is_not_so_yet_can_be_taken_back(self):
        instance_id = self.given_request()
        doubted = self.rejection(
            kind='call', cause='unread', method='unknown', arguments={}
        )
        self.assertIsInstance(self.recorder, rpc.Doubting)
        self.recorder.doubt(doubted)
        settle = self.recorder.doubt(
            self.rejection(kind='call', cause='unread')
        )
        self.assertEqual(2, len(self.recorded()))

        settle()

        (row,) = self.recorded()
        self.assertEqual(doubted.id, row.id)
        self.assertFalse(row.replayable)
        self.assertIsNone(self.fault(instance_id))

    def test_it_is_written_down_without_secrets(self):
        self.recorder(
            self.rejection(
                'unknown',
                arguments={
                    'instance_id': 'unknown',
                    'root_password': SECRET,
                    'users': [{'_name': 'ann', '_password': SECRET}],
                },
            )
        )

        (row,) = self.recorded()
        self.assertEqual('waiting', row.state)
        self.assertEqual('version', row.cause)
        self.assertEqual('restart', row.method)
        self.assertEqual('1.7', row.version)
        self.assertEqual(REQUEST, row.request_id)
        self.assertEqual(scene.PROJECT, row.project_id)
        self.assertEqual('test-host', row.host)
        self.assertNotIn(SECRET, repr(row))
        self.assertNotIn(SECRET, self.logs.output)
        full = journal.full(self.conf, row.id)
        self.assertEqual(SECRET, full['arguments']['root_password'])

    def test_the_operator_is_told_what_to_do(self):
        self.recorder(self.rejection('unknown'))

        (row,) = self.recorded()
        self.assertIn(f'trove-rpc rejected show {row.id}', self.logs.output)

    def test_the_task_of_the_instance_ends_with_a_fault(self):
        instance_id = self.given_request()
        self.assertEqual(Task.BUILDING, self.shown(instance_id).task)

        self.recorder(self.rejection(instance_id, method='create_instance'))

        self.assert_fault(instance_id, 'Upgrade it', 'trove-rpc rejected')
        self.assertIn('create instance', self.fault(instance_id).message)

    def test_the_work_of_another_request_goes_on(self):
        instance_id = self.given_request()

        self.recorder(
            self.rejection(
                instance_id, method='create_instance', request_id='req-other'
            )
        )

        self.assertEqual(Task.BUILDING, self.shown(instance_id).task)
        self.assertEqual(1, len(self.recorded()))

    def test_what_a_guest_cannot_take_is_a_fault_of_its_instance(self):
        instance_id, _ = self.given_instance()

        self.recorder(
            self.rejection(
                peer=instance_id,
                interface='guestagent',
                method='create_database',
                arguments={'databases': []},
            )
        )

        self.assertIn('create database', self.fault(instance_id).message)
        self.assertEqual('ACTIVE', self.shown(instance_id).status)

    def test_what_comes_again_by_itself_is_no_fault(self):
        instance_id, _ = self.given_instance()

        for _ in range(3):
            self.recorder(
                self.rejection(
                    instance_id,
                    interface='conductor',
                    method='heartbeat',
                    sender=instance_id,
                )
            )

        self.assertIsNone(self.fault(instance_id))
        self.assertEqual(1, self.logs.output.count('Rejected conductor'))

    def test_a_call_is_no_fault(self):
        instance_id, _ = self.given_instance()

        self.recorder(self.rejection(instance_id, kind='call'))

        self.assertIsNone(self.fault(instance_id))

    def test_what_the_user_was_told_is_not_told_again(self):
        instance_id = self.given_request()
        instances.add_fault(instance_id, 'told')

        self.recorder.take_over(
            self.rejection(instance_id, method='create_instance'), told=True
        )

        self.assertEqual('told', self.fault(instance_id).message)
        self.assertEqual('ERROR', self.shown(instance_id).status)
        self.assertEqual(1, len(self.recorded()))

    def test_what_a_guest_has_kept_without_its_secrets(self):
        self.recorder.take_over(
            self.rejection(arguments={'users': [{'_password': '***'}]}),
            masked=True,
        )

        self.assertFalse(self.recorded()[0].replayable)

    def test_stars_in_a_text_are_no_missing_secret(self):
        self.recorder(
            self.rejection(arguments={'config_contents': '# *** tuned ***'})
        )

        self.assertTrue(self.recorded()[0].replayable)

    def test_what_is_reported_twice_is_told_once(self):
        instance_id = self.given_request()
        message = self.rejection(instance_id)
        self.recorder(message)
        instances.add_fault(instance_id, 'of later')

        self.recorder(message)

        self.assertEqual('of later', self.fault(instance_id).message)
        self.assertEqual(1, self.logs.output.count('Rejected taskmanager'))

    def test_a_backup_is_not_counted_with_others(self):
        for backup in ('b1', 'b2'):
            self.recorder(
                self.rejection(
                    interface='conductor',
                    method='update_backup',
                    arguments={'backup_id': backup},
                )
            )

        self.assertEqual(2, len(self.recorded()))


class TestAge(RejectionsTestCase):
    def test_an_old_message_harms_nobody_however_often_it_comes(self):
        instance_id = self.given_request()
        old = {
            'method': 'create_instance',
            'cause': 'age',
            'id': '0123456789abcdef0123456789abcdef',
        }

        for _ in range(3):
            self.recorder(self.rejection(instance_id, **old))

        self.assertEqual(Task.BUILDING, self.shown(instance_id).task)
        self.assertIsNone(self.fault(instance_id))
        self.assertEqual(1, len(self.recorded()))
        self.assertEqual(1, self.logs.output.count('Rejected taskmanager'))
        self.assertIn('whether it was carried out before', self.logs.output)


class TestUnread(RejectionsTestCase):
    def unread(self, instance_id, **values):
        self.recorder(
            self.rejection(
                instance_id,
                interface='conductor',
                method='notify_exc_info',
                cause='unread',
                **values,
            )
        )
        (row,) = self.recorded()
        self.assertTrue(row.replayable)

    def test_what_was_opened_is_told(self):
        instance_id = self.given_request()

        self.unread(instance_id, sender=instance_id, proven=True)

        self.assertIn('notify exc info', self.fault(instance_id).message)

    def test_what_anybody_may_have_sent_is_not(self):
        instance_id = self.given_request()

        self.unread(instance_id)

        self.assertIsNone(self.fault(instance_id))
        self.assertIn('Fix the cause', self.logs.output)

    def test_of_all_that_anybody_may_have_sent_few_are_kept(self):
        self.config(rejected_per_instance=3)

        for number in range(9):
            self.recorder(
                self.rejection(
                    f'made-up-{number}', interface='conductor', cause='unread'
                )
            )

        kept = self.recorded()
        self.assertEqual(4, len(kept))
        self.assertEqual(9, sum(row.count for row in kept))


class TestHostile(RejectionsTestCase):
    def test_it_harms_nobody(self):
        instance_id = self.given_request()

        self.recorder(
            self.rejection(
                instance_id, method='create_instance', cause='seal'
            )
        )

        self.assertEqual(Task.BUILDING, self.shown(instance_id).task)
        self.assertIsNone(self.fault(instance_id))
        (row,) = self.recorded()
        self.assertFalse(row.replayable)

    def test_a_flood_fills_neither_table_nor_log(self):
        with mock.patch.object(
            recording, 'record', side_effect=recording.record
        ) as record:
            for number in range(200):
                self.recorder(
                    self.rejection(cause='seal', reason=f'number {number}')
                )

            self.recorder(self.rejection(cause='seal', method='stop'))
            waiting.until(
                lambda: sum(row.count for row in self.recorded()) == 201,
                'all are counted',
            )

        self.assertLess(record.call_count, 200)
        self.assertEqual(
            {'restart': 200, 'stop': 1},
            {row.method: row.count for row in self.recorded()},
        )
        self.assertEqual(1, self.logs.output.count('taskmanager restart'))

    def test_names_made_up_by_strangers_stay_on_one_line(self):
        self.recorder(self.rejection(cause='form', method='a\nERROR b'))

        self.assertNotIn('a\nERROR b', self.logs.output)


class TestDatabaseAway(RejectionsTestCase):
    gone = exception.ServiceUnavailable(what='The database')

    def test_it_is_waited_for(self):
        record = recording.record
        answers = iter([self.gone, self.gone])

        def flaky(*args, **kwargs):
            for error in answers:
                raise error
            return record(*args, **kwargs)

        with mock.patch.object(recording, 'record', flaky):
            self.recorder(self.rejection('unknown'))

        self.assertEqual(1, len(self.recorded()))

    def test_the_log_gets_it_in_full_but_for_the_secrets(self):
        message = dataclasses.replace(
            self.rejection(),
            arguments={'instance_id': 'one', 'root_password': SECRET},
        )
        with mock.patch.object(recording, 'record', side_effect=self.gone):
            self.recorder(message)

        self.assertIn('"instance_id": "one"', self.logs.output)
        self.assertIn('Repair the database', self.logs.output)
        self.assertIn(REQUEST, self.logs.output)
        self.assertNotIn(SECRET, self.logs.output)

    def test_nothing_is_raised_whatever_happens(self):
        with mock.patch.object(
            recording, 'record', side_effect=RuntimeError('bug')
        ):
            self.recorder(self.rejection())

        self.assertIn('bug', self.logs.output)

    def test_an_answer_that_got_lost_does_not_keep_it_from_the_user(self):
        instance_id = self.given_request()
        record = recording.record
        lost = iter([self.gone])

        def losing(*args, **kwargs):
            row = record(*args, **kwargs)
            for error in lost:
                raise error
            return row

        with mock.patch.object(recording, 'record', losing):
            self.recorder(
                self.rejection(instance_id, method='create_instance')
            )

        self.assert_fault(instance_id, 'trove-rpc rejected show')

    def test_nothing_is_raised_for_what_cannot_be_shown(self):
        with mock.patch.object(
            rpc.Rejection, 'masked', side_effect=RecursionError('too deep')
        ):
            self.recorder(self.rejection())

        self.assertIn('too deep', self.logs.output)
        self.assertIn(REQUEST, self.logs.output)

    def test_nothing_is_raised_for_what_cannot_be_described(self):
        with mock.patch.object(
            rejections, '_describe', side_effect=RecursionError('too deep')
        ):
            self.recorder(self.rejection())

        self.assertIn('too deep', self.logs.output)
