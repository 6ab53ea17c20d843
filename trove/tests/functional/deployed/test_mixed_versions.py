# SPDX-License-Identifier: Apache-2.0
"""Old guests beside new ones, upgraded under a running control plane."""

from __future__ import annotations

import signal
from typing import Any

from troveclient import exceptions as trove_exceptions

from trove.tests.functional.deployed import test_faults


class MixedVersionsTestCase(test_faults.GuestTestCase):
    """Makes guest agents that are older than the rest."""

    def create_old(self, version: str) -> Any:
        """Make an instance whose guest serves an old version."""
        self.deployment.serve_as(version)
        self.addCleanup(self.deployment.serve_as, None)
        instance = self.create(f'guest of {version}')
        self.addCleanup(self.deployment.serve_as, None, instance.id)
        self.deployment.serve_as(version, instance.id)
        instance = self.wait_active(instance.id)
        self.deployment.serve_as(None)
        return instance

    def diagnostics(self, instance: Any) -> Any:
        _, body = self.admin.client.get(
            f'/mgmt/instances/{instance.id}/diagnostics'
        )
        return body['diagnostics']

    def refusal(self, instance: Any) -> str | None:
        """What a conflict over diagnostics says; None without one."""
        try:
            self.diagnostics(instance)
        except trove_exceptions.Conflict as error:
            return str(error)
        return None

    def restart(self, instance: Any) -> None:
        before = self.postmaster(instance.id).pid
        self.member.instances.restart(instance.id)
        self.wait_active(instance.id)
        self.assertNotEqual(before, self.postmaster(instance.id).pid)

    def show(self, instance: Any) -> Any:
        return self.member.instances.get(instance.id)

    def use(self, instance: Any) -> None:
        """Do what every version can."""
        self.member.databases.create(instance.id, [{'name': 'kept'}])
        self.eventually(
            lambda: 'kept'
            in [d.name for d in self.member.databases.list(instance.id)],
            'the database is made',
        )
        self.member.databases.delete(instance.id, 'kept')


class MixedVersionsTest(MixedVersionsTestCase):
    """What users see of a guest agent that is older than the rest."""

    def check_old_beside_new(self, version: str) -> None:
        old, new = self.create_old(version), self.instance()
        pids = [service.pid for service in self.deployment.services]

        self.use(old)
        self.restart(old)
        failure = self.assertRaises(
            trove_exceptions.ClientException, self.diagnostics, old
        )
        self.assertEqual(409, failure.http_status)
        for part in 'get_diagnostics', old.id, version, '1.4', 'Upgrade':
            self.assertIn(part, str(failure))
        self.assertEqual('ACTIVE', self.show(old).status)
        self.assertTrue(self.diagnostics(new)['vmRss'])

        self.deployment.serve_as(None, old.id)
        self.agent(old.id).terminate()

        self.eventually(
            lambda: self.diagnostics(old)['vmRss'],
            'the upgraded guest gives diagnostics',
        )
        self.restart(old)
        self.assertEqual(
            pids, [service.pid for service in self.deployment.services]
        )

    def test_a_guest_of_the_release_before(self) -> None:
        self.check_old_beside_new('1.3')

    def test_a_guest_of_the_first_version(self) -> None:
        self.check_old_beside_new('1.0')

    def test_a_guest_that_is_rolled_back(self) -> None:
        instance = self.instance('second')
        self.assertTrue(self.diagnostics(instance)['vmRss'])
        self.addCleanup(lambda: self.agent(instance.id).terminate())
        self.addCleanup(self.deployment.serve_as, None, instance.id)

        self.deployment.serve_as('1.3', instance.id)
        self.agent(instance.id).terminate()

        self.eventually(
            lambda: self.refusal(instance), 'diagnostics are refused'
        )
        self.restart(instance)

    def test_a_pin_takes_effect_on_a_hangup(self) -> None:
        instance, api = self.instance(), self.deployment.api
        pid, options = api.pid, api.config.read_text()
        self.assertTrue(self.diagnostics(instance)['vmRss'])

        def configure(text: str) -> None:
            api.config.write_text(text)
            api.signal(signal.SIGHUP)

        self.addCleanup(configure, options)
        levels = '[upgrade_levels]\n'
        configure(options.replace(levels, levels + 'guestagent = wallaby\n'))
        message = self.eventually(
            lambda: self.refusal(instance), 'the pin holds'
        )
        self.assertIn('pinned', message)
        self.assertIn('[upgrade_levels] guestagent', message)

        configure(options)
        self.eventually(lambda: not self.refusal(instance), 'the pin is gone')
        self.assertEqual(pid, api.pid)
        self.assertTrue(api.alive)
