# SPDX-License-Identifier: Apache-2.0
"""Names of queues that a process has for itself, and has again."""

import subprocess
import sys
from unittest import mock
import uuid

from trove.common.rpc._broker import queue_names
from trove.tests import base

_OTHER = """
import sys
from trove.common.rpc._broker import queue_names
print(queue_names.Names(*sys.argv[1:]).get(), flush=True)
sys.stdin.read()
"""


class NamesTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.program = f'trove-{uuid.uuid4().hex}'

    def other(self):
        """Another process of the program, which lives until it is ended."""
        process = subprocess.Popen(
            [sys.executable, '-c', _OTHER, 'one', self.program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(process.communicate)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    def test_a_process_has_several(self):
        names = queue_names.Names('one', self.program)

        self.assertEqual(f'one:{self.program}:1:1', names.get())
        self.assertEqual(f'one:{self.program}:1:2', names.get())

    def test_each_process_has_its_own(self):
        first, name = self.other()
        self.assertEqual(f'one:{self.program}:1:1', name)
        _, another = self.other()
        self.assertEqual(f'one:{self.program}:2:1', another)

        # When one is started again, then it has those that it had.
        first.kill()
        first.communicate()
        _, again = self.other()
        self.assertEqual(name, again)

    def test_a_process_that_may_have_no_socket_has_a_name_all_the_same(self):
        refused = OSError(97, 'Address family not supported by protocol')
        with mock.patch('socket.socket', side_effect=refused):
            name = queue_names.Names('one', self.program).get()

        self.assertTrue(name.startswith(f'one:{self.program}:'), name)

    def test_names_of_guests_have_their_instance(self):
        names = {
            queue_names.Names(guest, self.program).get()
            for guest in ('a', 'b')
        }

        self.assertEqual(
            {f'a:{self.program}:1:1', f'b:{self.program}:1:1'}, names
        )
