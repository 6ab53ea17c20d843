# SPDX-License-Identifier: Apache-2.0
"""A small Trove around a task manager: real database, real messages.

The cloud only remembers, and the guest agent is a recorder with just enough
behaviour to be waited for.
"""

from __future__ import annotations

import inspect
import itertools
import threading
import time

import fixtures

from trove.cloud import noop
from trove.common import context as trove_context
from trove.common import rpc
from trove.guestagent import api as guest_api
from trove.objects import datastore as datastores
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.objects.instance import tasks
from trove.objects.instance import workflows as instance_workflows
from trove.peers import versions
from trove.taskmanager import manager
from trove.taskmanager import recovery
from trove.taskmanager.workflows import base as workflows
from trove.taskmanager.workflows import guest as waits
from trove.tests import base
from trove.tests.fixtures import database
from trove.tests.fixtures import reports

Status = states.ServiceStatus
Task = states.Task

PROJECT = 'project-1'
FLAVOR = {'id': '1', 'name': 'noop.tiny', 'ram': 512, 'vcpus': 1, 'disk': 0}
BIGGER = {'id': '2', 'name': 'noop.small', 'ram': 1024, 'vcpus': 1, 'disk': 0}


class Killed(BaseException):
    """The process ends here, without another word."""


class Guest:
    """The guest agent of one instance.

    ``calls`` is what it was asked, as (method, arguments); ``hooks`` are
    called at the start of a method, ``answers`` are its results.
    """

    interface = guest_api.API.interface

    def __init__(self, instance_id, version='1.4'):
        self.instance_id = instance_id
        self.version = version
        self.calls = []
        self.hooks = {}
        self.answers = {
            'rpc_ping': True,
            'get_diagnostics': {'process': 'first'},
        }
        self._clock = itertools.count(1)
        self._lock = threading.Lock()

    def __getattr__(self, name):
        method = self.interface.methods.get(name)
        if method is None:
            raise AttributeError(name)

        def serve(context, **arguments):
            with self._lock:
                self.calls.append((name, arguments))
            self.hooks.get(name, lambda **_: None)(**arguments)
            return self.answers.get(name)

        serve.__signature__ = method.signature.replace(
            parameters=[
                inspect.Parameter(
                    'context', inspect.Parameter.POSITIONAL_OR_KEYWORD
                ),
                *method.signature.parameters.values(),
            ]
        )
        return serve

    @property
    def asked(self):
        """What it was asked, apart from which process it is."""
        with self._lock:
            return [
                name for name, _ in self.calls if name != 'get_diagnostics'
            ]

    def arguments(self, method):
        """What the method was last called with."""
        with self._lock:
            return [each for name, each in self.calls if name == method][-1]

    def report(self, status, **_):
        """Send a heartbeat, past the conductor."""
        reports.heard(
            self.instance_id,
            status=status,
            guest_version=self.version,
            sent=time.time() + next(self._clock),
        )


