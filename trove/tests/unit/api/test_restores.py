# SPDX-License-Identifier: Apache-2.0
"""Instances that are made of a backup and its archived log."""

from __future__ import annotations

from trove.objects.backup import log_work
from trove.objects.backup import logs
from trove.objects.instance import workflows
from trove.tests.unit.api import base
from trove.tests.unit.api import test_backups


def _at(hour):
    return f'2027-01-31T{hour:02d}:00:00.000000Z'


class RestoreToTimeTest(test_backups.TestCase):
    def archived(self):
        """Given a backup whose log is archived up to ten o'clock."""
        made = self.complete()
        logs.want(base.PROJECT, self.instance.id, 'local', 'box')
        log_work.extend(self.instance.id, 1, 9, _at(10))
        known = {'log-series': '1', 'log-number': '2', 'log-time': _at(8)}
        logs.note_backup(made, known)
        return made

    def restore_to(self, **point):
        return self.post('/instances', self.order(restorePoint=point))

    def test_a_time(self):
        made = self.archived()

        for point in (
            {'instance': self.instance.id, 'time': '2027-01-31T09:00:00Z'},
            {'backupRef': made, 'time': '2027-01-31T10:00:00+01:00'},
        ):
            response = self.restore_to(**point)

            self.assertEqual(200, response.status_code, response.text)
            arguments = self.transport.sent[-1][2]
            self.assertEqual(made, arguments['backup_id'])
            self.assertEqual(_at(9), arguments['restore_time'])
            queued = workflows.get_workflow(response.json['instance']['id'])
            self.assertEqual(_at(9), queued.details['restore_time'])
        shown = self.get(f'/instances/{self.instance.id}').json['instance']
        self.assertEqual(
            {'archived': True, 'earliest': _at(8), 'latest': _at(10)},
            shown['restorable'],
        )

    def test_times_that_are_refused(self):
        made = self.archived()
        here = self.instance.id

        for point, text in (
            ({'instance': here, 'time': _at(11)}, f'to {_at(10)}'),
            ({'backupRef': made, 'time': _at(7)}, f'from {_at(8)}'),
            ({'instance': here, 'time': '2027-01-31T09:00:00'}, 'zone'),
            ({'instance': here}, 'no "time"'),
            ({'instance': here, 'backupRef': made}, 'either'),
            ({'time': _at(9)}, 'either'),
        ):
            with self.subTest(text):
                self.assert_refused(self.restore_to(**point), text)

    def test_a_time_of_another_project(self):
        theirs = self.active(base.OTHER_PROJECT)

        response = self.restore_to(instance=theirs.id, time=_at(9))

        self.assert_fault(response, 404, 'itemNotFound', theirs.id)
