# SPDX-License-Identifier: Apache-2.0
"""The metrics of an API that serves with several processes."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess

import fixtures
from prometheus_client import parser
import psutil
import requests

from trove.tests import base
from trove.tests.fixtures import database
from trove.tests.fixtures import ports
from trove.tests.fixtures import processes
from trove.tests.fixtures import waiting

_WORKERS = 2
_PORTS = 8

_CONFIGURATION = """\
[DEFAULT]
auth_strategy = noauth
bind_host = 127.0.0.1
bind_port = {api}
enable_secure_rpc_messaging = false
transport_url = kombu+memory://localhost/
trove_api_workers = {workers}
[cloud]
driver = noop
[database]
connection = {url}
[metrics]
listen = 127.0.0.1:{metrics}
ports = {ports}
"""


class WorkersTest(base.TestCase):
    def setUp(self):
        super().setUp()
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.file = directory / 'trove.conf'
        self.log = directory / 'api.log'
        self.port = ports.free_port()
        self.file.write_text(
            _CONFIGURATION.format(
                api=ports.free_port(),
                workers=_WORKERS,
                url=self.useFixture(database.SQLiteDatabase()).url,
                metrics=self.port,
                ports=_PORTS,
            )
        )

    def start(self):
        service = processes.Service(
            'trove-api', str(self.file), self.log, ready=self.all_listen
        )
        self.useFixture(service)
        service.start()
        return service

    def listening(self):
        """The ports at which a worker tells of itself."""
        found = []
        for port in range(self.port, self.port + _PORTS):
            try:
                text = requests.get(
                    f'http://127.0.0.1:{port}/', timeout=60
                ).text
            except requests.RequestException:
                continue
            for family in parser.text_string_to_metric_families(text):
                for sample in family.samples:
                    if sample.labels.get('service') == 'trove-api':
                        found.append(port)
        return found

    def all_listen(self):
        return len(self.listening()) == _WORKERS

    def test_each_worker_has_its_own_also_after_it_died(self):
        service = self.start()
        children = psutil.Process(service.pid).children(recursive=True)

        os.kill(children[0].pid, signal.SIGKILL)
        children[0].wait()

        waiting.until(self.all_listen, 'the new worker tells of itself')
        self.assertEqual(_WORKERS, len(set(self.listening())))

    def test_several_in_the_api_itself_are_refused(self):
        with self.file.open('a') as file:
            file.write('in_api = true\n')

        done = subprocess.run(
            [
                *processes.program('trove-api'),
                *('--config-file', str(self.file)),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        self.assertNotEqual(0, done.returncode)
        self.assertIn('[metrics] listen', done.stderr)
