# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys

from trove.tests.functional.objectstore import base
from trove.tests.functional.objectstore import consumer


class MemoryTest(base.SwiftTestCase):
    def test_a_large_stream_takes_little_memory(self):
        done = subprocess.run(
            [
                sys.executable,
                consumer.__file__,
                self.swift.url,
                self.container,
                '300',
            ],
            capture_output=True,
            check=False,
            text=True,
            timeout=200,
        )

        self.assertEqual(0, done.returncode, done.stderr)
        self.assertLess(int(done.stdout), 64)
