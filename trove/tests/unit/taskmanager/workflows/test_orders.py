# SPDX-License-Identifier: Apache-2.0

import threading

import fixtures

from trove.common import exception
from trove.objects.instance import states
from trove.taskmanager.workflows import orders
from trove.tests.unit.taskmanager import scene

Status = states.ServiceStatus


class TestOrders(scene.TestCase):
    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.MockPatchObject(orders, 'POLL_INTERVAL', 0.2))
        self.instance_id, self.guest = self.given_instance()
        self.given_task(self.instance_id, states.Task.REBOOTING, 'restart')
        self.dead = threading.Event()
        self.addCleanup(self.dead.set)

    def die(self, times):
        """The agent dies over the order, and is started again."""
        deaths = iter(range(times))

        def restart(**_):
            for number in deaths:
                self.guest.answers['get_diagnostics'] = {
                    'process': f'number {number}'
                }
                # No reply comes before the test is over.
                self.dead.wait(60)
                raise exception.TroveError('too late')
            self.guest.report(Status.HEALTHY)

        self.guest.hooks['restart'] = restart

    def test_an_agent_that_was_killed_is_told_again(self):
        self.die(1)

        self.manager.restart(self.context, self.instance_id)

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)
        self.assertEqual(2, self.guest.asked.count('restart'))

    def test_one_that_dies_each_time(self):
        self.die(9)

        self.manager.restart(self.context, self.instance_id)

        self.assert_fault(self.instance_id, 'died 3 times during it')

    def test_one_that_takes_its_time_is_waited_for(self):
        # Given: it is asked which process it is while it works.
        looked = threading.Semaphore(0)
        self.guest.hooks['get_diagnostics'] = lambda **_: looked.release()

        def restart(**_):
            for _ in range(3):
                looked.acquire(timeout=60)
            self.guest.report(Status.HEALTHY)

        self.guest.hooks['restart'] = restart

        self.manager.restart(self.context, self.instance_id)

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)
        self.assertEqual(1, self.guest.asked.count('restart'))

    def test_one_that_does_not_say_which_process_it_is(self):
        self.guest.answers['get_diagnostics'] = {'version': '26'}

        self.manager.restart(self.context, self.instance_id)

        self.assertEqual('ACTIVE', self.shown(self.instance_id).status)
