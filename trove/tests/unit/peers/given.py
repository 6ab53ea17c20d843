# SPDX-License-Identifier: Apache-2.0
"""Task managers on one topic, of ours and of releases."""

from __future__ import annotations

from trove.objects import service as services
from trove.peers import census
from trove.peers import versions
from trove.taskmanager import api as task_api
from trove.tests.unit.taskmanager import scene

TASKS = task_api.API.interface
LATEST = TASKS.latest.name


class PeersTestCase(scene.TestCase):
    def setUp(self):
        super().setUp()
        self.config(probe_timeout=0.5)
        self.made = self.connected()

    def connected(self):
        known = versions.Versions(self.conf)
        made = self.memory_transport(
            discover=known.discover, keep=known.keep
        )
        known.attach(made)
        return made

    def given_service(self, version, host='old'):
        """A task manager of a release: it says nothing of itself."""
        server = self.made.server(self.manager, host=host, version=version)
        server.start()
        self.servers.append(server)
        return server

    def given_registered(self, version, host='tm-1', **kwargs):
        services.report(
            'trove-taskmanager', host, {'taskmanager': version}, '27', **kwargs
        )

    def cap(self):
        return task_api.API(self.connected()).cap

    def census(self):
        return census.Census(self.made, TASKS)

    def found(self):
        return [
            each.rpc_versions['taskmanager']
            for each in services.live(self.conf, 'trove-taskmanager')
            if each.host.startswith(services.UNREGISTERED)
        ]
