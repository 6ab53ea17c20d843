# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hypothesis
from hypothesis import stateful
from hypothesis import strategies

from trove.common import exception
from trove.objects.instance import states
from trove.objects.instance import tasks
from trove.objects.instance import workflows
from trove.tests.unit.objects import base

Task = states.Task


class TestClaim(base.TestCase):
    def test_queued_work_is_claimed_once(self):
        made = self.create()

        got = base.at_once(
            *[
                lambda owner=owner: workflows.claim_workflow(
                    made.id, 'create_instance', owner
                )
                for owner in ('o1', 'o2', 'o3')
            ]
        )

        self.assertEqual([False, False, True], sorted(got))
        work = workflows.get_workflow(made.id)
        self.assertEqual('running', work.state)
        self.assertEqual(f'o{got.index(True) + 1}', work.owner)
        self.assertIsNotNone(work.started)

    def test_steps(self):
        made = self.create()
        self.claim(made.id, 'create_instance')

        self.assertTrue(
            workflows.workflow_step(made.id, base.OWNER, 'create the server')
        )

        self.assertEqual(
            'create the server', workflows.get_workflow(made.id).step
        )

    def test_messages_that_are_not_current(self):
        made = self.create()
        claim = workflows.claim_workflow

        self.assertFalse(claim(made.id, 'restart', base.OWNER))
        self.assertFalse(
            claim(made.id, 'create_instance', base.OWNER, 'req-other')
        )
        self.assertTrue(
            claim(
                made.id,
                'create_instance',
                base.OWNER,
                self.context.request_id,
            )
        )
        self.assertFalse(claim('nope', 'create_instance', base.OWNER))
        tasks.end_task(made.id, base.OWNER)
        self.assertFalse(claim(made.id, 'create_instance', base.OWNER))

    def test_any_message_to_delete_will_do(self):
        made = self.ready()
        self.delete(made.id)

        self.assertTrue(
            workflows.claim_workflow(
                made.id, 'delete_instance', base.OWNER, 'req-second'
            )
        )

    def test_messages_of_released_apis(self):
        made = self.ready()
        self.change(made.id, task_id=Task.REBOOTING.code)

        self.assertFalse(
            workflows.claim_workflow(made.id, 'resize_flavor', base.OWNER)
        )
        self.assertTrue(
            workflows.claim_workflow(made.id, 'restart', base.OWNER, 'req')
        )
        self.assertFalse(
            workflows.claim_workflow(made.id, 'restart', base.OTHER, 'req')
        )
        self.assertTrue(tasks.end_task(made.id, base.OWNER))
        self.assertEqual('ACTIVE', self.get(made.id).status)

    def test_each_action_goes_with_its_task(self):
        actions = {
            'create_instance': Task.BUILDING,
            'delete_instance': Task.DELETING,
            'reboot': Task.REBOOTING,
            'resize_flavor': Task.RESIZING,
            'resize_volume': Task.RESIZING,
            'restart': Task.REBOOTING,
        }
        made = self.ready()
        for task in set(actions.values()):
            for action, wanted in actions.items():
                self.change(made.id, task_id=task.code)

                claimed = workflows.claim_workflow(
                    made.id, action, base.OWNER
                )

                self.assertIs(wanted is task, claimed, (action, task))
                if claimed:
                    tasks.end_task(made.id, base.OWNER)


class TestAdopt(base.TestCase):
    def test_work_of_the_dead(self):
        made = self.create(details={'a': 1})
        self.claim(made.id, 'create_instance')
        workflows.workflow_step(made.id, base.OWNER, 's2')

        got = base.at_once(
            *[
                lambda owner=owner: workflows.adopt(
                    made.id, base.OWNER, owner
                )
                for owner in ('o1', 'o2', 'o3')
            ]
        )

        self.assertEqual([False, False, True], sorted(got))
        work = workflows.get_workflow(made.id)
        self.assertEqual(('s2', {'a': 1}), (work.step, work.details))
        # Who was believed dead finds out, and can't do harm.
        self.assertFalse(workflows.workflow_step(made.id, base.OWNER, 's3'))
        self.assertFalse(tasks.end_task(made.id, base.OWNER))
        self.assertTrue(tasks.end_task(made.id, work.owner))

    def test_queued_work_whose_message_is_lost(self):
        made = self.create()

        self.assertTrue(workflows.adopt(made.id, None, base.OWNER))
        self.assertFalse(workflows.adopt(made.id, None, base.OTHER))

        work = workflows.get_workflow(made.id)
        self.assertEqual(('running', None), (work.state, work.step))
        self.assertFalse(
            workflows.claim_workflow(made.id, 'create_instance', base.OTHER)
        )

    def test_what_has_ended(self):
        made = self.ready()

        self.assertFalse(workflows.adopt(made.id, base.OWNER, base.OTHER))


