# SPDX-License-Identifier: Apache-2.0
"""A guest cannot speak for another, and conductors say what they speak."""

from __future__ import annotations

from unittest import mock

from oslo_db import exception as oslo_db_exception

from trove.common import crypto
from trove.common import exception
from trove.common import rpc
from trove.objects import root
from trove.objects.guest import heartbeats
from trove.objects.instance import states
from trove.objects.rejected import journal
from trove.objects.rejected import recording
from trove.tests.unit.conductor import test_manager

Status = states.ServiceStatus


class TestSender(test_manager.ConductorTestCase):
    """What was opened with the key of an instance is of its guest."""

    def setUp(self):
        super().setUp()
        self.other = self.given_request(name='other')
        self.sealed.request_id = 'req-1'

    def test_it_needs_no_other_proof(self):
        self.heartbeat(
            self.sealed,
            self.instance_id,
            {'service_status': 'healthy', 'rpc_version': '1.5'},
            sent=1.0,
        )

        self.assertEqual(
            Status.HEALTHY, heartbeats.heartbeat(self.instance_id).status
        )

    def test_of_every_method_it_is_about_that_instance_or_refused(self):
        messages = (
            ('heartbeat', (self.other, {'service_status': 'crashed'}, 1.0)),
            ('update_backup', (self.other, 'backup-1', 1.0)),
            ('report_root', (self.other,)),
            ('report_rejected', (self.other, {})),
            ('notify_end', ({'instance_id': self.other}, {})),
            ('notify_exc_info', ({'instance_id': self.other}, 'm', [])),
        )
        about_one = set(self.conductor.interface.methods) - {'get_versions'}
        self.assertEqual(about_one, {name for name, _ in messages})

        for name, arguments in messages:
            try:
                getattr(self.conductor, name)(self.sealed, *arguments)
            except exception.BadRequest:
                self.assertEqual('report_rejected', name)
        self.writer.flush()

        self.assertEqual(Status.NEW, heartbeats.heartbeat(self.other).status)
        self.assertIsNone(root.history(self.other))
        self.assertIsNone(self.shown(self.other).fault)
        found = {row.method: row for row in journal.list_()}
        self.assertEqual(about_one, set(found))
        for row in found.values():
            self.assertEqual('seal', row.cause)
            self.assertEqual(self.instance_id, row.sender)
            self.assertFalse(row.replayable)
            self.assertIn('compromised', row.reason)
        self.assertIsNone(self.shown(self.instance_id).fault)

    def test_a_project_that_it_names_besides_does_not_matter(self):
        self.sealed.project_id = 'another'

        self.conductor.report_root(self.sealed, self.instance_id)

        self.assertIsNotNone(root.history(self.instance_id))


class TestVersions(test_manager.ConductorTestCase):
    def test_what_all_conductors_understand(self):
        self.assertEqual(
            {'conductor': '1.1'}, self.conductor.get_versions(self.sealed)
        )


class TestReportRejected(test_manager.ConductorTestCase):
    def setUp(self):
        super().setUp()
        self.config(inst_rpc_key_encr_key=crypto.generate_key())

    def report(self, **values):
        return (
            rpc.Rejection(
                interface='guestagent',
                peer=self.instance_id,
                sender=self.instance_id,
                method='create_database',
                version='1.9',
                kind='cast',
                cause='version',
                reason='this service supports 1.5',
                arguments={'databases': [{'_name': 'shop'}]},
                request_id='req-1',
            ).to_dict()
            | {'count': 1, 'masked': False, 'told': False}
            | values
        )

    def when_reported(self, report, context=None):
        self.conductor.report_rejected(
            context or self.sealed, self.instance_id, report
        )

    def test_it_is_kept_and_the_user_told(self):
        report = self.report()

        self.when_reported(report)

        (row,) = journal.list_()
        self.assertNotEqual(report['id'], row.id)
        self.assertEqual(self.instance_id, row.peer)
        self.assertEqual('req-1', row.request_id)
        self.assertTrue(row.replayable)
        fault = self.shown(self.instance_id).fault
        self.assertIn('create database', fault.message)

    def test_the_same_report_again_changes_nothing(self):
        report = self.report()
        self.when_reported(report)
        journal.mark(journal.list_()[0].id, 'discarded')

        self.when_reported(report)

        self.assertEqual([], journal.list_())

    def test_without_its_secrets_it_cannot_be_sent_again(self):
        self.when_reported(self.report(masked=True))

        self.assertFalse(journal.list_()[0].replayable)

    def test_what_the_user_knows_already(self):
        self.when_reported(self.report(told=True))

        self.assertIsNone(self.shown(self.instance_id).fault)
        self.assertEqual(1, len(journal.list_()))

    def test_it_is_always_about_the_guest_itself(self):
        other = self.given_request(name='other')

        self.when_reported(
            self.report(peer=other, sender=other, interface='taskmanager')
        )

        (row,) = journal.list_()
        self.assertEqual(self.instance_id, row.peer)
        self.assertEqual(self.instance_id, row.instance_id)
        self.assertEqual('guestagent', row.interface)
        self.assertIsNone(self.shown(other).fault)

    def test_nonsense_does_no_harm(self):
        for report in (
            5,
            {},
            self.report(kind='shout'),
            self.report(cause='out of\nspite'),
            self.report(id='x' * 100),
            self.report(arguments='none'),
            self.report(method=None),
            self.report(request_id=7),
            self.report(time='now'),
        ):
            error = self.assertRaises(
                exception.BadRequest, self.when_reported, report
            )
            self.assertIn('upgrade the conductor', str(error))

        self.assertEqual([], journal.list_())
        self.assertEqual(1, self.logs.output.count('Refused report_rejec'))

    def test_what_a_newer_guest_knows_besides_is_passed_over(self):
        self.when_reported(self.report(more='than known', cause='quota'))

        (row,) = journal.list_()
        self.assertEqual('quota', row.cause)
        self.assertTrue(row.replayable)

    def test_the_guest_learns_that_it_is_not_written_down(self):
        # Given: it goes as fast as it can, for the guest can wait.
        for error in (
            exception.ServiceUnavailable(what='The database'),
            oslo_db_exception.DBConnectionError(),
        ):
            with mock.patch.object(recording, 'record', side_effect=error):
                self.assertRaises(
                    exception.ServiceUnavailable,
                    self.when_reported,
                    self.report(),
                )

        self.assertIsNone(self.shown(self.instance_id).fault)

    def test_of_another_project(self):
        with mock.patch.object(recording, 'record') as record:
            self.assertRaises(
                exception.BadRequest,
                self.when_reported,
                self.report(),
                self.foreign,
            )

        record.assert_not_called()
