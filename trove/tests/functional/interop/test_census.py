# SPDX-License-Identifier: Apache-2.0
"""Task managers of releases that share the topic with ours are counted."""

from __future__ import annotations

from trove.objects import service as services
from trove.peers import census
from trove.peers import connection
from trove.taskmanager import api
from trove.tests.fixtures import database
from trove.tests.fixtures import released
from trove.tests.functional.interop import base
from trove.tests.functional.interop import ours

INTERFACE = api.API.interface


class Checks:
    """What is checked with each release."""

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.SQLiteDatabase()).configure(self.conf)
        self.prepare(encrypted=False)
        self.config(transport_url=base.broker().url)
        self.ours = connection.transport(self.conf)
        self.addCleanup(self.ours.close)
        self.census = census.Census(self.ours, INTERFACE)

    def serve_theirs(self) -> None:
        self.peer.do(
            'serve',
            interface='taskmanager',
            topic=self.conf.taskmanager_queue,
            host=self.instance,
            key=None,
        )
        self.addCleanup(self.peer.do, 'stop', interface='taskmanager')

    def serve_ours(self) -> None:
        server = self.ours.server(ours.Endpoint(INTERFACE), host='ours')
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        services.report(
            'trove-taskmanager',
            'ours',
            {'taskmanager': INTERFACE.latest.name},
            '27.0.0',
        )

    def cap(self) -> str:
        self.ours.refresh()
        return api.API(self.ours).cap

    def test_it_is_there_first(self) -> None:
        self.serve_theirs()

        self.census.begin()
        self.serve_ours()

        self.assertEqual(self.revision('taskmanager'), self.cap())

    def test_it_is_started_beside_ours(self) -> None:
        self.serve_ours()
        self.census.look()
        self.assertEqual(INTERFACE.latest.name, self.cap())

        self.serve_theirs()

        self.wait(
            lambda: (
                self.census.look()
                or self.cap() == self.revision('taskmanager')
            ),
            'it counts',
        )

    def test_it_is_alone(self) -> None:
        self.serve_theirs()

        self.assertEqual(self.revision('taskmanager'), self.cap())


for _release in released.chosen():
    _name = f'CensusOfRelease{_release}Test'
    globals()[_name] = type(
        _name,
        (Checks, base.InteropTestCase),
        {'release': _release, '__module__': __name__},
    )
