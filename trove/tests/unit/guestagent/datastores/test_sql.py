# SPDX-License-Identifier: Apache-2.0
"""The common part of the drivers of SQL servers, without a server."""

from __future__ import annotations

import pathlib
from typing import Any
from unittest import mock

import fixtures

from trove.common import exception
from trove.guestagent.datastores import base as datastores_base
from trove.guestagent.datastores import logs as log_files
from trove.guestagent.datastores import sql
from trove.guestagent.datastores import tls
from trove.tests import base


class Server:
    """Starts unless a setting is bad."""

    title = 'Some'

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}
        self.running: int | None = None

    def pid(self) -> int | None:
        return self.running

    def start(self, timeout: float) -> None:
        if 'bad' in self.settings.values():
            raise exception.DatastoreError(action='start', reason='too bad.')
        self.running = 1

    def stop(self, timeout: float) -> None:
        self.running = None


class Driver(sql.SQLDriver):
    name = 'postgresql'

    def __init__(self, conf: Any, home: Any) -> None:
        super().__init__(conf, home)
        self.connector = mock.Mock()
        self.databases = mock.Mock()
        self.users = mock.Mock()
        self.root = mock.Mock()
        self.calls: list[tuple[str, str]] = []
        self.written: tls.Bundle | None = None
        self.refused: object = self

    def write_config(self) -> None:
        self.home.server().settings = {
            **self.store.overrides,
            **self.log_settings(),
        }

    def check_overrides(self, overrides: datastores_base.Settings) -> None:
        return

    def apply_overrides(self, overrides: datastores_base.Settings) -> None:
        return

    def close_openings(self) -> None:
        return

    def certificate(self) -> str | None:
        bundle = self.secured.current.bundle
        return bundle.certificate if bundle else None

    def write_certificate(self, bundle: tls.Bundle | None) -> None:
        self.written = bundle

    def apply_tls(self) -> bool:
        self.calls.append(('tls', str(self.secured.current.mode)))
        if self.written is self.refused:
            raise exception.DatastoreError(action='use it', reason='no.')
        return self.written is None

    def logs(self) -> list[log_files.Log]:
        return [
            log_files.Log(
                'general', self.home.data_dir / 'general.log', {'all': True}
            ),
            log_files.Log('error', self.home.data_dir / 'error.log'),
        ]

    def apply_log(self, log: log_files.Log) -> None:
        self.calls.append(('apply', log.name))

    def reopen_log(self, log: log_files.Log) -> None:
        self.calls.append(('reopen', log.name))


class SQLTestCase(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        home = mock.Mock()
        home.kind.group = 'postgresql'
        home.state_dir = home.data_dir = home.kept_dir = directory
        self.server = Server()
        home.server.return_value = self.server
        self.driver = Driver(self.conf, home)

    def prepare(self, **overrides: Any) -> None:
        self.driver.prepare(
            datastores_base.Preparation(memory_mb=256, overrides=overrides)
        )


class LogsTest(SQLTestCase):
    def test_a_log_is_on_until_it_is_switched_off(self) -> None:
        self.prepare()
        self.assertFalse(self.driver.is_log_on('general'))
        self.assertTrue(self.driver.is_log_on('error'))

        self.driver.switch_log('general', True)

        self.assertEqual({'all': True}, self.server.settings)
        # Another agent knows it
        self.driver = Driver(self.conf, self.driver.home)
        self.assertTrue(self.driver.is_log_on('general'))
        self.driver.switch_log('general', False)
        self.assertFalse(self.driver.is_log_on('general'))
        self.assertEqual({}, self.server.settings)

    def test_a_server_that_is_stopped_is_not_told(self) -> None:
        self.prepare()
        self.driver.switch_log('general', True)
        self.driver.stop()

        self.driver.switch_log('general', False)

        self.assertEqual([('apply', 'general')], self.driver.calls)
        self.driver.start()
        self.assertEqual({}, self.server.settings)

    def test_an_empty_log_keeps_its_former_part(self) -> None:
        path = self.driver.home.data_dir / 'general.log'
        path.write_text('one')
        for _ in range(2):
            self.driver.rotate_log('general')

        (former,) = path.parent.glob('general.log*')
        self.assertEqual('one', former.read_text())
        self.assertEqual(2 * [('reopen', 'general')], self.driver.calls)

    def test_there_is_no_such_log(self) -> None:
        self.assertRaises(exception.NotFound, self.driver.is_log_on, 'slow')


class TakeBackTest(SQLTestCase):
    def test_settings_that_keep_it_from_starting_are_taken_back(self) -> None:
        # Given
        self.prepare(a='good')
        self.driver.update_overrides({'a': 'bad'})
        # When
        error = self.assertRaises(
            exception.SettingsTakenBack, self.driver.restart
        )
        # Then it runs with the former ones, and who asked is told
        self.assertIn('too bad.', str(error))
        self.assertEqual({'a': 'good'}, self.server.settings)
        self.assertEqual(1, self.driver.pid())
        # And it starts as if nothing had been
        self.driver.restart()

    def test_a_new_database_has_nothing_to_go_back_to(self) -> None:
        error = self.assertRaises(
            exception.DatastoreError, self.prepare, a='bad'
        )
        self.assertNotIsInstance(error, exception.SettingsTakenBack)
        self.assertIsNone(self.driver.pid())

    def test_settings_that_are_not_to_blame_are_kept(self) -> None:
        # Given a server that starts with no settings at all
        self.prepare(a='good')
        self.driver.update_overrides({'a': 'better'})
        self.driver.stop()
        refuse = exception.DatastoreError(action='start', reason='no disk.')
        # When
        with mock.patch.object(self.server, 'start', side_effect=refuse):
            error = self.assertRaises(
                exception.DatastoreError, self.driver.start
            )
        # Then
        self.assertNotIsInstance(error, exception.SettingsTakenBack)
        self.driver.start()
        self.assertEqual({'a': 'better'}, self.server.settings)
