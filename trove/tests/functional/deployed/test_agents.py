# SPDX-License-Identifier: Apache-2.0
"""Guest agents that replace themselves, under their databases."""

from __future__ import annotations

import subprocess
from typing import Any

from trove.tests.fixtures import processes
from trove.tests.fixtures import waiting
from trove.tests.fixtures import wheels
from trove.tests.functional.deployed import test_operators

#: It is loaded, says nothing, and does not end.
_HANGS = """\
import time


def main():
    time.sleep(600)


if __name__ == '__main__':
    main()
"""


class AgentsTest(test_operators.OperatorTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.canary, self.other = self.instance(), self.instance('second')
        self.ids = self.canary.id, self.other.id
        self.path = self.deployment.directory / 'trove-agent.whl'

    def package(self, version: str, **files: str) -> str:
        """Put a package where guests fetch it; return its SHA-256."""
        self.digest = wheels.write(self.path, version, files=files)
        return self.digest

    def command(self, *more: str) -> list[str]:
        return [
            *('guests', 'upgrade', *self.ids, '--pause', '0'),
            *('--package', str(self.path), '--url', self.path.as_uri()),
            *more,
        ]

    def agents(self) -> dict[str, dict[str, Any]]:
        listed = self.json('guests', 'list', *self.ids)
        return {each['Instance']: each for each in listed}

    def packages(self) -> list[str]:
        found = self.agents()
        return [found[name]['Package'] for name in self.ids]

    def databases(self) -> list[int]:
        return [self.postmaster_pid(name) for name in self.ids]

    def fault(self, instance: Any) -> str:
        shown = self.admin.instances.get(instance.id)
        return str(getattr(shown, 'fault', {}).get('message', ''))

    def interrupted(self) -> None:
        """Begin a roll-out, and kill the command once the canary is done."""
        log = self.deployment.directory / 'roll-out.log'
        command = [
            *processes.program('trove-rpc'),
            '--config-file',
            str(self.deployment.directory / 'manage.conf'),
            *self.command(),
        ]
        with log.open('wb') as output:
            process = subprocess.Popen(command, stdout=output)
        waiting.until(
            lambda: 'Wave 2' in log.read_text(), 'it goes on', timeout=90
        )
        process.kill()
        process.wait()

    def test_a_roll_out(self) -> None:
        databases = self.databases()
        self.addCleanup(self.go_back)

        # When a roll-out is killed and begun again, then it is finished.
        good = self.package('27.9.1')
        self.interrupted()
        self.trove_rpc(*self.command())
        self.assertEqual([good, good], self.packages())
        self.assertEqual('27.9.1', self.agents()[self.other.id]['Release'])
        self.assertEqual(databases, self.databases())
        self.use(self.canary)

        # When the next agent never reports, then it is taken back, and the
        # canary was the last to get it.
        self.package('27.9.2', **{'trove/cmd/guestagent.py': _HANGS})
        done = self.trove_rpc(*self.command('--limit', '10'), status=1)
        self.assertIn('1 failed, see above; 0 done, 1 left', done.stderr)
        self.assertEqual([good, good], self.packages())
        self.eventually(
            lambda: 'was taken back' in self.fault(self.canary),
            'it is a fault',
        )
        self.assertNotIn('was taken back', self.fault(self.other))

        # When the package is not the one that was ordered, nothing is run.
        self.package('27.9.3')
        digest = self.digest
        url = self.deployment.directory / 'other.whl'
        url.write_bytes(b'not the package')
        self.addCleanup(url.unlink)
        done = self.trove_rpc(
            *self.command('--url', url.as_uri()), status=1
        )
        self.assertIn(f'and not {digest} as ordered', done.stdout)
        self.assertEqual([good, good], self.packages())

        # When the operator goes back, it is the agent of the image again;
        back = ('guests', 'rollback', '--sha256', good, '--pause', '0')
        self.trove_rpc(*back, *self.ids)
        self.assertEqual(['image', 'image'], self.packages())
        # and of all that the databases took no notice.
        self.assertEqual(databases, self.databases())
        self.use(self.canary)

    def go_back(self) -> None:
        """Leave the shared instances to others as they were."""
        for name in self.ids:
            kept = self.server_directory(name).rglob('choice.json')
            for path in kept:
                path.unlink()
            self.agent(name).terminate()
        for name in self.ids:
            self.wait_active(name)
        self.eventually(
            lambda: self.packages() == ['image', 'image'],
            'the agents of the image answer',
        )
        # A task that ends well hides the fault of what failed before it.
        self.member.instances.restart(self.canary.id)
        self.wait_active(self.canary.id)
