# SPDX-License-Identifier: Apache-2.0
"""Closing what may not close."""

import threading

from trove.common.rpc._broker import waits
from trove.tests import base


class EndingTest(base.TestCase):
    def test_what_closes(self):
        closed = []

        waits.close(lambda: closed.append(True), 60)

        self.assertEqual([True], closed)
        self.assertNotIn('Abandoned the connection', self.logs.output)

    def test_what_does_not(self):
        go_on = threading.Event()
        self.addCleanup(go_on.set)

        waits.close(go_on.wait, 0.01)

        self.assertIn('Abandoned the connection', self.logs.output)

    def test_what_fails(self):
        def fail():
            raise OSError('broken')

        self.assertRaises(OSError, waits.close, fail, 60)
