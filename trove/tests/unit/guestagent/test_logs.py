# SPDX-License-Identifier: Apache-2.0
"""The logs of a guest: who sees which, switched, published, kept small."""

from __future__ import annotations

import pathlib
from typing import Any

import fixtures

from trove.common import context as trove_context
from trove.common import exception
from trove.guestagent import logs as guest_logs
from trove.guestagent import supervisor
from trove.guestagent.datastores import base as datastores
from trove.guestagent.datastores import logs
from trove.tests import base
from trove.tests.unit.guestagent import fakes


class Logging(fakes.Driver):
    """Has a log that can be switched, and one that is always on."""

    capabilities = fakes.Driver.capabilities | {datastores.Capability.LOGS}

    def __init__(self, directory: pathlib.Path) -> None:
        super().__init__()
        self.general = logs.Log('general', directory / 'general.log', {})
        self.errors = logs.Log('error', directory / 'error.log')
        self.on: set[str] = set()

    def logs(self) -> list[logs.Log]:
        return [self.general, self.errors]

    def is_log_on(self, name: str) -> bool:
        return name == 'error' or name in self.on

    def switch_log(self, name: str, on: bool) -> None:
        self._note('switch_log', name, on)
        self.on = self.on | {name} if on else self.on - {name}

    def rotate_log(self, name: str) -> None:
        self._note('rotate_log', name)
        (log,) = [each for each in self.logs() if each.name == name]
        if log.size():
            log.rotate()


class LogsTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.own = self.root / 'agent.log'
        self.config(guest_id='i', datastore_manager='maker')
        self.config(group='guestagent', log_file=str(self.own))
        self.driver = Logging(self.root)
        self.addCleanup(self.driver.end)
        self.supervisor = supervisor.Supervisor(
            self.driver, self.root, lambda: None, 'boot'
        )
        self.addCleanup(self.supervisor.stop)
        self.supervisor.prepare(datastores.Preparation(memory_mb=64))
        self.driver.calls.clear()
        self.member = trove_context.TroveContext(project_id='p')
        self.admin = trove_context.TroveContext(project_id='a', is_admin=True)
        self.store = {
            'driver': 'local',
            'directory': str(self.root / 'store'),
            'container': 'database_logs',
            'expiry': 60,
        }
        self.guest = self.agent()

    def agent(self) -> guest_logs.Logs:
        """The logs as an agent has them that was just started."""
        return guest_logs.Logs(self.conf, self.supervisor, self.root)

    def act(
        self, name: str = 'general', context: Any = None, **flags: bool
    ) -> dict[str, Any]:
        return self.guest.act(
            context or self.member,
            name,
            guest_logs.Action(**flags),
            self.store,
        )

    def stored(self) -> list[str]:
        return sorted(
            str(path.relative_to(self.root / 'store'))
            for path in (self.root / 'store').rglob('[!.]*')
            if path.is_file()
        )

    def test_who_sees_which(self) -> None:
        def names(context: Any) -> list[str]:
            return [each['name'] for each in self.guest.list_(context)]

        self.assertEqual(['general'], names(self.member))
        self.assertEqual(['general', 'error', 'guest'], names(self.admin))
        for flags in ({}, {'publish': True}, {'discard': True}):
            error = self.assertRaises(
                exception.Forbidden, self.act, 'error', **flags
            )
            self.assertIn('administrators', str(error))
        error = self.assertRaises(exception.NotFound, self.act, 'slow')
        self.assertIn('it has: general.', str(error))

    def test_as_it_travels(self) -> None:
        shown = self.act()

        self.assertEqual(
            {
                'name': 'general',
                'type': 'USER',
                'status': 'Disabled',
                'published': 0,
                'pending': 0,
                'container': 'None',
                'prefix': 'None',
                'metafile': 'i/maker-general_metafile',
            },
            shown,
        )

    def test_the_words_for_its_state(self) -> None:
        path = self.driver.general.path
        words = [self.act()['status']]
        words.append(self.act(enable=True)['status'])
        path.write_text('')
        words.append(self.act()['status'])
        path.write_text('one\n')
        words.append(self.act()['status'])
        words.append(self.act(publish=True)['status'])
        with path.open('a') as file:
            file.write('two\n')
        words.append(self.act()['status'])
        path.unlink()
        path.write_text('three\n')
        words.append(self.act()['status'])
        words.append(self.act(disable=True)['status'])

        self.assertEqual(
            [
                *('Disabled', 'Unavailable', 'Enabled', 'Ready', 'Published'),
                *('Partial', 'Rotated', 'Disabled'),
            ],
            words,
        )

    def test_publishing_enables_it(self) -> None:
        self.driver.general.path.write_text('one\n')

        shown = self.act(publish=True)
        self.act(publish=True)

        self.assertEqual(
            [('switch_log', 'general', True)], self.driver.calls
        )
        self.assertEqual('i/maker-general/', shown['prefix'])
        self.assertEqual('database_logs', shown['container'])
        self.assertEqual(4, shown['published'])
        # Only once, also by an agent that was started anew
        self.guest = self.agent()
        self.act(publish=True)
        log, about = self.stored()
        self.assertIn('database_logs/i/maker-general/log-', log)
        self.assertEqual(
            'database_logs/i/maker-general_metafile', about
        )

    def test_each_project_gets_it_whole(self) -> None:
        self.driver.general.path.write_text('one\n')
        self.act(context=self.admin, publish=True)

        self.assertEqual(0, self.act()['published'])
        self.assertEqual('None', self.act()['container'])
        self.assertEqual(4, self.act(publish=True)['published'])

        # Of many, those that were used last are remembered
        for number in range(16):
            context = trove_context.TroveContext(project_id=str(number))
            self.act(context=context, publish=True)
        self.assertEqual(4, self.act(context=context)['published'])
        self.assertEqual(0, self.act()['published'])

    def test_discarded(self) -> None:
        self.driver.general.path.write_text('one\n')
        self.act(publish=True)

        shown = self.act(discard=True)

        self.assertEqual((0, 4), (shown['published'], shown['pending']))
        self.assertEqual(4, self.act(discard=True, publish=True)['published'])

    def test_one_that_is_always_on(self) -> None:
        self.driver.errors.path.write_text('one\n')
        for flags in ({'enable': True}, {'disable': True}):
            error = self.assertRaises(
                exception.BadRequest,
                self.act,
                'error',
                self.admin,
                **flags,
            )
            self.assertIn('always on', str(error))

        shown = self.act('error', self.admin, enable=True, publish=True)

        self.assertEqual('SYS', shown['type'])
        self.assertEqual('Published', shown['status'])
        self.assertEqual([], self.driver.calls)

    def test_both_at_once(self) -> None:
        self.assertRaises(
            exception.BadRequest, self.act, enable=True, disable=True
        )
        self.assertEqual([], self.driver.calls)

    def test_the_own_log_of_the_agent(self) -> None:
        self.own.write_text('password=hunter2\nfine\n')

        shown = self.act('guest', self.admin, publish=True)

        self.assertEqual('SYS', shown['type'])
        self.assertEqual('Published', shown['status'])
        log, _ = self.stored()
        text = (self.root / 'store' / log).read_text()
        self.assertEqual('password=***\nfine\n', text)

    def test_one_is_published_at_a_time(self) -> None:
        self.driver.general.path.write_text('one\n')
        busy = self.guest._publishing
        with busy:
            error = self.assertRaises(
                exception.Conflict, self.act, publish=True
            )
        self.assertIn('being published', str(error))
        self.assertEqual('Published', self.act(publish=True)['status'])

    def test_without_what_the_object_store_takes(self) -> None:
        self.store = None
        self.config(swift_url='http://swift/v1/AUTH_')

        error = self.assertRaises(
            exception.BadRequest, self.act, publish=True
        )

        self.assertIn('object store', str(error))

    def test_one_that_is_too_large(self) -> None:
        self.config(group='guestagent', log_max_mb=1)
        path = self.driver.general.path
        path.write_text('small\n')
        self.guest.limit()
        self.assertEqual([], self.driver.calls)
        with path.open('a') as file:
            file.write(('x' * 1023 + '\n') * 1024)

        self.guest.limit()

        self.assertEqual([('rotate_log', 'general')], self.driver.calls)
        self.assertFalse(path.exists())
        # It is published all the same
        self.assertEqual(
            6 + 1024 * 1024, self.act(publish=True)['published']
        )

    def test_one_that_cannot_be_rotated(self) -> None:
        self.config(group='guestagent', log_max_mb=1)
        self.driver.general.path.write_bytes(b'x' * (1 << 20))
        for _ in range(2):
            self.driver.error = exception.DatastoreError(
                action='rotate', reason='it does not answer.'
            )
            self.guest.limit()

        # An operator is told once
        said = self.logs.output.count('could not be rotated')
        self.assertEqual(1, said)
        # And it is retried, also when the server has not opened it again
        self.driver.general.path.unlink()
        for _ in range(2):
            self.guest.limit()
        self.assertEqual(
            3 * [('rotate_log', 'general')], self.driver.calls
        )

    def test_a_server_that_is_stopped_writes_nothing(self) -> None:
        self.config(group='guestagent', log_max_mb=1)
        self.driver.general.path.write_bytes(b'x' * (1 << 20))
        self.driver.end()

        self.guest.limit()

        self.assertEqual([], self.driver.calls)
