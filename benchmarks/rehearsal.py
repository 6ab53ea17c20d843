# SPDX-License-Identifier: Apache-2.0
"""A rehearsal of 200 guests of five revisions and three services.

``trove-rpc rehearse --run`` as an operator runs it, in a process of its own,
with its defaults: from its start to its end. What it gives must be as it
should be, or it does not count.
"""

from __future__ import annotations

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

import yaml

from benchmarks import _report
from trove.rehearsal import inventory
from trove.tests.fixtures import processes

TIMES = 3
LIMIT = 60.0
_RELEASES = ('rocky', 'stein', 'victoria', 'wallaby', '2026.2')
_GUESTS = 200

DEPLOYMENT: dict[str, Any] = {
    'format': inventory.FORMAT,
    'services': [
        {'kind': kind, 'name': kind, 'release': '2026.2'}
        for kind in ('conductor', 'taskmanager', 'api')
    ],
    'guests': [
        {'release': each, 'count': _GUESTS // len(_RELEASES)}
        for each in _RELEASES
    ],
}


def rehearse(path: pathlib.Path) -> tuple[float, float, dict[str, Any]]:
    """Run it; return its seconds, those of its CPU, and its report."""
    before = os.times()
    start = time.perf_counter()
    done = subprocess.run(
        [
            *processes.program('trove-rpc'),
            *('rehearse', '--file', str(path), '--run', '-f', 'json'),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - start
    after = os.times()
    report = json.loads(done.stdout)
    if not report['passed']:
        raise RuntimeError(f'It did not go as foretold: {report["run"]}')
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    return seconds, cpu, report


def main() -> int:
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / 'deployment.yaml'
        path.write_text(yaml.safe_dump(DEPLOYMENT))
        found = [rehearse(path) for _ in range(TIMES)]
    for seconds, cpu, report in found:
        run = report['run']
        print(
            f'seed {run["seed"]}: {seconds:.1f} s, {cpu:.1f} s of CPU, '
            f'{run["messages"]} messages, {run["processes"]} processes'
        )
    return _report.conclude(
        [
            _report.Figure(
                'rehearsal of 200 guests and 3 services',
                max(seconds for seconds, _, _ in found),
                ' s',
                LIMIT,
            ),
            _report.Figure(
                'CPU of it, median',
                statistics.median(cpu for _, cpu, _ in found),
                ' s',
            ),
        ]
    )


if __name__ == '__main__':
    sys.exit(main())
