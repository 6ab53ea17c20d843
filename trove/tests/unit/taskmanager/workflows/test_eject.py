# SPDX-License-Identifier: Apache-2.0
"""A primary that failed is replaced; it is stopped before."""

from __future__ import annotations

from trove.common import exception
from trove.objects.backup import log_work
from trove.objects.backup import logs
from trove.objects.backup import schedules
from trove.objects.backup import strategies
from trove.objects.instance import instances
from trove.objects.instance import replicas
from trove.objects.instance import states
from trove.objects.instance import workflows as jobs
from trove.taskmanager.workflows import eject
from trove.tests.unit.taskmanager import scene
from trove.tests.unit.taskmanager import sets

STEPS = [step.name for step in eject.Eject.__new__(eject.Eject).steps()]
RECORDED = STEPS.index('record the new primary')


class EjectTest(sets.TestCase):
    def setUp(self):
        super().setUp()
        self.old, (self.one, self.two) = self.given_set()
        # Nobody hears of it, but it can be written.
        self.guests[self.two].answers['get_last_txn'] = ['system', 7]

    def when_ejected(self):
        self.begin(self.old, replicas.EJECT)
        self.manager.eject_replica_source(self.context, self.old)

    def assert_ejected(self, new, *others):
        self.assert_fault(self.old, f'instance {new} took over')
        self.assertIsNone(self.shown(self.old).slave_of_id)
        self.assertEqual((), self.shown(self.old).replicas)
        self.assert_set(new, *others)
        self.assertEqual(
            'SHUTOFF', self.cloud.servers[self.old].status
        )

    def test_the_one_that_has_most_takes_over(self):
        self.when_ejected()

        self.assert_ejected(self.two, self.one)
        self.assertEqual(self.two, self.followed(self.one))
        # It may still be built upon.
        self.assertTrue(self.shown(self.old).task.is_idle)

    def test_faults_of_a_promotion_that_failed_before_are_over(self):
        for each in self.one, self.two:
            instances.update(each, server_status='ERROR')
            instances.add_fault(each, 'Could not promote it.')

        self.when_ejected()

        self.assert_ejected(self.two, self.one)
        for each in self.one, self.two:
            self.assertEqual('ACTIVE', self.shown(each).status)
            self.assertIsNone(self.shown(each).fault)

    def given_strategy(self, instance_id, container):
        strategies.save(
            scene.PROJECT, instance_id, backend='local', container=container
        )
        schedules.save(
            scene.PROJECT,
            instance_id,
            storage_driver='local',
            container=container,
            interval=24,
            full_every=7,
            keep=None,
            keep_days=None,
        )
        logs.want(scene.PROJECT, instance_id, 'local', container)

    def test_it_gets_the_backup_strategy_of_the_former_one(self):
        self.given_strategy(self.old, 'box')
        schedules.claim()
        schedules.begun(self.old, 'backup')
        # A release without schedules has deleted its strategy.
        self.given_strategy(self.two, 'former')
        strategies.delete(scene.PROJECT, self.two)
        logs.unwant(self.two)

        self.when_ejected()

        self.assert_ejected(self.two, self.one)
        (strategy,) = strategies.list_()
        self.assertEqual(self.two, strategy.instance_id)
        both = [self.old, self.two]
        self.assertEqual({self.two}, logs.wanted(both))
        archives = {each.instance_id: each for each in log_work.claim(9)}
        series = archives[self.two].series[-1]
        self.assertEqual((2, 'box'), (series.series, series.container))
        # Its first backup is a full one, when its log is archived.
        self.assertEqual([], schedules.claim())
        log_work.ordered(self.two, None)
        (due,) = schedules.claim()
        self.assertEqual((self.two, True), (due.instance_id, due.is_full))

    def test_one_with_a_backup_strategy_keeps_it(self):
        self.given_strategy(self.old, 'box')
        self.given_strategy(self.two, 'mine')

        self.when_ejected()

        self.assert_ejected(self.two, self.one)
        found = {each.instance_id: each for each in strategies.list_()}
        self.assertEqual('mine', found[self.two].container)
        self.assertEqual('box', found[self.old].container)
        both = [self.old, self.two]
        self.assertEqual(set(both), logs.wanted(both))

    def test_replicas_that_do_not_answer_are_left_behind(self):
        self.given_dead(self.two)

        self.when_ejected()

        self.assert_ejected(self.one)
        task = self.shown(self.two).task
        self.assertIs(states.Task.EJECTION_ERROR, task)
        self.assert_fault(self.two, 'does not follow')

    def test_a_server_that_cannot_be_stopped(self):
        self.cloud.fail('stop_server', exception.CloudError('host is away'))

        self.when_ejected()

        self.assert_fault(self.old, 'host is away', 'by other means')
        self.assert_set(self.old, self.one, self.two)

    def test_a_failure_of_any_step_starts_it_again(self):
        for name in STEPS[:RECORDED]:
            with self.given_failure(
                eject.Eject, name, exception.CloudError('no luck')
            ):
                self.when_ejected()
            self.assert_fault(self.old, f'Could not {name}: no luck')
            self.assert_set(self.old, self.one, self.two)
        self.assertEqual(self.old, self.followed(self.one))
        self.when_ejected()
        self.assert_ejected(self.two, self.one)

    def test_what_is_recorded_is_not_undone(self):
        with self.given_failure(
            eject.Eject, STEPS[-1], exception.CloudError('no luck')
        ):
            self.when_ejected()

        self.assert_set(self.two, self.one)
        self.assertNotIn(('reboot_server', self.old), self.cloud.calls)

    def test_a_task_manager_killed_in_each_step(self):
        for name in STEPS:
            with self.given_failure(eject.Eject, name, scene.Killed()):
                self.begin(self.old, replicas.EJECT)
                self.assertRaises(
                    scene.Killed,
                    self.manager.eject_replica_source,
                    self.context,
                    self.old,
                )
            self.when_recovered()
            self.assert_ejected(self.two, self.one)
            # For the next step, it is as before.
            for each in self.one, self.two:
                instances.update(each, slave_of_id=self.old)
            self.cloud.compute.reboot_server(self.context, self.old)
            self.writable, self.most = {self.old}, 0

    def test_data_of_another_primary(self):
        self.guests[self.two].answers['get_last_txn'] = ['another', 99]

        self.when_ejected()

        self.assert_fault(self.old, 'different primaries', 'Detach or delete')
        self.assert_set(self.old, self.one, self.two)

    def test_nobody_could_take_over(self):
        for each in self.one, self.two:
            self.given_dead(each)

        self.when_ejected()

        self.assert_fault(self.old, 'none of its replicas answers')
        self.assert_set(self.old, self.one, self.two)
        self.assertNotIn(('stop_server', self.old), self.cloud.calls)

    def test_who_has_no_replicas(self):
        error = self.assertRaises(
            exception.BadRequest, self.begin, self.one, replicas.EJECT
        )
        self.assertIn('has no replicas', str(error))

    def test_while_a_replica_is_built(self):
        built = self.given_request(slave_of_id=self.old)

        error = self.assertRaises(
            exception.Unprocessable, self.begin, self.old, replicas.EJECT
        )
        self.assertIn(f'({built}) is being built', str(error))
        self.assertIsNone(jobs.get_workflow(self.old))
