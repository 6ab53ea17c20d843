# SPDX-License-Identifier: Apache-2.0
"""Coverage is kept away for a while, and then goes on."""

from __future__ import annotations

import os
import sys
import threading

import fixtures

from trove.tests import base
from trove.tests.fixtures import unmeasured


class UnmeasuredTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        # Given something that measures, after which all is as it was.
        self.addCleanup(sys.settrace, sys.gettrace())
        self.addCleanup(threading.settrace, threading.gettrace())
        self.useFixture(fixtures.EnvironmentVariable('COVERAGE_X', '1'))
        self.seen: list[str] = []
        sys.settrace(self.trace)
        threading.settrace(self.trace)

    def trace(self, frame, event, argument):
        self.seen.append(frame.f_code.co_name)

    def run_both(self) -> set[str]:
        """Return what is seen of what runs here and in a thread."""

        def here() -> None:
            pass

        def there() -> None:
            pass

        del self.seen[:]
        here()
        thread = threading.Thread(target=there)
        thread.start()
        thread.join()
        return {'here', 'there'} & set(self.seen)

    def test_nothing_is_seen_meanwhile(self) -> None:
        with unmeasured.Unmeasured():
            self.assertEqual(set(), self.run_both())
            self.assertNotIn('COVERAGE_X', os.environ)

    def test_all_is_seen_afterwards(self) -> None:
        with unmeasured.Unmeasured():
            pass

        self.assertEqual({'here', 'there'}, self.run_both())
        self.assertEqual('1', os.environ['COVERAGE_X'])

    def test_processes_are_not_measured(self) -> None:
        self.assertNotIn('COVERAGE_X', unmeasured.environment())
        self.assertIn('PATH', unmeasured.environment())
