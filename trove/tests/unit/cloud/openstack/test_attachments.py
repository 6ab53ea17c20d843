# SPDX-License-Identifier: Apache-2.0
"""Volumes that are detached and attached again."""

from __future__ import annotations

from typing import Any

from trove.common import exception
from trove.tests.unit.cloud.openstack import clouds


class AttachmentsTest(clouds.TestCase):
    """Given a server with its volume."""

    def setUp(self) -> None:
        super().setUp()
        self.config(volume_time_out=1)
        self.server = self.given()
        (self.volume,) = self.services.things['volume'].values()

    def detach(self) -> None:
        self.cloud.volumes.detach(self.context, 'i1')

    def attach(self) -> None:
        self.cloud.volumes.attach(self.context, 'i1')

    def assert_asked(self, times: int) -> None:
        for name in ('delete_volume_attachment', 'create_volume_attachment'):
            self.assertEqual(times, self.services.asked.count(name))

    def assert_at(self, *servers: str) -> None:
        self.assertEqual(
            list(servers),
            [each['server_id'] for each in self.volume.attachments],
        )
        self.assertEqual(
            'in-use' if servers else 'available', self.volume.status
        )

    def test_each_is_done_once(self) -> None:
        for _ in range(2):
            self.detach()
            self.assert_at()
        for _ in range(2):
            self.attach()
            self.assert_at(self.server.id)

        self.assert_asked(1)

    def test_answers_that_are_lost(self) -> None:
        for done in (True, False):
            self.services.fail('delete_volume_attachment', 504, done=done)
            self.detach()
            self.assert_at()
            self.services.fail('create_volume_attachment', 504, done=True)
            self.attach()
            self.assert_at(self.server.id)

    def test_what_another_process_began(self) -> None:
        for status, do, at in (
            ('detaching', self.detach, []),
            ('attaching', self.attach, [self.server.id]),
        ):
            self.services.asked.clear()
            self.volume.status = status
            pause = self.services.pause

            def end(seconds: float, at: list[str] = at) -> None:
                self.volume.status = 'in-use' if at else 'available'
                self.volume.attachments = [
                    {'server_id': each, 'attachment_id': 'a1'} for each in at
                ]

            self.services.pause = end

            do()

            self.services.pause = pause
            self.assert_at(*at)
            self.assert_asked(0)

    def test_what_nova_refuses(self) -> None:
        self.services.fail('delete_volume_attachment', 409, 'it is locked')

        error = self.assertRaises(exception.CloudError, self.detach)

        self.assertIn('it is locked (HTTP 409). Wait until', str(error))
        self.assert_at(self.server.id)

    def test_what_nova_fails_to_do(self) -> None:
        self.services.events = [{'details': 'the host is full'}]

        def nothing(*_: Any, **__: Any) -> Any:
            return object()

        for name, do in (
            ('delete_volume_attachment', self.detach),
            ('create_volume_attachment', self.attach),
        ):
            setattr(self.services, name, nothing)
            error = self.assertRaises(exception.CloudError, do)
            self.assertIn('the host is full', str(error))
            delattr(self.services, name)
            do()

    def test_after_an_enlargement_that_failed(self) -> None:
        self.volume.status = 'error_extending'
        self.detach()
        self.assert_at()
        self.volume.status = 'error_extending'

        self.attach()

        self.assert_at(self.server.id)

    def test_other_states_are_told(self) -> None:
        for status in ('error', 'extending'):
            self.volume.status = status
            for do in (self.detach, self.attach):
                error = self.assertRaises(exception.CloudError, do)
                self.assertIn('Check the log of', str(error))

    def test_nova_keeps_it_a_little_longer(self) -> None:
        found = self.services.volume_attachments
        answers = [found(self.server.id)]

        def late(server_id: str) -> Any:
            return answers.pop() if answers else found(server_id)

        self.services.volume_attachments = late

        self.detach()

        self.assertEqual([], answers)
        self.assertNotEqual([], self.services.paused)

    def test_without_a_server(self) -> None:
        self.cloud.compute.delete_server(self.context, 'i1')

        self.assertRaises(exception.NotFound, self.detach)
        self.assertRaises(exception.NotFound, self.attach)
