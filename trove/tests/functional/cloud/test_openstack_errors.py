# SPDX-License-Identifier: Apache-2.0
"""The driver ``openstack`` when the cloud cannot do what it is asked for.

The error has the words of the cloud and what to do, and whatever happened, a
deletion leaves nothing.
"""

from __future__ import annotations

from openstack import exceptions as sdk_exceptions

from trove.common import exception
from trove.tests.functional.cloud import rig


class OpenStackErrorsTest(rig.TestCase):
    """Given the driver, and a cloud in which something is wrong."""

    def fails(self, words, function, *args, **kwargs):
        error = self.assertRaises(
            exception.CloudError, function, *args, **kwargs
        )
        self.assertIn(words, str(error))
        return error

    def driver(self, **options):
        """The driver with other timeouts."""
        self.config(**options)
        return self.cloud

    def test_deletions(self):
        with self.subTest('fails'):
            self.create()
            self.wait_for('ACTIVE')
            self.given({'at': 'nova.destroy', 'do': 'error', 'text': 'stuck'})
            self.fails('stuck', self.delete)
            self.assertEqual(6, len(self.left()))
            self.assert_gone()
        with self.subTest('takes long'):
            self.create()
            self.wait_for('ACTIVE')
            self.driver(server_delete_time_out=1)
            self.given({'at': 'nova.destroy', 'do': 'delay', 'seconds': 5})
            self.fails('not done after', self.delete)
            self.driver(server_delete_time_out=120)
            self.assert_gone()
        with self.subTest('while it is built'):
            self.given({'at': 'cinder.attach', 'do': 'delay', 'seconds': 4})
            self.create()
            self.assert_gone()
        with self.subTest('by hand'):
            self.cloud.volumes.create(self.context, self.instance_id, 1)
            self.cloud.network.provide(self.spec())
            name = f'trove-{self.instance_id}'
            for port in self.admin.network.ports(name=name):
                self.admin.network.delete_port(port)
            for group in self.admin.network.security_groups(
                name=f'trove_sg-{self.instance_id}'
            ):
                self.admin.network.delete_security_group(group)
            self.assert_gone()
        with self.subTest('a group that is used'):
            self.cloud.network.provide(self.spec())
            (group,) = self.admin.network.security_groups(
                name=f'trove_sg-{self.instance_id}'
            )
            port = self.admin.network.create_port(
                network_id=self.networks['user'], security_groups=[group.id]
            )
            self.fails('in use', self.delete)
            self.admin.network.delete_port(port)
            self.assert_gone()

    def test_quotas(self):
        project = self.admin.identity.find_project('service').id
        network, block = self.admin.network, self.admin.block_storage
        compute = self.admin.compute
        used = len(list(network.ports(project_id=project)))
        for what, update, reset, limits in (
            (
                'Neutron for port',
                network.update_quota,
                network.delete_quota,
                {'port': used},
            ),
            (
                'Cinder for volumes',
                block.update_quota_set,
                block.revert_quota_set,
                {'volumes': 0},
            ),
            (
                'Nova for instances',
                compute.update_quota_set,
                compute.revert_quota_set,
                {'instances': 0},
            ),
        ):
            with self.subTest(what):
                update(project, **limits)
                try:
                    problems = ' '.join(self.cloud.problems({}))
                    self.assertIn(what, problems)
                    self.fails('Raise the quota', self.create)
                finally:
                    try:
                        reset(project)
                    except sdk_exceptions.NotFoundException:
                        pass
                self.assert_gone()
