# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sqlalchemy as sa

from trove.db import models
from trove.db import session
from trove.objects.instance import cancelling
from trove.objects.instance import tasks
from trove.objects.instance import workflows
from trove.tests.unit.objects import base


class TestReset(base.TestCase):
    def test_a_task_that_hangs(self):
        made = self.ready()
        self.restart(made.id)
        self.claim(made.id, 'restart')

        cancelling.reset(made.id)

        found = self.get(made.id)
        self.assertEqual(
            ('ERROR', 'ERROR'), (found.status, found.operating_status)
        )
        self.assertIn('Task: Rebooting the instance. ', found.fault.message)
        self.assertIn('Delete the instance, or', found.fault.message)
        self.assertFalse(workflows.workflow_step(made.id, base.OWNER, 's'))

        cancelling.reset_task(made.id)

        self.assertIsNone(self.get(made.id).fault)

    def test_the_fault_of_a_failed_task_stays(self):
        made = self.ready()
        self.restart(made.id)
        self.claim(made.id, 'restart')
        tasks.fail_task(made.id, base.OWNER, message='no luck')

        cancelling.reset(made.id)

        self.assertEqual('no luck', self.get(made.id).fault.message)

    def test_what_is_half_built(self):
        for reset in (cancelling.reset, cancelling.reset_task):
            made = self.create()

            reset(made.id)

            self.beat(made.id)
            self.assertEqual('ERROR', self.get(made.id).status)
            self.delete(made.id)

    def test_the_task_alone(self):
        made = self.ready()
        self.restart(made.id)
        self.claim(made.id, 'restart')

        cancelling.reset_task(made.id)

        found = self.get(made.id)
        self.assertEqual(
            ('ACTIVE', 'HEALTHY'), (found.status, found.operating_status)
        )
        self.assertFalse(workflows.workflow_step(made.id, base.OWNER, 's'))

    def test_backups_that_were_being_made_have_failed(self):
        for reset in (cancelling.reset, cancelling.reset_task):
            made = self.ready()
            with session.writer() as db:
                for state in ('NEW', 'SAVING', 'COMPLETED'):
                    db.add(
                        models.Backup(
                            name=state, state=state, instance_id=made.id
                        )
                    )

            reset(made.id)

            with session.reader() as db:
                states = {
                    row.name: row.state
                    for row in db.scalars(sa.select(models.Backup))
                    if row.instance_id == made.id
                }
            self.assertEqual(
                {
                    'NEW': 'FAILED',
                    'SAVING': 'FAILED',
                    'COMPLETED': 'COMPLETED',
                },
                states,
            )
