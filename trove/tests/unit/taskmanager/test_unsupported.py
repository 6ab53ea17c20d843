# SPDX-License-Identifier: Apache-2.0
"""Jobs that nothing here can do end with a fault, not in silence."""

from __future__ import annotations

from trove.db import models
from trove.db import session
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.objects.instance import workflows
from trove.rehearsal import sample_calls
from trove.taskmanager import manager
from trove.taskmanager import unsupported
from trove.tests.unit.taskmanager import scene

Task = states.Task


class TestUnsupported(scene.TestCase):
    def order_job(self, name, **arguments):
        getattr(self.manager, name)(self.context, **arguments)

    def refused(self, instance_id):
        self.order_job(
            'shrink_cluster', cluster_id='c0', instance_ids=[instance_id]
        )

    def given_row(self, row):
        with session.writer() as db:
            db.add(row)

    def test_every_job_gives_its_instance_a_fault(self):
        instance_id, guest = self.given_instance()
        methods = manager.Manager.interface.methods
        for name, what in unsupported.JOBS.items():
            for arguments in sample_calls.orders(methods[name]):
                if 'instance_id' not in arguments:
                    continue
                arguments['instance_id'] = instance_id
                instances.clear_faults(instance_id)

                self.order_job(name, **arguments)

                shown = self.shown(instance_id)
                self.assertIn(what, shown.fault.message)
                self.assertIn('Nothing was changed', shown.fault.message)
                self.assertIn(name, shown.fault.details)
                self.assertIsNone(workflows.get_workflow(instance_id))
        self.assertEqual([], guest.asked)

    def test_the_task_that_an_api_has_set_is_ended(self):
        # Given: an instance that another release's API has made busy.
        instance_id, _ = self.given_instance()
        with session.writer() as db:
            db.get(models.Instance, instance_id).task_id = Task.MIGRATING.code

        self.refused(instance_id)

        self.assert_fault(instance_id, 'shrink_cluster')
        self.assertTrue(self.shown(instance_id).task.is_idle)

    def test_other_work_goes_on(self):
        instance_id, _ = self.given_instance()
        self.given_task(instance_id, Task.REBOOTING, 'reboot')

        self.refused(instance_id)

        self.assertIs(Task.REBOOTING, self.shown(instance_id).task)
        self.assertEqual('reboot', workflows.get_workflow(instance_id).action)
        self.assertIn('A cluster', self.shown(instance_id).fault.message)

    def test_clusters_are_not_busy_for_ever(self):
        instance_id, _ = self.given_instance()
        self.given_row(
            models.Cluster(
                id='c1',
                name='c',
                task_id=8,
                tenant_id=scene.PROJECT,
                datastore_version_id=self.version.id,
            )
        )
        instances.update(instance_id, cluster_id='c1')

        self.order_job('restart_cluster', cluster_id='c1')

        with session.reader() as db:
            self.assertEqual(1, db.get(models.Cluster, 'c1').task_id)
        self.assertIn('A cluster', self.shown(instance_id).fault.message)

    def test_instances_that_were_to_join_a_cluster_fail(self):
        instance_id = self.given_request()
        self.drop_workflow(instance_id)

        self.order_job(
            'grow_cluster', cluster_id='c0', new_instance_ids=[instance_id]
        )

        self.assert_fault(instance_id, 'grow_cluster')
        self.assertTrue(self.shown(instance_id).task.is_error)

    def drop_workflow(self, instance_id):
        with session.writer() as db:
            db.delete(db.get(models.Workflow, instance_id))

    def test_who_is_not_there_is_passed_over(self):
        self.refused('nobody')

        self.assertIn('Instance nobody not found', self.logs.output)

    def test_a_database_that_is_away_is_told_of(self):
        instance_id, _ = self.given_instance()
        session.dispose()
        self.config(connection='sqlite:////nowhere/at/all', group='database')
        session.configure(self.conf)

        self.refused(instance_id)

        self.assertIn('Repair the database', self.logs.output)
