# SPDX-License-Identifier: Apache-2.0
"""Guests are told what all take who share the topic of the conductors."""

from __future__ import annotations

import contextlib
from unittest import mock

from trove.common import exception
from trove.common import rpc
from trove.conductor import api
from trove.conductor import manager
from trove.conductor import service
from trove.objects import service as services
from trove.peers import census
from trove.peers import versions
from trove.rehearsal import sample_calls
from trove.tests.fixtures import broker
from trove.tests.unit.taskmanager import scene

INTERFACE = api.API.interface
LATEST = INTERFACE.latest.name


class BesideAReleaseTest(scene.TestCase):
    def setUp(self):
        super().setUp()
        self.broker = broker.Broker()
        self.ours = self.transport_of('ours')
        # The census asks no broker that is of this process alone.
        self.ours.connection.open = lambda: None
        self.config(probe_timeout=0.5)

    def transport_of(self, name, discover=None):
        return rpc.Transport(
            self.conf,
            discover or versions.Versions(self.conf).discover,
            connection=self.broker.connection(name),
        )

    def given_ours(self):
        endpoint = manager.Manager(
            self.conf,
            mock.Mock(),
            mock.Mock(),
            lambda: service.speaks(api.API(self.ours)),
        )
        self.ours.server(endpoint, host='ours').start()
        services.report('trove-conductor', 'ours', {'conductor': LATEST}, '27')

    def given_released(self, revision):
        """It says nothing of itself, and gets each second message."""
        server = self.transport_of('old').server(
            sample_calls.Recorder(INTERFACE, lambda came: None),
            host='old',
            version=revision,
        )
        server.start()
        return server

    def look(self):
        census.Census(self.ours, INTERFACE).look()
        self.ours.refresh()

    def told(self):
        """What those say who know the question."""
        found = set()
        for _ in range(4):
            guest = self.transport_of(
                'guest', {'conductor': lambda peer: LATEST}
            )
            with contextlib.suppress(exception.PeerTooOld):
                answer = api.API(guest).get_versions(self.context)
                found.add(answer['conductor'])
        return found

    def test_ours_alone(self):
        self.given_ours()
        self.look()

        self.assertEqual({LATEST}, self.told())

    def test_one_of_a_release_is_there(self):
        self.given_ours()
        self.given_released('1.0')
        self.look()

        self.assertEqual({'1.0'}, self.told())

    def test_it_is_started_later(self):
        self.given_ours()
        self.look()
        self.given_released('1.0')
        self.look()

        self.assertEqual({'1.0'}, self.told())

    def test_it_counts_until_it_was_not_seen_for_a_while(self):
        self.given_ours()
        released = self.given_released('1.0')
        self.look()
        released.stop()
        self.look()

        self.assertEqual({'1.0'}, self.told())
