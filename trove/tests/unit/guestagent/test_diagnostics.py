# SPDX-License-Identifier: Apache-2.0
"""What the agent says about itself and its machine."""

from __future__ import annotations

import pathlib

import fixtures

from trove.guestagent import diagnostics
from trove.tests import base


class DiagnosticsTest(base.TestCase):
    def test_proc_is_read(self) -> None:
        # Given
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (root / 'self' / 'fd').mkdir(parents=True)
        (root / 'self' / 'fd' / '0').touch()
        (root / 'self' / 'status').write_text(
            'Name:\tpython\nUid:\t0\t0\nVmPeak:\t  40 kB\nVmSize:\t 30 kB\n'
            'VmHWM:\t 20 kB\nVmRSS:\t 10 kB\nThreads:\t5\nEmpty:\n'
        )
        (root / 'meminfo').write_text('MemTotal:  1000 kB\nMemFree: 1 kB\n')
        # Then
        measured = diagnostics.agent(root)
        self.assertTrue(measured.pop('version'))
        self.assertTrue(measured.pop('process'))
        self.assertEqual(
            {
                'fds': 1,
                'threads': 5,
                'vm_size': 30,
                'vm_peak': 40,
                'vm_rss': 10,
                'vm_hwm': 20,
            },
            measured,
        )
        machine = diagnostics.machine(root)['hwinfo']
        self.assertEqual(1000, machine['mem_total'])
        self.assertGreater(machine['num_cpus'], 0)

    def test_the_real_proc_has_it(self) -> None:
        self.assertGreater(diagnostics.agent()['vm_rss'], 0)
        self.assertGreater(diagnostics.machine()['hwinfo']['mem_total'], 0)
