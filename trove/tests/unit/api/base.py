# SPDX-License-Identifier: Apache-2.0
"""The API behind its WSGI door, with a real database and recorded messages."""

from __future__ import annotations

import datetime
import importlib
import json
import pathlib
import uuid

from falcon import testing
import fixtures
import oslo_messaging
from oslo_utils import timeutils
import sqlalchemy as sa

from trove.api import app  # noqa: F401 - what api-paste.ini names
from trove.api import healthcheck  # noqa: F401
from trove.api import loading
from trove.api import runtime
from trove.cloud import noop
from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.db import models
from trove.db import session
from trove.objects import database as objects_database
from trove.objects import datastore as datastores
from trove.objects.instance import encryption
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.objects.instance import tasks
from trove.objects.instance import workflows
from trove.tests import base
from trove.tests.fixtures import database
from trove.tests.fixtures import reports
from trove.tests.unit.api import fakes

PROJECT = 'b2a5e0b6c5a94a4b9a1f7f0f1c2d3e4f'
OTHER_PROJECT = '00000000000000000000000000000001'


TempDir = fixtures.TempDir


class Policy(fixtures.Fixture):
    """The operator's own rules, in a file.

    :param test: whose application gets them
    """

    def __init__(self, test, rules):
        super().__init__()
        self.test = test
        self.rules = rules

    def _setUp(self):
        folder = self.useFixture(fixtures.TempDir()).path
        path = pathlib.Path(folder) / 'policy.yaml'
        path.write_text(json.dumps(self.rules))
        self.test.config(policy_file=str(path), group='oslo_policy')
        self.test.load()


class RecordingTransport(rpc.Transport):
    """Keeps what would be sent; a guest's methods are carried out.

    ``sent`` has (method, version, arguments); ``error`` is raised instead of
    sending; ``errors`` by method. oslo.messaging raises them, so they are of
    its classes.
    """

    def __init__(self, conf, discover, guest):
        super().__init__(conf, discover, connection=_Connection(self))
        self.guest = guest
        self.sent = []
        self.timeouts = []
        self.error = None
        self.errors = {}
        self.on_send = None

    def methods(self):
        return [method for method, _, _ in self.sent]


class _Connection:
    def __init__(self, transport):
        self.transport = transport

    def prepared(self, name, topic, version, timeout):
        self.transport.timeouts.append(timeout)
        return _Client(self.transport, name, version)

    def reach(self):
        """Fail where the broker is away."""
        if isinstance(
            self.transport.error, oslo_messaging.MessageDeliveryFailure
        ):
            raise self.transport.error

    def note(self, error):
        """No error is about an option."""
        return False


class _Client:
    def __init__(self, transport, name, version):
        self.transport = transport
        self.name = name
        self.version = version

    def call(self, context, method, **arguments):
        error = self.transport.error or self.transport.errors.get(method)
        if error is not None:
            raise error
        # What is sent must be JSON.
        arguments = json.loads(json.dumps(arguments))
        json.dumps(context)
        if self.transport.on_send is not None:
            self.transport.on_send(**arguments)
        self.transport.sent.append((method, self.version, arguments))
        if self.name == 'guestagent':
            return getattr(self.transport.guest, method)(**arguments)
        return None

    cast = call


