# SPDX-License-Identifier: Apache-2.0
"""What operators see of a deployment, and do to it, by trove-rpc."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from typing import Any

from prometheus_client import parser
import requests

from trove.tests.fixtures import command_server
from trove.tests.fixtures import ports
from trove.tests.fixtures import waiting
from trove.tests.functional.deployed import test_mixed_versions


class OperatorTestCase(test_mixed_versions.MixedVersionsTestCase):
    def trove_rpc(
        self, *arguments: str, status: int = 0
    ) -> subprocess.CompletedProcess[str]:
        config = str(self.deployment.directory / 'manage.conf')
        done = command_server.run(
            'trove-rpc',
            ['--config-file', config, *arguments],
            dict(os.environ),
            timeout=900,
        )
        self.assertEqual(status, done.returncode, done.stdout + done.stderr)
        return done

    def json(self, *arguments: str) -> Any:
        return json.loads(self.trove_rpc(*arguments, '-f', 'json').stdout)

    def peers(self, *arguments: str) -> dict[str, dict[str, Any]]:
        return {
            row['Peer']: row for row in self.json('peers', *arguments)
        }


class PeersTest(OperatorTestCase):
    def test_who_is_there_and_what_holds_back(self) -> None:
        old, new = self.create_old('1.3'), self.instance()

        found = self.peers()

        for host in 'tm1', 'tm2':
            self.assertEqual('up', found[host]['State'])
            self.assertEqual('taskmanager', found[host]['Kind'])
            self.assertEqual([], found[host]['Blocks'])
        conductors = [p for p in found.values() if p['Kind'] == 'conductor']
        self.assertEqual(['up'], [each['State'] for each in conductors])
        self.assertEqual('1.3', found[old.id]['Speaks'])
        self.assertEqual('released', found[old.id]['Messages'])
        self.assertIn('get_diagnostics', found[old.id]['Blocks'])
        self.assertEqual('up', found[new.id]['State'])
        self.assertEqual('sealed', found[new.id]['Messages'])
        self.assertEqual([], found[new.id]['Blocks'])
        blocking = self.peers('--blocking')
        self.assertIn(old.id, blocking)
        self.assertNotIn(new.id, blocking)

    def test_guests_and_services_are_asked(self) -> None:
        old, new = self.create_old('1.3'), self.instance()

        self.assertEqual('1.3', self.json('probe', old.id)['answered'])
        latest = self.json('probe', new.id)
        self.assertEqual([], latest['blocks'])
        self.assertFalse(latest['kept'])
        for service in 'taskmanager', 'conductor':
            found = self.json('probe', f'--{service}')
            self.assertEqual([], found['blocks'])

    def test_a_guest_that_is_gone_does_not_answer(self) -> None:
        instance = self.create_active('gone')
        self.delete(instance.id)

        done = self.trove_rpc('probe', instance.id, status=1)

        self.assertIn(instance.id, done.stderr)
        self.assertNotIn('Traceback', done.stderr)

    def test_new_keys(self) -> None:
        # Of their own: a key is not rotated twice in a short time.
        made = [self.create(name) for name in ('first-key', 'second-key')]
        first, second = (self.wait_active(each.id) for each in made)

        self.trove_rpc('rotate-key', first.id, second.id)

        for instance in first, second:
            self.use(instance)
            self.restart(instance)
        found = self.peers()
        self.assertEqual('up', found[first.id]['State'])


class MetricsTest(OperatorTestCase):
    def scrape(self) -> list[Any]:
        """The samples of all processes."""
        address = self.deployment.metrics_address
        first = self.deployment.metrics_port
        return [
            sample
            for port in range(first, first + 16)
            if ports.accepts(port, address)
            for family in parser.text_string_to_metric_families(
                requests.get(f'http://{address}:{port}/', timeout=60).text
            )
            for sample in family.samples
        ]

    def found(self) -> list[tuple[str, str]]:
        """Program and host of each process that tells of itself."""
        return sorted(
            (sample.labels['service'], sample.labels['host'])
            for sample in self.scrape()
            if sample.name == 'trove_service_info'
        )

    def sent(self, **labels: str) -> float:
        return sum(
            sample.value
            for sample in self.scrape()
            if sample.name == 'trove_rpc_messages_total'
            and {**sample.labels, **labels} == sample.labels
        )

    def test_each_process_has_its_own(self) -> None:
        deployed = self.deployment
        expected = [
            *[('trove-api', 'one')] * deployed.API_WORKERS,
            *[('trove-conductor', 'one')] * deployed.CONDUCTOR_WORKERS,
            ('trove-taskmanager', 'tm1'),
            ('trove-taskmanager', 'tm2'),
        ]

        # A service is at work as soon as the first of its processes is.
        with contextlib.suppress(waiting.TimedOut):
            self.eventually(
                lambda: self.found() == expected, 'all of them are found'
            )
        self.assertEqual(expected, self.found())

    def test_a_message_is_counted_where_it_goes_and_comes(self) -> None:
        instance = self.instance()
        of_restart = {'interface': 'taskmanager', 'method': 'restart'}
        before = [
            self.sent(outcome=outcome, **of_restart)
            for outcome in ('sent', 'received')
        ]

        self.restart(instance)

        after = [
            self.sent(outcome=outcome, **of_restart)
            for outcome in ('sent', 'received')
        ]
        self.assertEqual([number + 1 for number in before], after)
        self.assertEqual(0, self.sent(outcome='rejected', form='sealed'))
        self.assertTrue(
            self.sent(interface='conductor', method='heartbeat')
        )

    def test_what_an_old_guest_could_not_do_is_evidence(self) -> None:
        old = self.create_old('1.3')
        of_diagnostics = {'outcome': 'refused', 'method': 'get_diagnostics'}
        before = self.sent(**of_diagnostics)

        self.eventually(lambda: self.refusal(old), 'it is refused')

        self.assertGreater(self.sent(**of_diagnostics), before)
        labels = [set(each.labels.values()) for each in self.scrape()]
        self.assertNotIn(old.id, set().union(*labels))