class Machine(stateful.RuleBasedStateMachine):
    """Requests, task managers and guests in any order on one instance.

    Beside it runs a simple model: who owns the work, if there is any.
    """

    test: base.TestCase

    def __init__(self):
        super().__init__()
        self.id = self.test.create().id
        self.owner = None
        self.action = 'create_instance'

    owners = strategies.sampled_from(('o1', 'o2'))

    @property
    def instance(self):
        return self.test.get(self.id)

    @stateful.rule(owner=owners)
    def claim(self, owner):
        expected = self.action is not None and self.owner is None
        got = workflows.claim_workflow(
            self.id, self.action or 'restart', owner
        )
        assert got == expected
        if got:
            self.owner = owner

    @stateful.rule(
        old=strategies.one_of(strategies.none(), owners), new=owners
    )
    def adopt(self, old, new):
        expected = self.action is not None and self.owner == old
        got = workflows.adopt(self.id, old, new)
        assert got == expected
        if got:
            self.owner = new

    @stateful.rule(owner=owners)
    def step(self, owner):
        expected = self.action is not None and self.owner == owner
        assert workflows.workflow_step(self.id, owner, 's') == expected

    @stateful.rule(
        owner=owners,
        task=strategies.sampled_from(
            (None, Task.NONE, Task.UPGRADING_ERROR)
        ),
    )
    def finish(self, owner, task):
        expected = self.action is not None and self.owner == owner
        if self.action == 'delete_instance' and task is None:
            return
        if task is None:
            got = tasks.end_task(self.id, owner)
        else:
            got = tasks.fail_task(
                self.id, owner, task=task, message='m'
            )
        assert got == expected
        if got:
            self.action = self.owner = None
            assert (self.instance.status == 'ERROR') == (task is not None)

    @stateful.rule(
        begun=strategies.sampled_from(
            (
                (Task.REBOOTING, 'restart'),
                (Task.RESIZING, 'resize_flavor'),
                (Task.DELETING, 'delete_instance'),
            )
        )
    )
    def begin(self, begun):
        task, action = begun
        before = self.instance
        try:
            self.test.begin(self.id, task, action)
        except (exception.InstanceBusy, exception.Unprocessable):
            assert self.instance == before
            return
        if action == 'delete_instance':
            if self.action != action:
                self.owner = None
        else:
            assert self.action is None
        self.action = action

    @stateful.rule(
        task=strategies.sampled_from((Task.REBOOTING, Task.RESIZING))
    )
    def undo(self, task):
        expected = (
            self.owner is None
            and self.action is not None
            and self.instance.task is task
        )
        assert (
            tasks.undo_task(self.test.context, self.id, task) == expected
        )
        if expected:
            self.action = None

    @stateful.rule(status=strategies.sampled_from(('HEALTHY', 'CRASHED')))
    def beat(self, status):
        self.test.beat(self.id, status)

    @stateful.invariant()
    def busy_means_owned(self):
        work = workflows.get_workflow(self.id)
        assert (work is None) == (self.action is None)
        if work is not None:
            assert (work.action, work.owner) == (self.action, self.owner)
            assert (work.state == 'queued') == (work.owner is None)
        instance = self.instance
        assert instance.status in states.STATUS_WORDS
        busy = not (instance.task.is_idle or instance.task.is_error)
        if busy and not (
            instance.task is Task.DELETING and instance.status == 'ERROR'
        ):
            assert work is not None
        if work is not None:
            assert busy
        if instance.status == 'ACTIVE':
            assert work is None


class TestMachine(base.TestCase):
    def test_any_order(self):
        self.config(max_instances_per_tenant=-1, max_volumes_per_tenant=-1)
        Machine.test = self

        stateful.run_state_machine_as_test(
            Machine,
            settings=hypothesis.settings(
                max_examples=8,
                stateful_step_count=12,
                derandomize=True,
                suppress_health_check=list(hypothesis.HealthCheck),
            ),
        )
