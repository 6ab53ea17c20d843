# SPDX-License-Identifier: Apache-2.0
"""Create and resize with a guest agent of a released Trove.

Such a guest is silent until it is told to prepare its database.
"""

from __future__ import annotations

import time

import fixtures
import oslo_messaging

from trove.cloud import base as cloud_base
from trove.objects.instance import states
from trove.peers import releases
from trove.taskmanager.workflows import guest as waits
from trove.tests.fixtures import reports
from trove.tests.unit.common.rpc import released
from trove.tests.unit.taskmanager import scene


class Silent(released.Endpoint):
    """A guest agent of a release; reports itself once it was told to.

    :param dies: when it is told to
    """

    def __init__(self, release, instance_id, dies=False):
        super().__init__('guestagent', release)
        self._instance_id = instance_id
        self._dies = dies

    def _note(self, method, context, arguments):
        result = super()._note(method, context, arguments)
        if not self._dies:
            reports.heard(
                self._instance_id,
                status=states.ServiceStatus.HEALTHY,
                guest_version=None,
                sent=time.time(),
            )
        return result


class TestCreateReleased(scene.TestCase):
    def setUp(self):
        super().setUp()
        # Nothing here takes long, where it works.
        self.config(usage_timeout=30)
        # It is asked at once when it was not heard.
        self.useFixture(
            fixtures.MockPatchObject(waits, '_PROBE_AFTER_BEATS', 0)
        )

    def given_silent(self, instance_id, release, dies=False):
        endpoint = Silent(release, instance_id, dies)
        server = oslo_messaging.get_rpc_server(
            self.transport.connection.open(),
            oslo_messaging.Target(
                topic=f'guestagent.{instance_id}', server=instance_id
            ),
            [endpoint],
        )
        server.start()
        self.servers.append(server)
        return endpoint

    def test_it_is_told_what_its_release_knows(self):
        for release in releases.SERIES:
            instance_id = self.given_request()
            guest = self.given_silent(instance_id, release)

            self.when_created(instance_id, ds_version='18.6')

            shown = self.shown(instance_id)
            self.assertEqual(
                ('ACTIVE', None), (shown.status, shown.fault), release
            )
            [(method, told)] = guest.run
            self.assertEqual('prepare', method)
            self.assertEqual(
                None if release < 14 else '18.6', told.get('ds_version')
            )
            # Released guests fail without these.
            config = told['config_contents'].splitlines()
            self.assertIn('archive_mode = on', config)
            # What is included later overrides.
            self.assertIn('include_dir', config[-1])
            self.assertEqual('/var/lib/postgresql', told['mount_point'])

    def test_without_a_volume_it_is_told_where_the_data_go(self):
        instance_id = self.given_request(volume_size=None)
        guest = self.given_silent(instance_id, 26)

        self.when_created(
            instance_id, volume_size=None, datastore_manager='mysql'
        )

        [(_, told)] = guest.run
        self.assertEqual('/var/lib/mysql', told['mount_point'])
        config = told['config_contents'].splitlines()
        self.assertIn('!includedir', config[-1])
        self.assertIn('innodb_buffer_pool_size = 150M', config)

    def test_a_resize_sends_it_what_fits_the_memory(self):
        instance_id = self.given_request()
        guest = self.given_silent(instance_id, 26)
        self.when_created(instance_id, ds_version='18.6')
        self.given_task(
            instance_id,
            states.Task.RESIZING,
            'resize_flavor',
            conf=self.conf,
            deltas={'ram': 512},
        )

        self.manager.resize_flavor(
            self.context, instance_id, scene.FLAVOR, scene.BIGGER
        )

        shown = self.shown(instance_id)
        self.assertEqual(('ACTIVE', None), (shown.status, shown.fault))
        # It overwrites its file with that.
        told = dict(guest.run)['start_db_with_conf_changes']
        config = told['config_contents'].splitlines()
        self.assertIn('shared_buffers = 102MB', config)
        self.assertIn('archive_mode = on', config)

    def test_a_larger_volume_that_it_mounts_where_it_is_told_to(self):
        self.config(online_volume_resize=False)
        instance_id = self.given_request()
        guest = self.given_silent(instance_id, 26)
        self.when_created(instance_id, ds_version='18.6')
        self.given_task(instance_id, states.Task.RESIZING, 'resize_volume')
        # The cloud does not know where.
        volume = cloud_base.Volume('v1', 5, device_path='/dev/vdb')
        self.useFixture(
            fixtures.MockPatchObject(
                self.cloud.volumes, 'get', lambda *_: volume
            )
        )

        self.manager.resize_volume(self.context, 5, instance_id)

        shown = self.shown(instance_id)
        self.assertEqual(('ACTIVE', None), (shown.status, shown.fault))
        told = dict(guest.run)
        for order in ('unmount_volume', 'resize_fs', 'mount_volume'):
            self.assertEqual(
                ('/dev/vdb', '/var/lib/postgresql'),
                (told[order]['device_path'], told[order]['mount_point']),
            )

    def test_it_may_be_late(self):
        self.config(probe_timeout=0.1)
        instance_id = self.given_request()
        asked = []
        forget = waits.forget_version

        def forgotten(workflow):
            forget(workflow)
            asked.append(workflow)
            if len(asked) == 3:
                self.given_silent(instance_id, 12)

        self.useFixture(
            fixtures.MockPatchObject(waits, 'forget_version', forgotten)
        )

        self.when_created(instance_id)

        self.assertEqual('ACTIVE', self.shown(instance_id).status)

    def test_it_takes_the_order_and_dies(self):
        self.config(usage_timeout=2)
        instance_id = self.given_request()
        guest = self.given_silent(instance_id, 21, dies=True)

        self.when_created(instance_id)

        self.assertEqual(['prepare'], [method for method, _ in guest.run])
        self.assert_fault(
            instance_id,
            'after the order to prepare its database',
            'log of the guest agent',
        )

    def test_one_of_this_release_has_to_report(self):
        self.config(guest_first_heartbeat_timeout=2, group='taskmanager')
        instance_id = self.given_request()
        guest = self.given_guest(instance_id, version='1.5')

        self.when_created(instance_id)

        self.assertEqual([], guest.asked)
        self.assert_fault(
            instance_id, 'answers, but sent no heartbeat', 'no conductor'
        )

    def test_what_it_needs_is_not_known(self):
        instance_id = self.given_request()
        guest = self.given_silent(instance_id, 12)

        self.when_created(instance_id, datastore_manager='redis')

        self.assertEqual([], guest.run)
        self.assert_fault(instance_id, 'datastore manager "redis"', 'image')
