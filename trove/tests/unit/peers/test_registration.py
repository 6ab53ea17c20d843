# SPDX-License-Identifier: Apache-2.0
"""A service is in the registry from its start to its end."""

from __future__ import annotations

from unittest import mock

from trove.common import exception
from trove.conductor import api
from trove.objects import service as services
from trove.peers import registration
from trove.tests.unit.peers import given


class RegistrationTest(given.PeersTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.config(host='here')
        self.registration = registration.Registration(
            self.conf, 'trove-conductor', api.API.interface, '1.0'
        )

    def live(self) -> list[tuple[str, dict[str, str]]]:
        found = services.live(self.conf, 'trove-conductor')
        return [(each.host, each.rpc_versions) for each in found]

    def test_it_reports_and_signs_off(self) -> None:
        self.registration.report()
        self.assertEqual([('here', {'conductor': '1.0'})], self.live())

        self.registration.sign_off()
        self.assertEqual([], self.live())

    def test_without_the_database_it_starts_and_ends(self) -> None:
        gone = exception.ServiceUnavailable(what='The database')
        with mock.patch.object(services, 'report', side_effect=gone):
            self.registration.report_before_start()
        self.assertIn('Could not register before the start', self.logs.output)
        self.assertFalse(self.registration.reported)

        self.registration.report()
        with mock.patch.object(services, 'remove', side_effect=gone):
            self.registration.sign_off()
        self.assertIn('Could not unregister', self.logs.output)

    def test_who_has_not_reported_does_not_sign_off(self) -> None:
        with mock.patch.object(services, 'remove') as remove:
            self.registration.sign_off()

        remove.assert_not_called()
