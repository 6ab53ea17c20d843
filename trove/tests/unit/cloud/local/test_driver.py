# SPDX-License-Identifier: Apache-2.0
"""Servers and volumes of the local cloud."""

from concurrent import futures
import os
import pwd
import re
import shutil
import signal

import fixtures

from trove.cloud.local import files
from trove.cloud.local import volumes
from trove.common import exception
from trove.conf import cloud as cloud_options
from trove.tests.fixtures import waiting
from trove.tests.unit.cloud.local import guests


class ServerTestCase(guests.LocalCloudTestCase):
    def test_a_server_runs_its_agent_with_the_files_in_order(self):
        server = self.create()
        self.wait_for_starts(1)

        self.assertEqual('ACTIVE', server.status)
        self.assertEqual(server, self.server())
        self.assertEqual(
            server.addresses, self.cloud.network.addresses(self.context, 'i1')
        )
        arguments = (self.home() / 'arguments').read_text()
        self.assertEqual(
            [
                'trove-guestagent.conf',
                'guest_info.conf',
                'local.conf',
                'boot.conf',
            ],
            re.findall(r'--config-file \S+/etc/(\S+)', arguments),
        )
        local = (self.home() / 'etc/local.conf').read_text()
        self.assertIn(f'bind_address = {server.addresses[0][0]}\n', local)
        self.assertIn('memory_mb = 512\n', local)

    def test_public_access_is_accepted_where_an_operator_says_so(self):
        self.assertIn('is_public', self.new_cloud().ignores)

        self.config(group='cloud_local', public_access=True)

        self.assertNotIn('is_public', self.new_cloud().ignores)

    def test_its_configuration_is_closed_and_its_data_reachable(self):
        self.create()

        self.assertEqual(0o700, (self.home() / 'etc').stat().st_mode & 0o777)
        for path in (self.home() / 'disk', self.home(), self.state_dir):
            self.assertEqual(0o755, path.stat().st_mode & 0o777)

    def test_making_it_twice_makes_one(self):
        with futures.ThreadPoolExecutor(4) as pool:
            clouds = [self.new_cloud() for _ in range(4)]
            servers = list(
                pool.map(
                    lambda cloud: cloud.compute.create_server(
                        self.context, self.spec()
                    ),
                    clouds,
                )
            )
        self.wait_for_starts(1)

        self.assertEqual(1, len({server.id for server in servers}))
        self.assertEqual(1, len(self.agent_pids()))

    def test_what_leads_out_of_its_directory_is_refused(self):
        spec = self.spec()
        spec.files['../../evil'] = 'x'

        self.assertRaises(
            exception.CloudError,
            self.cloud.compute.create_server,
            self.context,
            spec,
        )
        for name in ('', '..', 'a/b', 'a\0'):
            self.assertRaises(
                exception.CloudError,
                self.cloud.compute.get_server,
                self.context,
                name,
            )

    def test_deleting_ends_all_of_its_processes_and_leaves_no_file(self):
        self.create()
        self.wait_for_starts(1)

        for _ in range(2):
            self.cloud.compute.delete_server(self.context, 'i1')

        self.assertEqual([], self.running())
        self.assertIsNone(self.server())
        self.assertEqual([], os.listdir(self.state_dir / 'servers'))
        self.assertEqual([], os.listdir(self.state_dir / 'locks'))
        self.assertEqual([], self.cloud.network.addresses(self.context, 'i1'))

    def test_another_task_manager_can_delete_it(self):
        self.create()
        self.wait_for_starts(1)

        self.new_cloud().compute.delete_server(self.context, 'i1')

        self.assertEqual([], self.running())

    def test_what_could_not_be_started_is_not_stopped(self):
        self.create()
        self.wait_for_starts(1)
        medium = self.cloud.compute.get_flavor(self.context, '3')
        shutil.rmtree(self.home() / 'log')

        for change in (
            lambda: self.cloud.compute.reboot_server(self.context, 'i1'),
            lambda: self.cloud.compute.resize_server(
                self.context, 'i1', medium
            ),
        ):
            error = self.assertRaises(exception.CloudError, change)
            self.assertIn('guestagent.log', str(error))

        self.assertEqual('ACTIVE', self.server().status)

    def test_the_log_is_kept(self):
        self.create()
        self.wait_for_starts(1)
        (self.home() / 'log/guestagent.log').write_text('no space left')

        self.cloud.compute.delete_server(self.context, 'i1')

        kept = self.state_dir / 'logs/i1.log'
        self.assertEqual('no space left', kept.read_text())
        self.assertEqual(0o700, kept.parent.stat().st_mode & 0o777)

    def test_not_too_many_logs_are_kept(self):
        logs = self.state_dir / 'logs'
        logs.mkdir(parents=True)
        for number in range(60):
            (logs / f'old-{number}.log').touch()
        self.create()

        self.cloud.compute.delete_server(self.context, 'i1')

        self.assertEqual(50, len(list(logs.iterdir())))
        self.assertTrue((logs / 'i1.log').exists())

    def test_rebooting_starts_all_anew_at_the_same_address(self):
        server = self.create()
        self.wait_for_starts(1)
        before = self.agent_pids()

        rebooted = self.cloud.compute.reboot_server(self.context, 'i1')
        self.wait_for_starts(2)

        self.assertEqual(server, rebooted)
        self.assertNotEqual(before[-1], self.agent_pids()[-1])

    def test_each_boot_has_a_name_that_its_agents_share(self):
        self.create()
        self.wait_for_starts(1)
        first = self.boot()

        os.kill(self.agent_pids()[-1], signal.SIGKILL)
        waiting.until(lambda: len(self.agent_pids()) == 2, 'the agent is back')
        self.create()
        self.assertEqual(first, self.boot())

        self.cloud.compute.reboot_server(self.context, 'i1')
        self.assertNotEqual(first, self.boot())

    def test_resizing_gives_the_agent_the_memory_and_reboots(self):
        self.create()
        self.wait_for_starts(1)
        flavor = self.cloud.compute.get_flavor(self.context, '3')

        for _ in range(2):
            self.cloud.compute.resize_server(self.context, 'i1', flavor)
        self.wait_for_starts(2)

        local = (self.home() / 'etc/local.conf').read_text()
        self.assertIn('memory_mb = 2048\n', local)
        self.assertEqual(2, len(self.agent_pids()))

    def test_what_is_not_there_cannot_be_changed(self):
        flavor = self.cloud.compute.get_flavor(self.context, '3')

        self.assertRaises(
            exception.NotFound,
            self.cloud.compute.reboot_server,
            self.context,
            'i1',
        )
        self.assertRaises(
            exception.NotFound,
            self.cloud.compute.resize_server,
            self.context,
            'i1',
            flavor,
        )

    def test_what_the_system_refuses_is_an_error_of_the_cloud(self):
        self.state_dir.parent.mkdir(exist_ok=True)
        self.state_dir.write_text('a file in the way')

        error = self.assertRaises(exception.CloudError, self.create)

        self.assertIn('could not create the server', str(error))
        self.state_dir.unlink()

    def test_types_and_networks_are_those_of_the_options(self):
        before = self.new_cloud()
        self.assertEqual([], before.volumes.types(self.context))
        self.assertEqual([], before.network.networks(self.context))
        self.config(
            group='cloud_local', volume_types=['fast'], network_ids=['n1']
        )

        cloud = self.new_cloud()

        (fast,) = cloud.volumes.types(self.context)
        self.assertEqual(('fast', 'fast'), (fast.id, fast.name))
        self.assertEqual(['n1'], cloud.network.networks(self.context))

    def test_flavors_are_found_by_id(self):
        compute = self.cloud.compute
        for flavor in compute.list_flavors(self.context):
            self.assertEqual(
                flavor, compute.get_flavor(self.context, flavor.id)
            )
        self.assertRaises(
            exception.FlavorNotFound, compute.get_flavor, self.context, '9'
        )

    def test_an_unknown_launcher_is_refused_with_the_remedy(self):
        self.config(launcher='rocket', group='cloud_local')

        error = self.assertRaises(exception.ConfigurationError, self.new_cloud)

        self.assertIn('Use "process"', str(error))


