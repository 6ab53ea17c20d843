# SPDX-License-Identifier: Apache-2.0
"""Who is dead and who is not."""

from __future__ import annotations

import subprocess

from trove.taskmanager import owner
from trove.tests import base


def alive(host):
    return False


def dead(host):
    return True


class TestOwner(base.TestCase):
    def test_owners_of_a_process_differ_and_are_its_own(self):
        process = owner.process('host-1')

        first, second = owner.unique(process), owner.unique(process)

        self.assertNotEqual(first, second)
        self.assertTrue(owner.is_of(first, process))
        self.assertFalse(owner.is_of(first, owner.process('host-2')))
        self.assertEqual('host-1', owner.host(first))
        self.assertFalse(owner.is_dead(first, process, dead))

    def test_another_host_is_dead_when_it_does_not_report(self):
        me = owner.process('host-1')
        other = owner.unique('host-2:m:1:1')

        self.assertTrue(owner.is_dead(other, me, lambda h: h == 'host-2'))
        self.assertFalse(owner.is_dead(other, me, lambda h: h == 'host-1'))

    def test_work_that_was_released_is_nobodys(self):
        me = owner.process('host-1')

        self.assertTrue(owner.is_dead(owner.RELEASED, me, alive))

    def test_same_host_after_a_reboot_is_dead(self):
        me = owner.process('host-1')
        former = owner.unique('host-1:before:1:1')

        self.assertTrue(owner.is_dead(former, me, alive))

    def test_another_process_of_this_machine(self):
        # Given: a process that lives, then does not.
        me = owner.process('host-1')
        child = subprocess.Popen(['cat'], stdin=subprocess.PIPE)
        self.addCleanup(child.stdin.close)
        host, machine, _, _ = me.split(':')
        start = owner._start(child.pid)
        its = owner.unique(f'{host}:{machine}:{child.pid}:{start}')
        former = owner.unique(f'{host}:{machine}:{child.pid}:{start}1')

        before = owner.is_dead(its, me, dead)
        child.kill()
        child.wait()

        self.assertFalse(before)
        self.assertTrue(owner.is_dead(its, me, alive))
        self.assertTrue(owner.is_dead(former, me, alive))

    def test_host_may_be_an_address(self):
        process = owner.process('fd00::1')

        self.assertEqual('fd00::1', owner.host(owner.unique(process)))

    def test_owner_that_nobody_understands_is_dead(self):
        me = owner.process('host-1')

        self.assertTrue(owner.is_dead('what?', me, dead))