class TestCase(base.TestCase):
    """Given a task manager ``self.manager``, its cloud and a datastore."""

    def setUp(self):
        super().setUp()
        # Nobody pulls the plug in the middle of a test.
        self.config(sqlite_synchronous=False, group='database')
        self.useFixture(database.SQLiteDatabase()).configure(self.conf)
        self.config(
            poll_interval=0.01, database_retries=2, group='taskmanager'
        )
        self.config(
            max_instances_per_tenant=-1,
            max_ram_per_tenant=-1,
            max_volumes_per_tenant=-1,
            probe_timeout=0.5,
        )
        datastores.save('postgresql')
        self.version = datastores.save_version(
            'postgresql',
            '18',
            manager='postgresql',
            image_id='image-1',
            version='18',
        )
        datastores.save('postgresql', '18')
        self.context = trove_context.TroveContext(
            project_id=PROJECT, user_id='user-1', overwrite=False
        )
        self.admin = trove_context.make_admin_context()
        self.cloud = noop.NoopCloud(self.conf)
        known = versions.Versions(self.conf)
        self.transport = rpc.Transport(
            self.conf,
            discover={'guestagent': known.discover['guestagent']},
            keep=known.keep,
            url='kombu+memory://',
        )
        self.env = self.environment('tm-1')
        self.manager = manager.Manager(self.env)
        self.guests = {}
        self.servers = []
        self.addCleanup(self._stop_servers)

    def _stop_servers(self):
        # It takes them a second to notice, for which no test has to wait.
        threading.Thread(
            target=_stop, args=(self.servers, self.transport)
        ).start()

    def environment(self, host):
        """What a task manager on this host has."""
        return workflows.Environment(
            self.conf, self.transport, self.cloud, f'{host}:machine:1:1'
        )

    def given_request(self, **values):
        """An instance that the API has just written down."""
        return instances.create(
            self.conf,
            self.context,
            **{
                'name': 'db',
                'flavor_id': FLAVOR['id'],
                'ram': FLAVOR['ram'],
                'volume_size': 2,
                'datastore_version_id': self.version.id,
            }
            | values,
        ).id

    def given_guest(self, instance_id, version='1.4'):
        """A guest agent that answers, and prepares its database at once."""
        guest = Guest(instance_id, version)
        guest.hooks = {
            'prepare': lambda **_: guest.report(Status.HEALTHY),
            'restart': lambda **_: guest.report(Status.HEALTHY),
            'stop_db': lambda **_: guest.report(Status.SHUTDOWN),
            'start_db_with_conf_changes': lambda **_: guest.report(
                Status.HEALTHY
            ),
        }
        server = self.transport.server(
            guest,
            host=instance_id,
            peer=instance_id,
            version=version if version in ('1.0', '1.1', '1.4') else None,
        )
        server.start()
        self.servers.append(server)
        self.guests[instance_id] = guest
        return guest

    def given_instance(self, version='1.4'):
        """An instance that was built and works, and its guest."""
        instance_id = self.given_request()
        guest = self.given_guest(instance_id, version)
        self.cloud.on('create_server', lambda _: guest.report(Status.BUILDING))
        self.when_created(instance_id)
        self.assertEqual('ACTIVE', self.shown(instance_id).status)
        self.cloud.on('create_server', lambda _: None)
        guest.calls.clear()
        return instance_id, guest

    def given_guest_survives_reboots(self, guest):
        """Let it say so as soon as the reboot is through, not before."""
        look = waits.last_sent

        def last_sent(workflow):
            last = look(workflow)
            if workflow.instance_id == guest.instance_id:
                guest.report(Status.HEALTHY)
            return last

        self.useFixture(
            fixtures.MockPatchObject(waits, 'last_sent', last_sent)
        )

    def given_task(self, instance_id, task, action, **kwargs):
        """What the API does before it casts."""
        tasks.begin_task(
            self.context, instance_id, task, action=action, **kwargs
        )

    def order(self, instance_id, **values):
        """What the API says to have an instance built."""
        return {
            'instance_id': instance_id,
            'name': 'db',
            'flavor': FLAVOR,
            'image_id': 'image-1',
            'databases': [],
            'users': [],
            'datastore_manager': 'postgresql',
            'packages': None,
            'volume_size': 2,
            'backup_id': None,
            'availability_zone': None,
            'root_password': None,
            'nics': None,
            'overrides': None,
            'slave_of_id': None,
            'cluster_config': None,
            'volume_type': None,
            'modules': None,
            'locality': None,
        } | values

    def when_created(self, instance_id, **values):
        self.manager.create_instance(
            self.context, **self.order(instance_id, **values)
        )

    def when_recovered(self, host='tm-2', seconds=60, between=None):
        """Another task manager looks for idle work and does what it finds.

        :param seconds: how long it looks, by its own clock
        :param between: is called before each look with the seconds so far
        """
        now = 0
        other = recovery.Recovery(self.environment(host), lambda: now)
        while True:
            if between is not None:
                between(now)
            other.look()
            if now >= seconds:
                break
            now = min(seconds, now + 10)
        # All that was found is done: a stop would cancel what has not begun.
        other.wait()

    def shown(self, instance_id):
        return instances.get(self.admin, instance_id, include_deleted=True)

    def assert_nothing_left(self):
        """Nothing that costs money is in the cloud."""
        self.assertEqual({}, self.cloud.servers)
        self.assertEqual({}, self.cloud.volume_sizes)

    def assert_fault(self, instance_id, *parts):
        """The instance is in ERROR, and its fault says all of this."""
        shown = self.shown(instance_id)
        self.assertEqual('ERROR', shown.status)
        self.assertIsNone(instance_workflows.get_workflow(instance_id))
        for part in parts:
            self.assertIn(part, shown.fault.details)


def _stop(servers, transport):
    for server in servers:
        server.stop()
    for server in servers:
        server.wait()
    transport.close()
