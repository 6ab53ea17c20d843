# SPDX-License-Identifier: Apache-2.0
"""A task manager whose cloud is a real OpenStack, and what must always hold.

The database and the broker are in memory, and so is the guest agent: the
servers run nothing. So an instance takes seconds.
"""

from __future__ import annotations

import collections
import contextlib
import os

from openstack import connection

from trove.common import context as trove_context
from trove.objects import quota
from trove.objects.backup import backups
from trove.objects.instance import states
from trove.tests.fixtures import waiting
from trove.tests.functional.cloud import rig
from trove.tests.unit.taskmanager import scene

Status = states.ServiceStatus
Task = states.Task

#: The id of nothing.
NOTHING = '00000000-0000-4000-8000-000000000000'

#: What an instance that works has, in Nova, Cinder and Neutron.
WHOLE = {
    'server': 1,
    'volume': 1,
    'port': 2,
    'security group': 1,
    'floating IP': 1,
}


class TestCase(rig.TestCase, scene.TestCase):
    """Given a task manager and the cloud."""

    def setUp(self):
        super().setUp()
        self.operator = self.admin
        self.admin = trove_context.make_admin_context()
        self.context = trove_context.TroveContext(
            project_id=self.project, user_id='user-1', overwrite=False
        )
        self.env = self.environment('tm-1')
        self.manager = scene.manager.Manager(self.env)
        self.flavors = {
            each.name: each.to_dict()
            for each in self.cloud.compute.list_flavors(self.context)
        }
        self.guest = None
        #: The project of the services, as its user.
        self.service = connection.Connection(
            auth={
                'auth_url': os.environ['OS_AUTH_URL'],
                'username': 'trove',
                'password': 'osrig',
                'project_name': 'service',
                'user_domain_id': 'default',
                'project_domain_id': 'default',
            },
            region_name='RegionOne',
        )
        self.addCleanup(self.service.close)
        # Later, Keystone may be down.
        self.service.authorize()
        # Others have these for hosts that are busy.
        self.config(retries=4, group='cloud_openstack')
        self.config(
            volume_time_out=60,
            server_delete_time_out=60,
            usage_timeout=120,
            resize_time_out=60,
            reboot_time_out=60,
            revert_time_out=60,
        )

    def delete(self):
        """Remove what a test left, past the task manager."""
        self.cloud = self.env.cloud
        super().delete()

    def given_new(self, *, speaks=True):
        """A request to create an instance, of whose guest nothing is there."""
        self.instance_id = self.given_request(
            flavor_id='1',
            volume_size=1,
            access={'is_public': True},
        )
        self.guest = self.given_guest(self.instance_id)
        if speaks:
            self.given_guest_survives_reboots(self.guest)
            self.guest.report(Status.BUILDING)

    def given_active(self, **values):
        self.given_new()
        self.when('create', **values)
        self.assertEqual('ACTIVE', self.row().status, self.fault())

    @contextlib.contextmanager
    def options(self, group=None, **options):
        known = self.conf[group] if group else self.conf
        before = {name: known[name] for name in options}
        self.config(group=group, **options)
        try:
            yield
        finally:
            self.config(group=group, **before)

    @contextlib.contextmanager
    def other_server(self, **values):
        server = self.service.compute.create_server(
            name='other', image_id=self.image, flavor_id='1', **values
        )
        try:
            self.service.compute.wait_for_server(server)
            yield server
        finally:
            self.service.compute.delete_server(server)
            self.service.compute.wait_for_delete(server)

    def forget_guest(self):
        """The agent of the instance ends; those in memory cost much."""
        self.guest = None
        while self.servers:
            server = self.servers.pop()
            server.stop()
            server.wait()

    def when(self, what, **values):
        """Have the task manager do what the API asks for."""
        instance_id = self.instance_id
        if what == 'create':
            self.manager.create_instance(
                self.context,
                **self.order(
                    instance_id,
                    **{
                        'flavor': self.flavors['rig.1'],
                        'image_id': self.image,
                        'volume_size': 1,
                        'nics': [{'network_id': self.networks['user']}],
                        'locality': 'anti-affinity',
                        **values,
                    },
                ),
            )
        elif what == 'resize':
            row = self.row()
            old = self.flavors['rig.1']
            new = values.get('flavor', self.flavors['rig.2'])
            if row.flavor_id == new['id']:
                old, new = new, old
            self.given_task(
                instance_id,
                Task.RESIZING,
                'resize_flavor',
                conf=self.conf,
                deltas={'ram': new['ram'] - old['ram']},
            )
            self.manager.resize_flavor(self.context, instance_id, old, new)
        elif what == 'grow':
            size = self.row().volume_size + 1
            self.given_task(
                instance_id,
                Task.RESIZING,
                'resize_volume',
                conf=self.conf,
                deltas={'volumes': 1},
            )
            self.manager.resize_volume(self.context, size, instance_id)
        else:
            self.given_task(instance_id, Task.DELETING, 'delete_instance')
            self.manager.delete_instance(self.context, instance_id)

    def row(self):
        return self.shown(self.instance_id)

    def fault(self):
        fault = self.row().fault
        return fault.details if fault else ''

    def state(self):
        row = self.row()
        return 'gone' if row.deleted else row.status

    def kinds(self):
        """How many of each kind the cloud has of the instance."""
        return collections.Counter(
            each.rsplit(' ', 1)[0] for each in self.left()
        )

    def assert_invariants(self, left=None, *, runs=True):
        """The database says what the cloud has, the quota what both have.

        :param left: kinds that are known to be left or missing; None: of an
            instance that works all is there, of another one nothing
        :param runs: whether the server of one that works runs
        """
        state = self.state()
        self.assertIn(state, ('ACTIVE', 'ERROR', 'gone'))
        row = self.row()
        if left is None:
            built = not (row.deleted or row.task.is_error)
            left = WHOLE if built else {}
        self.assertEqual(left, dict(self.kinds()), self.fault())
        if left == WHOLE:
            self.assert_described(row, runs)
        self.assertEqual(
            {
                'instances': (int(not row.deleted), 0),
                'ram': (self.ram(row), 0),
                'volumes': (0 if row.deleted else row.volume_size, 0),
                'backups': (0, 0),
            },
            {
                each.resource: (each.in_use, each.reserved)
                for each in quota.usages(self.conf, self.project)
            },
        )
        self.assertEqual([], backups.list_(limit=10)[0])
        self.assertEqual([], list(self.service.block_storage.snapshots()))

    def ram(self, row):
        if row.deleted:
            return 0
        return next(
            each['ram']
            for each in self.flavors.values()
            if each['id'] == row.flavor_id
        )

    def assert_described(self, row, runs):
        """The row is true of the server, the volume and the addresses."""
        this = self.context, self.instance_id
        server = self.service.compute.get_server(row.compute_instance_id)
        flavor = next(
            name
            for name, each in self.flavors.items()
            if each['id'] == row.flavor_id
        )
        self.assertEqual(flavor, server.flavor.original_name)
        if row.task is Task.NONE and runs:
            # Somebody else may still reboot it.
            waiting.until(
                lambda: (
                    self.service.compute.get_server(server.id).status
                    == 'ACTIVE'
                ),
                'the server is ACTIVE',
                timeout=120,
            )
        volume = self.cloud.volumes.get(*this)
        self.assertEqual(row.volume_id, volume.id)
        if row.status == 'ACTIVE':
            self.assertEqual(row.volume_size, volume.size)
        self.assertLessEqual(row.volume_size, volume.size)
        named = f'locality_{self.instance_id}'
        groups = [
            each.member_ids
            for each in self.service.compute.server_groups()
            if each.name == named
        ]
        self.assertEqual([[server.id]], groups)
        self.assertEqual(
            sorted(self.cloud.network.addresses(*this)),
            sorted((each.address, each.type) for each in row.addresses),
        )

    def assert_deleted(self):
        """A deletion ends, by itself if the first one fails."""
        self.faults.unlink(missing_ok=True)
        row = self.row()
        # One that failed ends by itself.
        if not row.deleted and row.task is not Task.DELETING:
            self.when('delete')
        if not self.row().deleted:
            self.when_recovered(seconds=600)
        self.assertEqual('gone', self.state(), self.fault())
        self.assert_invariants()
