# SPDX-License-Identifier: Apache-2.0
"""A list of 1,000 instances in one answer, ours and release 26.0's.

As in ``api``, with pages of 1,000. Release 26.0 asks its Nova for the servers
and, for each instance, its database and its Neutron for more; all of its cloud
answers at once.
"""

from __future__ import annotations

import argparse
import pathlib
import statistics
import sys
import tempfile

from oslo_config import cfg

from benchmarks import _report
from benchmarks import api
from trove import conf as trove_conf
from trove.tests.fixtures import database

INSTANCES = 1000
ROUNDS = 3
#: Seconds for an answer of release 26.0 on a busy machine.
TIMEOUT = 600.0
LIMIT = 5.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--rounds', type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    trove_conf.register_opts(cfg.CONF)
    cfg.CONF([], project='trove', default_config_files=[])
    path = f'/v1.0/{api.PROJECT}/instances?limit='
    with (
        tempfile.TemporaryDirectory() as place,
        database.MariaDB() as maria,
        api.ours(pathlib.Path(place), maria.url, INSTANCES) as first,
        api.released(pathlib.Path(place), maria.url, INSTANCES) as second,
    ):
        api.fill(maria, INSTANCES)
        taken: dict[str, list[api.Taken]] = {}
        for server in first, second:
            server.start()
            server.ask(f'{path}20', 1, 4)
            taken[server.name] = []
        for _ in range(rounds):
            for server in first, second:
                turn = server.ask(f'{path}{INSTANCES}', 1, 1, TIMEOUT)
                taken[server.name].append(turn)
                print(
                    f'{server.name}: {turn.seconds:.3f} s, '
                    f'{turn.cpu_each:.0f} ms of CPU',
                    flush=True,
                )
    ours, theirs = taken.values()
    return _report.conclude(
        [
            _report.Figure(
                f'{INSTANCES} instances: how many times as fast',
                took(theirs) / took(ours),
                limit=LIMIT,
                at_least=True,
            ),
            _report.Figure(
                f'{INSTANCES} instances: CPU of release 26.0 against ours',
                api.cpu(theirs) / api.cpu(ours),
            ),
            _report.Figure('errors', api.errors(ours), limit=0),
        ]
    )


def took(turns: list[api.Taken]) -> float:
    return statistics.median(each for turn in turns for each in turn.took)


if __name__ == '__main__':
    sys.exit(main())
