# SPDX-License-Identifier: Apache-2.0
"""Instances are made whose images have a released guest agent."""

from __future__ import annotations

import threading
import time
from typing import Any

import fixtures

from trove.cloud import noop
from trove.common import context as trove_context
from trove.objects import datastore as datastores
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.objects.keys import instance_keys
from trove.peers import connection
from trove.taskmanager import manager
from trove.taskmanager.workflows import base as workflows
from trove.taskmanager.workflows import guest as waits
from trove.tests.fixtures import database
from trove.tests.fixtures import released
from trove.tests.fixtures import reports
from trove.tests.functional.interop import base

_CONTROL_KEY = 'c' * 32
_FLAVOR = {'id': '1', 'name': 'tiny', 'ram': 512, 'vcpus': 1, 'disk': 0}


class Checks:
    """What is checked with each release."""

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(database.SQLiteDatabase()).configure(self.conf)
        # It is asked at once when it was not heard.
        self.useFixture(
            fixtures.MockPatchObject(waits, '_PROBE_AFTER_BEATS', 0)
        )
        self.told: list[dict[str, Any]] = []

    def given_task_manager(self, encrypted: bool) -> None:
        self.prepare(encrypted=False)
        self.config(
            transport_url=base.broker().url,
            enable_secure_rpc_messaging=encrypted,
            taskmanager_rpc_encr_key=_CONTROL_KEY,
            inst_rpc_key_encr_key=_CONTROL_KEY,
            usage_timeout=60,
        )
        transport = connection.transport(self.conf)
        self.addCleanup(transport.close)
        self.cloud = noop.NoopCloud(self.conf)
        self.cloud.on('create_server', self.boot)
        self.manager = manager.Manager(
            workflows.Environment(
                self.conf, transport, self.cloud, 'tm:machine:1:1'
            )
        )

    def boot(self, instance_id: str) -> None:
        """Their guest agent starts, and has nothing to report."""
        key = instance_keys.get(self.conf, instance_id).current
        self.peer.do(
            'serve',
            interface='guestagent',
            topic=f'guestagent.{instance_id}',
            host=instance_id,
            key=key,
        )
        self.addCleanup(self.peer.do, 'stop', interface='guestagent')
        threading.Thread(
            target=self.install, args=(instance_id,), daemon=True
        ).start()

    def install(self, instance_id: str) -> None:
        """Once it was told to, it makes its database and reports that."""
        self.told = self.wait(
            lambda: self.peer.do('received'), 'it is told to prepare'
        )
        reports.heard(
            instance_id,
            status=states.ServiceStatus.RUNNING,
            guest_version=None,
            sent=time.time(),
        )

    def given_instance(self) -> str:
        datastores.save('mysql')
        version = datastores.save_version(
            'mysql', '8.0', manager='mysql', image_id='i', version='8.0'
        )
        return instances.create(
            self.conf,
            self.context,
            name='theirs',
            flavor_id=_FLAVOR['id'],
            ram=_FLAVOR['ram'],
            volume_size=1,
            datastore_version_id=version.id,
        ).id

    def check_create(self, encrypted: bool) -> None:
        self.given_task_manager(encrypted)
        instance_id = self.given_instance()
        nothing = dict.fromkeys(
            (
                *('packages', 'backup_id', 'availability_zone', 'nics'),
                *('root_password', 'overrides', 'slave_of_id', 'modules'),
                *('cluster_config', 'volume_type', 'locality'),
            )
        )

        self.manager.create_instance(
            self.context,
            **nothing,
            instance_id=instance_id,
            name='theirs',
            flavor=_FLAVOR,
            image_id='i',
            databases=[{'_name': 'bücher'}],
            users=[],
            datastore_manager='mysql',
            volume_size=1,
            ds_version='8.0',
        )

        shown = instances.get(trove_context.make_admin_context(), instance_id)
        self.assertEqual(('ACTIVE', None), (shown.status, shown.fault))
        [prepare] = self.told
        self.assertEqual(
            ('prepare', None), (prepare['method'], prepare['error'])
        )
        said = prepare['args']
        self.assertEqual([{'_name': 'bücher'}], said['databases'])
        self.assertIn('!includedir', said['config_contents'])
        self.assertEqual('/var/lib/mysql', said['mount_point'])
        self.assertEqual(
            '8.0' if self.release >= 14 else None, said.get('ds_version')
        )

    def test_in_the_clear(self) -> None:
        self.check_create(encrypted=False)

    def test_encrypted(self) -> None:
        self.check_create(encrypted=True)


for _release in released.chosen():
    _name = f'CreateOfRelease{_release}Test'
    globals()[_name] = type(
        _name,
        (Checks, base.InteropTestCase),
        {'release': _release, '__module__': __name__},
    )
