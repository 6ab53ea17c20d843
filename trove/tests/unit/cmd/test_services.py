# SPDX-License-Identifier: Apache-2.0
"""The commands that run a task manager or a conductor."""

from __future__ import annotations

from unittest import mock

import fixtures
from oslo_config import cfg

from trove.cmd import conductor
from trove.cmd import taskmanager
from trove.common import service
from trove.conductor import service as conductor_service
from trove.taskmanager import service as taskmanager_service
from trove.tests import base


class TestCommands(base.TestCase):
    def setUp(self):
        super().setUp()
        # The handlers of the tests stay in place.
        self.useFixture(fixtures.MockPatch('oslo_log.log.setup'))

    def when_run(self, command, *argv):
        with mock.patch.object(service, 'run', return_value=3) as run:
            status = command.main([*argv], cfg.ConfigOpts())
        _, watched = run.call_args.args
        self.workers = run.call_args.kwargs.get('workers', 1)
        return status, watched.component

    def test_task_manager(self):
        status, component = self.when_run(taskmanager)

        self.assertEqual(3, status)
        self.assertIsInstance(component, taskmanager_service.TaskManager)

    def test_conductor(self):
        status, component = self.when_run(conductor)

        self.assertEqual(3, status)
        self.assertIsInstance(component, conductor_service.Conductor)

    def test_conductor_has_as_many_workers_as_the_option_says(self):
        path = self.useFixture(fixtures.TempDir()).join('trove.conf')
        with open(path, 'w') as file:
            file.write('[DEFAULT]\ntrove_conductor_workers = 3\n')

        self.when_run(conductor, '--config-file', path)

        self.assertEqual(3, self.workers)

    def test_argument_that_nobody_knows(self):
        with fixtures.StringStream('stderr') as stderr:
            for command in (taskmanager, conductor):
                with fixtures.MonkeyPatch('sys.stderr', stderr.stream):
                    self.assertRaises(
                        SystemExit, self.when_run, command, '--no-such-thing'
                    )
