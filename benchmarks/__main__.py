# SPDX-License-Identifier: Apache-2.0
"""All benchmarks, one after the other, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys

ALL = (
    'contract_check',
    'rpc_call',
    'create_instance',
    'backups',
    'replicas',
    'api',
    'listing',
    'guest_agent',
    'idle',
    'heartbeats',
    'fleet',
    'pages',
    'rehearsal',
)


def main() -> int:
    over = []
    for name in ALL:
        print(f'== {name}', flush=True)
        done = subprocess.run(
            [sys.executable, '-m', f'benchmarks.{name}'], check=False
        )
        if done.returncode:
            over.append(name)
    if over:
        print(f'Over the limit or failed: {", ".join(over)}')
    return 1 if over else 0


if __name__ == '__main__':
    sys.exit(main())
