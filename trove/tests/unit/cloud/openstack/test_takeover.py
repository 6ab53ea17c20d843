# SPDX-License-Identifier: Apache-2.0
"""What release 26.0 made in the cloud is found, changed and removed."""

from __future__ import annotations

from typing import Any

from trove.cloud import base as cloud_base
from trove.tests.unit.cloud.openstack import clouds
from trove.tests.unit.cloud.openstack import services

_NAME = 'trove-i1'


class TakeoverTest(clouds.TestCase):
    """Names, marks and bodies are those of the release, not of the driver."""

    def setUp(self) -> None:
        super().setUp()
        self.config(tcp_ports=['3306'], group='mysql')
        self.make_network()
        self.make_server()
        # Of another instance, which nothing here may touch.
        self.services.create_volume(name='trove-i2', size=1)

    def make_network(self) -> None:
        cloud = self.services
        security = cloud.create_security_group(
            name='trove_sg-i1',
            description='Security group for trove instance i1',
        )
        self.rule = cloud.create_security_group_rule(
            security_group_id=security.id,
            direction='ingress',
            ether_type='IPv4',
            protocol='tcp',
            port_range_min=3306,
            port_range_max=3306,
            remote_ip_prefix='0.0.0.0/0',
        )
        self.management, self.user = (
            cloud.create_port(
                name=_NAME,
                description=f'{kind} port for trove instance i1',
                network_id=network,
                security_group_ids=[security.id],
            )
            for kind, network in (
                ('Management', 'n-management'),
                ('User', services.USER_NETWORK),
            )
        )
        # Named so by nobody: a release gives floating IPs no description.
        self.ip = cloud.create_ip(
            floating_network_id=services.EXTERNAL,
            port_id=self.user.id,
            description='',
        )

    def make_server(self) -> None:
        cloud = self.services
        self.group = cloud.create_server_group(
            name='locality_i1', policies=['anti-affinity']
        )
        self.volume = cloud.create_volume(
            name=_NAME, description='datastore volume for i1', size=2
        )
        root = cloud.create_volume(
            name=_NAME, description='root volume for i1', size=10
        )
        root.is_bootable = True
        metadata = {
            'trove_project_id': 'p1',
            'trove_user_id': 'u1',
            'trove_instance_id': 'i1',
        }
        self.server = cloud.create_server(
            name='db',
            flavor_id='1',
            networks=[{'port': self.user.id}, {'port': self.management.id}],
            metadata=metadata,
            tags=[
                *('trove_instance', 'trove_mysql'),
                *(f'{key}_{value}' for key, value in metadata.items()),
            ],
            block_device_mapping=[
                {'uuid': root.id, 'delete_on_termination': True},
                {'uuid': self.volume.id, 'delete_on_termination': True},
            ],
            scheduler_hints={'group': self.group.id},
        )

    def made(self) -> list[str]:
        """Return what the driver made, which is all there already."""
        return [name for name in self.services.asked if 'create' in name]

    def test_it_is_adopted_and_not_made_again(self) -> None:
        self.services.asked.clear()

        self.assertEqual(
            self.volume.id,
            self.cloud.volumes.create(self.context, 'i1', 2).id,
        )
        server = self.cloud.compute.create_server(
            self.context, self.spec(volume_id=self.volume.id)
        )

        self.assertEqual(self.server.id, server.id)
        self.assertEqual([], self.made())

    def test_its_addresses_are_those_of_users(self) -> None:
        found = self.cloud.network.addresses(self.context, 'i1')

        self.assertEqual(
            [
                (self.user.fixed_ips[0]['ip_address'], cloud_base.PRIVATE),
                (self.ip.floating_ip_address, cloud_base.PUBLIC),
            ],
            found,
        )

    def test_jobs_work_on_it(self) -> None:
        compute, context = self.cloud.compute, self.context
        compute.reboot_server(context, 'i1')
        compute.resize_server(context, 'i1', self.flavor(2))
        compute.confirm_resize(context, 'i1')
        self.assertEqual('m2', self.server.flavor.name)
        self.cloud.volumes.extend(context, 'i1', 3)
        self.assertEqual(3, self.volume.size)
        compute.migrate_server(context, 'i1', 'h2')
        self.assertEqual('h2', self.server.compute_host)
        # A replica goes into the group that the release made.
        compute.create_server(
            context, self.spec(instance_id='i3', beside='i1')
        )
        self.assertEqual(2, len(self.group.member_ids))

    def test_a_rebuild_keeps_its_volume_and_ports(self) -> None:
        self.services.asked.clear()
        self.services.newest = '2.93'
        self.cloud.compute.rebuild_server(
            self.context, self.spec(image_id='image-of-ours')
        )

        self.assertEqual('image-of-ours', self.server.imageRef)
        self.assertIn('rebuild_server', self.services.asked)
        self.assertEqual([], self.made())
        self.assertIn(self.volume.id, self.services.things['volume'])

    def set_access(self, **values: Any) -> None:
        self.cloud.network.set_access(
            self.context, 'i1', cloud_base.Access(**values), 'mysql', 'p1'
        )

    def test_its_access_is_changed_without_cutting_clients(self) -> None:
        rules = self.services.things['rule']

        self.set_access(is_public=True, allowed_cidrs=['0.0.0.0/0'])
        self.assertEqual([self.rule.id], list(rules))
        self.set_access(is_public=False, allowed_cidrs=['10.1.0.0/16'])

        (rule,) = rules.values()
        self.assertEqual('10.1.0.0/16', rule.remote_ip_prefix)
        self.assertEqual({}, self.services.things['ip'])

    def test_nothing_of_it_is_left(self) -> None:
        self.delete()

        self.assertEqual(1, len(self.services.left()), self.services.left())
        (volume,) = self.services.things['volume'].values()
        self.assertEqual('trove-i2', volume.name)

    def test_what_nova_deletes_with_the_server_is_no_failure(self) -> None:
        delete = self.services.delete_server

        def delete_all(server_id: str, ignore_missing: bool) -> None:
            delete(server_id, ignore_missing)
            volumes = self.services.things['volume']
            for each in [v for v in volumes.values() if v.name == _NAME]:
                del volumes[each.id]

        self.patch(self.services, 'delete_server', delete_all)
        self.delete()

        self.assertEqual(1, len(self.services.left()))
