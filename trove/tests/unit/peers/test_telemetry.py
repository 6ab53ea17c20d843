# SPDX-License-Identifier: Apache-2.0
"""The numbers that come from the database."""

from __future__ import annotations

from prometheus_client import parser
import requests

from trove.common import rpc
from trove.objects import service as services
from trove.objects.guest import guest_versions
from trove.objects.rejected import journal
from trove.objects.rejected import recording
from trove.peers import telemetry
from trove.tests.fixtures import ports
from trove.tests.unit.objects import base


class TelemetryTest(base.TestCase):
    def scrape(self, **kwargs):
        port = ports.free_port()
        self.config(group='metrics', listen=f'127.0.0.1:{port}')
        watch = telemetry.watch(self.conf, 'trove-test', **kwargs)
        self.addCleanup(watch.stop)
        watch.start()
        text = requests.get(f'http://127.0.0.1:{port}/', timeout=9).text
        return [
            (sample.name, sample.labels, sample.value)
            for family in parser.text_string_to_metric_families(text)
            for sample in family.samples
        ]

    def numbers(self, metric):
        return {
            tuple(labels[name] for name in sorted(labels)): value
            for found, labels, value in self.scrape(database=True)
            if found == metric
        }

    def reject(self, **values):
        found = rpc.Rejection(
            **{
                'interface': 'taskmanager',
                'peer': None,
                'sender': None,
                'method': 'rebuild',
                'version': '1.1',
                'kind': 'cast',
                'cause': 'version',
                'reason': 'Upgrade it.',
                'arguments': {},
                **values,
            }
        )
        return recording.record(
            self.conf, found.to_dict(), found.masked(), host='tm1'
        ).id

    def test_rejected_ones_that_wait(self):
        self.reject()
        self.reject()
        self.reject(cause='method')
        journal.mark(self.reject(), 'discarded')

        self.assertEqual(
            {('version', 'taskmanager'): 2, ('method', 'taskmanager'): 1},
            self.numbers('trove_rpc_rejected_waiting'),
        )

    def test_instances_and_what_is_done_for_them(self):
        self.ready()
        self.create()

        found = {
            (name, *labels.values()): value
            for name, labels, value in self.scrape(database=True)
        }

        self.assertEqual(1, found['trove_instances', 'ACTIVE'])
        self.assertEqual(1, found['trove_instances', 'BUILD'])
        self.assertIn(('trove_jobs_idle_seconds', 'create_instance'), found)
        self.assertEqual(0, found['trove_backup_schedules_overdue',])
        self.assertEqual(2, found['trove_quota_used', 'instances'])
        self.assertIn(('trove_quota_filled_ratio', 'instances'), found)
        # There is none.
        self.assertNotIn('trove_certificate_days_left', str(found))
        self.assertNotIn('trove_log_archive_lag_seconds', str(found))

    def test_peers_by_what_they_speak(self):
        services.report(
            'trove-taskmanager', 'tm1', {'taskmanager': '1.1'}, '27.0.0'
        )
        for version in '1.3 26.0.0', '1.3 26.0.1', 'nonsense', None:
            self.beat(self.ready().id, version=version)
        probed = self.ready().id
        self.beat(probed, version=None)
        guest_versions.record_probe(probed, '1.0/victoria')
        self.create()

        self.assertEqual(
            {
                ('taskmanager', '1.1', 'up'): 1,
                ('guestagent', '1.3', 'up'): 2,
                ('guestagent', '1.0/victoria', 'up'): 1,
                ('guestagent', 'unknown', 'up'): 2,
                ('guestagent', 'unknown', 'silent'): 1,
            },
            self.numbers('trove_rpc_peers'),
        )

    def test_a_process_that_is_to_leave_the_database_alone(self):
        self.reject()

        names = {name for name, _, _ in self.scrape()}

        self.assertEqual({'trove_rpc_fallback', 'trove_service_info'}, names)