class VolumeTestCase(guests.LocalCloudTestCase):
    def extend(self, size):
        return self.cloud.volumes.extend(self.context, 'i1', size)

    def test_a_volume_holds_the_data_of_its_server(self):
        volume = self.cloud.volumes.create(self.context, 'i1', 2)
        self.assertEqual(
            volume, self.cloud.volumes.create(self.context, 'i1', 2)
        )

        self.create(volume_id=volume.id)
        self.wait_for_starts(1)

        self.assertTrue(os.path.isdir(f'{volume.mount_point}/data'))
        self.assertEqual(volume, self.cloud.volumes.get(self.context, 'i1'))
        local = (self.home() / 'etc/local.conf').read_text()
        self.assertIn('volume_size = 2\n', local)

    def test_it_stays_when_the_server_goes_and_not_the_reverse(self):
        volume = self.cloud.volumes.create(self.context, 'i1', 2)
        self.create(volume_id=volume.id)
        self.assertRaises(
            exception.CloudError,
            self.cloud.volumes.delete,
            self.context,
            'i1',
        )

        self.cloud.compute.delete_server(self.context, 'i1')

        self.assertEqual(volume, self.cloud.volumes.get(self.context, 'i1'))
        for _ in range(2):
            self.cloud.volumes.delete(self.context, 'i1')
        self.assertIsNone(self.cloud.volumes.get(self.context, 'i1'))
        self.assertEqual([], os.listdir(self.state_dir / 'volumes'))

    def test_it_grows_and_the_guest_is_told(self):
        volume = self.cloud.volumes.create(self.context, 'i1', 2)
        self.create(volume_id=volume.id)

        for _ in range(2):
            self.assertEqual(3, self.extend(3).size)

        local = (self.home() / 'etc/local.conf').read_text()
        self.assertIn('volume_size = 3\n', local)

    def test_it_does_not_shrink(self):
        self.cloud.volumes.create(self.context, 'i1', 2)

        error = self.assertRaises(exception.CloudError, self.extend, 1)

        self.assertIn('cannot shrink', str(error))

    def test_one_that_is_not_there_cannot_grow(self):
        self.assertRaises(exception.NotFound, self.extend, 2)

    def test_there_must_be_room_for_it(self):
        self.useFixture(
            fixtures.MockPatchObject(
                volumes.shutil,
                'disk_usage',
                return_value=shutil._ntuple_diskusage(9, 6, 3 * volumes.GIB),
            )
        )
        error = self.assertRaises(
            exception.CloudError,
            self.cloud.volumes.create,
            self.context,
            'i1',
            4,
        )
        self.assertIn('has 3.0 GiB free', str(error))
        self.assertIsNone(self.cloud.volumes.get(self.context, 'i1'))

        self.cloud.volumes.create(self.context, 'i1', 2)
        self.assertRaises(exception.CloudError, self.extend, 5)

        self.assertEqual(2, self.cloud.volumes.get(self.context, 'i1').size)

    def test_an_address_can_be_given_back_by_itself(self):
        self.cloud.network.release(self.context, 'i1')


