# SPDX-License-Identifier: Apache-2.0
"""The endpoint: its contract, and what becomes of failures.

That each order does what it says is shown in the functional tests.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import pathlib
from typing import Any
from unittest import mock

import fixtures

from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.guestagent import backups
from trove.guestagent import logs
from trove.guestagent import manager
from trove.guestagent import modules
from trove.guestagent import monotonic_time
from trove.guestagent import reporter
from trove.guestagent import state as states
from trove.guestagent import supervisor
from trove.guestagent.datastores import base as datastores
from trove.tests import base
from trove.tests.unit.guestagent import fakes


class ManagerTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.driver = fakes.Driver()
        self.addCleanup(self.driver.end)
        self.conductor = mock.Mock()
        self.reports: list[str] = []
        state_dir = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.supervisor = supervisor.Supervisor(
            self.driver, state_dir, lambda: None, 'this boot'
        )
        self.addCleanup(self.supervisor.stop)
        self.supervisor.start()
        self.config(guest_id='the instance', tenant_id='the project')
        reporting = reporter.Reporter(
            self.conf, self.conductor, monotonic_time.MonotonicTime(None)
        )
        self.manager = manager.Manager(
            self.supervisor,
            reporting,
            lambda: self.reports.append(self.supervisor.status()),
            backups.Backups(self.supervisor, reporting, state_dir),
            logs.Logs(self.conf, self.supervisor, state_dir),
            modules.Modules(state_dir / 'modules'),
        )
        self.context = trove_context.make_admin_context()

    def prepare(self, **arguments: Any) -> None:
        order: dict[str, Any] = {
            'packages': [],
            'databases': [],
            'memory_mb': 512,
            'users': [],
        }
        self.manager.prepare(self.context, **(order | arguments))

    def failure(self) -> dict[str, Any]:
        """What was reported to the conductors."""
        return self.conductor.notify_exc_info.call_args.kwargs

    def test_the_contract_is_kept(self) -> None:
        rpc.verify(manager.Manager.interface, self.manager)

    def test_what_prepare_is_told_is_applied_refused_or_logged(self) -> None:
        # Given what becomes of each argument
        carried_out = {
            *('databases', 'memory_mb', 'users', 'device_path'),
            *('config_contents', 'root_password', 'overrides', 'ds_version'),
            'modules',
        }
        refused = {
            'backup_info': {'id': 'b'},
            'cluster_config': {'id': 'c'},
            'log': {'series': 1},
            'snapshot': {'id': 's'},
            'store': {'driver': 'local'},
        }
        # It is where the device is mounted, which is refused.
        of_the_device = {'mount_point'}
        logged = {'packages'}
        # Then none is forgotten
        method = manager.Manager.interface.methods['prepare']
        self.assertEqual(
            set(method.signature.parameters),
            carried_out | set(refused) | of_the_device | logged,
        )
        self.assertLessEqual(
            {'version', 'device_path', 'databases', 'users', 'memory_mb'},
            {f.name for f in dataclasses.fields(datastores.Preparation)},
        )
        # And it is true
        for name, value in refused.items():
            self.prepare(**{name: value})
            self.assertIn('not supported', str(self.failure()))
            self.assertEqual([], self.driver.calls)
        self.prepare(packages=['postgresql-18'])
        self.assertIn('postgresql-18', self.logs.output)

    def test_prepare_refuses_what_the_datastore_cannot_do(self) -> None:
        for order, what in (
            ({'users': [{'_name': 'u'}]}, 'Managing users'),
            ({'root_password': 'secret'}, 'The root user'),
        ):
            self.prepare(**order)

            self.assertIn(what, self.failure()['message'])
            self.assertEqual([], self.driver.calls)

    def test_prepare_hands_everything_to_the_driver(self) -> None:
        self.driver.capabilities |= {
            datastores.Capability.ROOT,
            datastores.Capability.USERS,
        }
        # When
        self.prepare(
            databases=[{'_name': 'd'}],
            users=[{'_name': 'u'}],
            config_contents={'config_contents': 'text'},
            overrides={'a': 1},
            root_password='secret',
            ds_version='18',
            device_path='/dev/nothing',
            mount_point='/nowhere',
        )
        # Then
        self.assertEqual(
            (
                'prepare',
                datastores.Preparation(
                    memory_mb=512,
                    databases=[{'_name': 'd'}],
                    users=[{'_name': 'u'}],
                    config_contents='text',
                    overrides={'a': 1},
                    root_password='secret',
                    version='18',
                    device_path='/dev/nothing',
                    mount_point='/nowhere',
                ),
            ),
            self.driver.calls[0],
        )
        self.conductor.report_root.assert_called_once_with(
            mock.ANY, instance_id='the instance', user=None
        )
        self.assertEqual(['healthy'], self.reports)

    def test_a_failed_prepare_is_reported(self) -> None:
        # Given an error that tells a secret
        self.driver.error = exception.DatastoreError(
            action='start', reason="password='hush' is wrong."
        )
        # When
        self.prepare()
        # Then
        self.assertEqual(['failed to spawn'], self.reports)
        said = self.failure()
        self.assertEqual(
            'the instance', said['serialized_notification']['instance_id']
        )
        self.assertIn('could not create the database', said['message'])
        self.assertIn('failed to start', said['message'])
        self.assertIsInstance(said['exception'], list)
        for text in (
            said['message'],
            ''.join(said['exception']),
            self.logs.output,
        ):
            self.assertNotIn('hush', text)

    def test_what_cannot_be_done_is_refused(self) -> None:
        for order in (
            {'backup_info': {'id': 1}},
            {'snapshot': {'id': 1}},
            {'cluster_config': {'id': 1}},
        ):
            self.prepare(**order)
            self.assertIn('not supported', self.failure()['message'])
        self.assertEqual([], self.driver.calls)

    def test_a_new_database_gets_its_modules(self) -> None:
        ping = {
            'id': 'm1',
            'type': 'ping',
            'contents': base64.b64encode(b'message=hello').decode(),
        }

        self.prepare(modules=[{'module': ping}])

        (applied,) = self.manager.module_list(self.context)
        self.assertEqual('hello', applied['message'])
        self.assertFalse(self.conductor.notify_exc_info.called)

    def test_malformed_modules_are_told_of(self) -> None:
        self.prepare(modules=[{'name': 'no module'}])

        self.assertIn('malformed', self.failure()['message'])
        self.assertEqual('healthy', self.supervisor.status())

    def test_modules_are_applied_listed_and_removed(self) -> None:
        contents = base64.b64encode(b'message=hi').decode()
        ping = {
            'module': {
                'id': 'm1',
                'type': 'ping',
                'name': 'hello',
                'md5': 'd' * 32,
                'contents': contents,
            }
        }

        (applied,) = self.manager.module_apply(self.context, [ping])

        self.assertEqual('OK', applied['status'])
        (listed,) = self.manager.module_list(self.context)
        self.assertEqual('m1', listed['id'])
        self.manager.module_remove(self.context, ping)
        self.assertEqual([], self.manager.module_list(self.context))

    def test_a_cast_that_fails_is_reported(self) -> None:
        self.prepare()
        self.driver.error = exception.BadRequest(reason='So it is.')
        self.manager.create_database(self.context, [{'_name': 'x'}])
        self.assertIn('So it is.', self.failure()['message'])
        # And what the message lacks
        self.manager.delete_database(self.context, {})
        self.assertIn('KeyError', self.failure()['message'])

    def test_a_cast_without_a_database_is_reported(self) -> None:
        self.manager.create_database(self.context, [])
        self.assertIn('its status is "new"', self.failure()['message'])

    def test_the_guest_speaks_for_itself(self) -> None:
        # Given an order of an administrator
        context = trove_context.make_admin_context(
            user_id='the boss', project_id='another'
        )
        # When
        self.manager.create_user(context, [])
        # Then
        own = self.conductor.notify_exc_info.call_args.args[0]
        self.assertFalse(own.is_admin)
        self.assertEqual('the project', own.project_id)
        self.assertEqual('the boss', own.user_id)
        self.assertEqual(context.request_id, own.request_id)

    def test_an_enabled_root_is_written_down(self) -> None:
        # Given
        self.prepare()
        self.driver.capabilities |= {datastores.Capability.ROOT}
        self.driver.enable_root = lambda password: {'_password': password}
        # Then
        for enable in (
            lambda: self.manager.enable_root(self.context),
            lambda: self.manager.enable_root_with_password(
                self.context, 'chosen'
            ),
        ):
            self.conductor.report_root.reset_mock()
            enable()
            self.conductor.report_root.assert_called_once()
        # And he gets his password even if nobody can be told
        self.conductor.report_root.side_effect = exception.ServiceUnavailable(
            what='The broker'
        )
        self.assertEqual(
            {'_password': 'chosen'},
            self.manager.enable_root_with_password(self.context, 'chosen'),
        )
        self.assertIn('history of root', self.logs.output)

    def test_a_call_that_fails_raises(self) -> None:
        self.prepare()
        self.assertRaises(
            exception.NotSupported, self.manager.enable_root, self.context
        )
        self.conductor.notify_exc_info.assert_not_called()

    def test_the_status_is_told_before_the_answer(self) -> None:
        self.prepare()
        self.manager.stop_db(self.context)
        self.manager.start_db_with_conf_changes(self.context, None, '15')
        self.manager.restart(self.context, reason='of a reason')
        self.assertEqual(
            ['healthy', 'shutdown', 'healthy', 'healthy'], self.reports
        )
        self.assertIn('of a reason', self.logs.output)

    def test_the_old_form_of_stop_is_understood(self) -> None:
        self.prepare()
        self.manager.stop_db(self.context, do_not_start_on_reboot=True)
        self.assertIsNone(states.load(self.supervisor._path).stopped_in)

    def test_some_answers_need_no_database(self) -> None:
        self.assertTrue(self.manager.rpc_ping(self.context))
        self.assertEqual(
            2.0, self.manager.get_filesystem_stats(self.context, None)['used']
        )
        self.assertIn('vm_rss', self.manager.get_diagnostics(self.context))
        self.assertIn('hwinfo', self.manager.get_hwinfo(self.context))

    def test_what_uses_the_server_has_its_place_when_it_arrives(self) -> None:
        self.driver.capabilities = frozenset(datastores.Capability)
        # Given arguments that are checked before the server is used
        checked_first = {'ssl_action': {'enable': False, 'disable': True}}
        for name, method in manager.Manager.interface.methods.items():
            self.supervisor.turns = turn = mock.MagicMock()
            with contextlib.suppress(Exception):
                getattr(self.manager, name)(
                    self.context,
                    **{
                        each.name: mock.MagicMock()
                        for each in method.signature.parameters.values()
                        if each.default is each.empty
                    }
                    | checked_first.get(name, {}),
                )
            asked = turn.__enter__.called
            wrong = (
                'does not use the server: write @orders.needs(..., '
                'turn=False) at it'
                if not asked
                else 'uses the server: write @orders.in_turn or '
                '@orders.needs(...) at it'
            )
            place = self.manager.expect(name)
            self.assertEqual(
                asked,
                place is turn.place.return_value,
                f'{name} in trove/guestagent/manager.py {wrong}',
            )

    def test_a_page_is_a_list(self) -> None:
        self.prepare()
        self.assertEqual([[], None], self.manager.list_databases(self.context))
        self.assertRaises(
            exception.NotSupported, self.manager.list_users, self.context
        )
