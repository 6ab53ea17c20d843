# SPDX-License-Identifier: Apache-2.0
"""What each process takes of a processor while nobody asks for anything.

CPU seconds in a minute, user and system, of the services of a deployment
with one instance, of its guest agent with the supervisor, and of
trove-standalone. PostgreSQL's own processes are not counted.
"""

from __future__ import annotations

from collections.abc import Iterable
import pathlib
import sys
import tempfile
import threading

import psutil

from benchmarks import _report
from benchmarks import create_instance
from trove.cmd import standalone
from trove.tests.fixtures import deployment
from trove.tests.fixtures import ports
from trove.tests.fixtures import processes

#: Seconds until what a start has left to do is done, and that are measured.
SETTLE = 15.0
MEASURED = 60.0
LIMITS = {
    'trove-standalone': 1.0,
    'trove-api': 0.5,
    'trove-taskmanager': 1.5,
    'trove-conductor': 1.5,
    'trove-guestagent': 0.5,
}


def taken(family: Iterable[psutil.Process]) -> float:
    """CPU seconds that processes have taken so far."""
    return sum(
        sum(each.cpu_times()[:2])
        for each in family
        if 'postgres' not in each.name()
    )


def with_children(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def measure(families: dict[str, list[psutil.Process]]) -> dict[str, float]:
    """CPU seconds in a minute, by name."""
    pause = threading.Event()
    pause.wait(SETTLE)
    before = {name: taken(family) for name, family in families.items()}
    pause.wait(MEASURED)
    return {
        name: (taken(family) - before[name]) * 60 / MEASURED
        for name, family in families.items()
    }


def of_deployment() -> dict[str, float]:
    # As often as it is by default.
    with deployment.Deployment(
        heartbeat=10,
        options={
            'DEFAULT': {
                'service_report_interval': 10,
                'service_down_time': 60,
            },
            'upgrade_levels': {'refresh_interval': 10},
        },
    ) as place:
        client = place.client(place.keystone.member)
        _, instance_id = create_instance.by_rest(client, place.DATASTORE)
        families = {
            'trove-api': place.api,
            'trove-taskmanager': place.task_managers[0],
            'trove-conductor': place.conductor,
        }
        return measure(
            {
                **{
                    name: with_children(psutil.Process(service.pid))
                    for name, service in families.items()
                },
                'trove-guestagent': processes.mentioning(instance_id),
            }
        )


def of_standalone() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as directory:
        place = pathlib.Path(directory)
        place.chmod(0o755)
        process = processes.Process(
            'trove-standalone',
            [
                *processes.program('trove-standalone'),
                *('serve', f'--state-dir={place / "state"}'),
                f'--port={ports.free_port()}',
            ],
            place / 'serve.log',
            timeout=60,
        )
        process.ready = lambda: process.logged(standalone.READY)
        with process:
            process.start()
            return measure(
                {
                    'trove-standalone': with_children(
                        psutil.Process(process.pid)
                    )
                }
            )


def main() -> int:
    found = {**of_standalone(), **of_deployment()}
    return _report.conclude(
        [
            _report.Figure(f'{name}, idle', value, ' s/min', LIMITS[name])
            for name, value in found.items()
        ]
    )


if __name__ == '__main__':
    sys.exit(main())