class UserTestCase(guests.LocalCloudTestCase):
    def local(self):
        return (self.home() / 'etc/local.conf').read_text()

    def test_a_server_keeps_the_user_that_it_was_made_with(self):
        name = pwd.getpwuid(os.geteuid()).pw_name
        self.config(run_as=name, group='cloud_local')
        self.create()
        self.assertIn(f'run_as = {name}\n', self.local())

        self.config(run_as='somebody', group='cloud_local')
        flavor = self.cloud.compute.get_flavor(self.context, '3')
        self.cloud.compute.resize_server(self.context, 'i1', flavor)

        self.assertIn(f'run_as = {name}\n', self.local())

    def test_root_needs_one_that_is_there(self):
        self.config(run_as='no-such-user', group='cloud_local')
        is_root = self.useFixture(
            fixtures.MockPatchObject(files, 'is_root', return_value=True)
        )

        error = self.assertRaises(exception.ConfigurationError, self.create)
        self.assertIn('useradd', str(error))
        self.assertIsNone(self.server())

        is_root.mock.return_value = False
        self.create()

    def test_the_help_says_what_is_not_separated(self):
        texts = {
            option.name: option.help
            for _, options in cloud_options.list_opts()
            for option in options
        }

        self.assertIn('does not isolate', texts['driver'])
        self.assertIn('all projects share it', texts['run_as'])


class StateDirTestCase(guests.LocalCloudTestCase):
    def test_a_directory_closed_to_the_databases_is_refused_for_root(self):
        self.useFixture(
            fixtures.MockPatchObject(files, 'is_root', return_value=True)
        )
        self.state_dir.mkdir(mode=0o700)

        error = self.assertRaises(exception.CloudError, self.create)

        self.assertIn(f'chmod o+x {self.state_dir}', str(error))

    def test_by_default_it_is_where_such_things_belong(self):
        is_root = self.useFixture(
            fixtures.MockPatchObject(files, 'is_root', return_value=True)
        )
        self.assertEqual('/var/lib/trove', str(files.default_state_dir()))

        is_root.mock.return_value = False
        self.useFixture(fixtures.EnvironmentVariable('HOME', '/home/u'))
        self.useFixture(fixtures.EnvironmentVariable('XDG_STATE_HOME'))
        self.assertEqual(
            '/home/u/.local/state/trove', str(files.default_state_dir())
        )
        self.useFixture(
            fixtures.EnvironmentVariable('XDG_STATE_HOME', '/state')
        )
        self.assertEqual('/state/trove', str(files.default_state_dir()))
