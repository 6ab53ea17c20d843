# SPDX-License-Identifier: Apache-2.0
"""What the tests of trove.objects share."""

from __future__ import annotations

import threading

import sqlalchemy as sa

from trove.common import context as trove_context
from trove.db import models
from trove.db import session
from trove.objects import datastore as datastores
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.objects.instance import tasks
from trove.objects.instance import workflows
from trove.tests import base
from trove.tests.fixtures import database
from trove.tests.fixtures import reports

ALICE = 'a' * 32
BOB = 'b' * 32
OWNER = 'host-1:11:111'
OTHER = 'host-2:22:222'
WAIT = 60
# A time with more digits than single precision holds.
NOW = 1_795_000_000.123456


class TestCase(base.TestCase):
    """A migrated database with a datastore version of PostgreSQL."""

    #: The functional tests put another one in.
    database = database.SQLiteDatabase

    def setUp(self):
        super().setUp()
        self.useFixture(self.database()).configure(self.conf)
        self.context = self.make_context()
        self.admin = trove_context.make_admin_context()
        datastores.save('postgresql')
        self.version = datastores.save_version(
            'postgresql', '18', manager='postgresql', version='18.6'
        )

    def make_context(self, project_id=ALICE, **kwargs):
        return trove_context.TroveContext(
            project_id=project_id, overwrite=False, **kwargs
        )

    def create(self, context=None, **kwargs):
        """An instance as the API makes it: BUILDING, its work queued."""
        values = {
            'name': 'db',
            'flavor_id': '1',
            'ram': 512,
            'volume_size': 1,
            'datastore_version_id': self.version.id,
            **kwargs,
        }
        return instances.create(self.conf, context or self.context, **values)

    def ready(self, context=None, **kwargs):
        """An instance that is ACTIVE and HEALTHY."""
        made = self.create(context, **kwargs)
        self.assertTrue(
            workflows.claim_workflow(made.id, 'create_instance', OWNER)
        )
        self.beat(made.id)
        self.assertTrue(tasks.end_task(made.id, OWNER))
        return self.get(made.id)

    def beat(
        self,
        instance_id,
        status='HEALTHY',
        sent=None,
        version='1.4',
        **said,
    ):
        return reports.heard(
            instance_id,
            status=states.ServiceStatus[status],
            guest_version=version,
            sent=sent,
            **said,
        )

    def begin(self, instance_id, task, action, context=None, **kwargs):
        return tasks.begin_task(
            context or self.context, instance_id, task, action=action, **kwargs
        )

    def restart(self, instance_id, context=None):
        return self.begin(
            instance_id, states.Task.REBOOTING, 'restart', context
        )

    def delete(self, instance_id, context=None):
        return self.begin(
            instance_id, states.Task.DELETING, 'delete_instance', context
        )

    def claim(self, instance_id, action, owner=OWNER):
        self.assertTrue(workflows.claim_workflow(instance_id, action, owner))

    def get(self, instance_id):
        return instances.get(self.admin, instance_id, include_deleted=True)

    def change(self, instance_id, **columns):
        """Write columns as another release would."""
        with session.writer() as db:
            db.execute(
                sa.update(models.Instance)
                .where(models.Instance.id == instance_id)
                .values(**columns)
            )


def at_once(*functions):
    """Call functions in threads that set off together.

    :returns: for each its result, or the exception that it raised
    """
    barrier = threading.Barrier(len(functions))
    results = [None] * len(functions)

    def call(index, function):
        barrier.wait(WAIT)
        try:
            results[index] = function()
        except Exception as error:  # noqa: BLE001
            results[index] = error

    threads = [
        threading.Thread(target=call, args=each)
        for each in enumerate(functions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    return results