class TestCase(base.TestCase):
    """Given an API with the noauth pipeline, and a datastore."""

    def setUp(self):
        super().setUp()
        self.database = self.useFixture(database.SQLiteDatabase())
        self.database.configure(self.conf)
        self.config(auth_strategy='noauth', default_datastore='postgresql')
        self.guest = fakes.Guest()
        self.guest_version = '1.4'
        self.transport = RecordingTransport(
            self.conf,
            {
                'guestagent': lambda peer: self.guest_version,
                'taskmanager': lambda peer: '1.1',
            },
            self.guest,
        )
        #: Why :meth:`change_encryption` does not.
        self.refusal = None
        self.cloud = noop.NoopCloud()
        datastores.save('postgresql')
        self.version = datastores.save_version(
            'postgresql',
            '18',
            manager='postgresql',
            image_id='0b8b1f3e-6a0c-4f7e-9d0f-5c6b7a8d9e0f',
            version='18.6',
        )
        self.datastore = datastores.save('postgresql', '18')
        self.load()

    def load(self):
        """Build the application, as the options say now."""
        self.runtime = runtime.Runtime(self.conf, self.transport, self.cloud)
        self.wsgi = loading.load(self.runtime)
        self.client = testing.TestClient(self.wsgi)

    def request(
        self,
        verb,
        path,
        body=None,
        *,
        user='alice',
        project=PROJECT,
        url_project=None,
        **kwargs,
    ):
        """Send a request; the path is below the project's URL."""
        headers = {'X-Auth-Token': f'{user}:{project}'}
        if body is not None:
            kwargs['body'] = json.dumps(body)
            headers['Content-Type'] = 'application/json'
        headers.update(kwargs.pop('headers', {}))
        return self.client.simulate_request(
            verb,
            f'/v1.0/{url_project or project}{path}',
            headers=headers,
            **kwargs,
        )

    def get(self, path, **kwargs):
        return self.request('GET', path, **kwargs)

    def post(self, path, body=None, **kwargs):
        return self.request('POST', path, body, **kwargs)

    def put(self, path, body=None, **kwargs):
        return self.request('PUT', path, body, **kwargs)

    def patch(self, path, body=None, **kwargs):
        return self.request('PATCH', path, body, **kwargs)

    def delete(self, path, **kwargs):
        return self.request('DELETE', path, **kwargs)

    def assert_fault(self, response, code, fault, *texts):
        """Then the answer is an error of the released form."""
        self.assertEqual(code, response.status_code, response.text)
        self.assertEqual('application/json', response.headers['content-type'])
        self.assertIn('x-openstack-request-id', response.headers)
        self.assertEqual([fault], list(response.json))
        self.assertEqual(code, response.json[fault]['code'])
        self.assertEqual({'code', 'message'}, set(response.json[fault]))
        message = response.json[fault]['message']
        for text in texts:
            self.assertIn(text, message)
        return message

    def assert_refused(self, response, *texts):
        """Then it is a 400, and nothing was done."""
        message = self.assert_fault(response, 400, 'badRequest', *texts)
        return message

    def flavor(self, index=0):
        return self.cloud.compute.list_flavors(None)[index]

    def order(self, **changes):
        """A body that creates an instance."""
        instance = {
            'name': 'db1',
            'flavorRef': self.flavor().id,
            'volume': {'size': 1},
        }
        instance.update(changes)
        return {
            'instance': {k: v for k, v in instance.items() if v is not None}
        }

    def context(self, project=PROJECT):
        return trove_context.TroveContext(
            project_id=project, user_id='alice', overwrite=False
        )

    def building(self, project=PROJECT, name='db1'):
        """Given an instance that is being built."""
        flavor = self.flavor()
        return instances.create(
            self.conf,
            self.context(project),
            name=name,
            flavor_id=flavor.id,
            ram=flavor.ram,
            volume_size=1,
            datastore_version_id=self.version.id,
        )

    def active(self, project=PROJECT, name='db1'):
        """Given an instance that runs."""
        instance = self.building(project, name)
        owner = f'test-{uuid.uuid4()}'
        workflows.claim_workflow(instance.id, 'create_instance', owner)
        instances.update(instance.id, compute_instance_id=str(uuid.uuid4()))
        instances.set_addresses(instance.id, [('127.0.0.9', 'private')])
        self.reports(instance)
        tasks.end_task(instance.id, owner)
        return instances.get(self.context(project), instance.id)

    def reports(self, instance, status=states.ServiceStatus.HEALTHY):
        """Given a guest that says now how its database is."""
        reports.heard(
            instance.id,
            status=status,
            guest_version=self.guest_version,
            sent=None,
        )

    def change_encryption(self, instance_id=None, **_):
        """What a task manager does for that job; returns it, if it is one."""
        job = workflows.get_workflow(instance_id) if instance_id else None
        if job is None or job.action != encryption.ACTION:
            return None
        workflows.claim_workflow(
            instance_id, job.action, 'tm', job.request_id
        )
        if self.refusal is not None:
            told = f'{self.refusal}\nRequest {job.request_id}, a, step "b".'
            tasks.end_unchanged(
                instance_id, 'tm', message=self.refusal, details=told
            )
            return job
        wanted = job.details['wanted']
        for each in (instance_id, *job.details['members']):
            encryption.record(each, wanted['mode'], wanted['reference'])
        tasks.end_task(instance_id, 'tm')
        return job

    def database_is_gone(self):
        self.url = self.conf.database.connection
        self.config(
            connection='sqlite:////nowhere/trove.sqlite', group='database'
        )
        objects_database.configure(self.conf)

    def database_is_back(self):
        self.config(connection=self.url, group='database')
        objects_database.configure(self.conf)

    def breaks_at_commit(self, function):
        """Given a connection that breaks when all is written.

        :param function: of a module of trove.objects.instance, which is
            carried out and fails all the same
        """
        module, name = function.split('.')
        path = f'trove.objects.instance.{module}'
        real = getattr(importlib.import_module(path), name)

        def call(*args, **kwargs):
            real(*args, **kwargs)
            raise exception.ServiceUnavailable(what='The database')

        self.useFixture(fixtures.MonkeyPatch(f'{path}.{name}', call))

    def is_silent(self, instance, seconds):
        """Given a guest that last reported so long ago."""
        then = timeutils.utcnow() - datetime.timedelta(seconds=seconds)
        with session.writer() as db:
            db.execute(
                sa.update(models.AgentHeartbeat)
                .where(models.AgentHeartbeat.instance_id == instance.id)
                .values(updated_at=then)
            )

    def broker_is_gone(self):
        self.transport.error = oslo_messaging.MessageDeliveryFailure(
            'connection refused'
        )
