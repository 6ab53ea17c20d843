# SPDX-License-Identifier: Apache-2.0
"""The rules of the guide name series and commands that there are."""

from __future__ import annotations

import contextlib
import io
import re
import textwrap
from typing import Any

import fixtures
from oslo_config import cfg
from prometheus_client import parser
import requests
import yaml

from trove.cmd import manage
from trove.peers import telemetry
from trove.tests.fixtures import ports
from trove.tests.unit import import_rules
from trove.tests.unit.objects import base

GUIDE = import_rules.TOP / 'doc' / 'source' / 'admin' / 'metrics.rst'
RULES = '   groups:\n     - name: trove\n'


def rules() -> list[dict[str, Any]]:
    text = GUIDE.read_text('utf-8')
    block = textwrap.dedent(text[text.index(RULES) :])
    return yaml.safe_load(block)['groups'][0]['rules']


class AlarmsTest(base.TestCase):
    def families(self) -> set[str]:
        port = ports.free_port()
        self.config(group='metrics', listen=f'127.0.0.1:{port}')
        watch = telemetry.watch(self.conf, 'trove-api', database=True)
        self.addCleanup(watch.stop)
        watch.start()
        text = requests.get(f'http://127.0.0.1:{port}/', timeout=9).text
        return {
            name
            for family in parser.text_string_to_metric_families(text)
            for name in (family.name, f'{family.name}_total')
        }

    def test_series(self) -> None:
        known = self.families()

        for rule in rules():
            named = set(re.findall(r'\btrove_\w+', rule['expr']))
            with self.subTest(rule['alert']):
                self.assertTrue(named or 'up{' in rule['expr'])
                self.assertEqual(set(), named - known)

    def test_each_service_is_missed(self) -> None:
        said = ' '.join(rule['expr'] for rule in rules())

        for name in 'trove-api', 'trove-taskmanager', 'trove-conductor':
            self.assertIn(
                f'absent(trove_service_info{{service="{name}"}})', said
            )
        self.assertIn('trove_jobs{state="queued"}', said)

    def test_commands(self) -> None:
        """Each can be parsed as it is, whatever the label says."""
        # The handlers of the tests stay in place.
        self.useFixture(fixtures.MockPatch('oslo_log.log.setup'))
        found = [
            re.sub(r'\{\{.*?\}\}', 'behind', ' '.join(each.split()))
            for rule in rules()
            for each in re.findall(
                r'"trove-manage (.*?)"', rule['annotations']['summary'], re.S
            )
        ]
        self.assertIn('job_list --action behind', found)
        for command in found:
            with self.subTest(command):
                said = io.StringIO()
                with (
                    contextlib.redirect_stderr(said),
                    contextlib.suppress(SystemExit),
                ):
                    manage.main(command.split(), cfg.ConfigOpts())
                self.assertNotIn('usage:', said.getvalue())
