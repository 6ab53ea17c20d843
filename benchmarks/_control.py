# SPDX-License-Identifier: Apache-2.0
"""A process of the control plane that knows many guests.

Arguments: the configuration file. It has the transport that the API and the
task managers have. Each line of the standard input is the path of a file,
with the revisions that the guests should be taken for, by identifier, as
JSON; the answer is JSON too: how many caps are not (yet) so, how long the
look took, the seconds of processor time so far and the resident memory in
bytes. Or it is ``survey``: then it looks for guests of which nothing is known
and asks them, as a task manager does when it starts.
"""

from __future__ import annotations

from concurrent import futures
import json
import logging
import pathlib
import sys
import time

from oslo_config import cfg
import psutil

from trove import conf as trove_conf
from trove import peers
from trove.common import rpc
from trove.guestagent import api
from trove.objects import database
from trove.peers import survey

#: As many as look at guests at once where requests for many of them come.
THREADS = 16


def look(transport: rpc.Transport, path: str) -> dict[str, float]:
    wanted: dict[str, str] = json.loads(pathlib.Path(path).read_text())
    start = time.perf_counter()

    def is_wrong(guest: str) -> bool:
        return api.API(transport, guest).cap != wanted[guest]

    with futures.ThreadPoolExecutor(THREADS) as threads:
        wrong = sum(threads.map(is_wrong, wanted))
    return {
        'wrong': wrong,
        'seconds': time.perf_counter() - start,
        'cpu': time.process_time(),
        'memory': psutil.Process().memory_info().rss,
    }


def find_out(transport: rpc.Transport) -> dict[str, float]:
    start, cpu = time.perf_counter(), time.process_time()
    asked = survey.Survey(transport).look()
    return {
        'asked': asked,
        'seconds': time.perf_counter() - start,
        'cpu': time.process_time() - cpu,
    }


def main() -> None:
    logging.getLogger().setLevel(logging.ERROR)
    trove_conf.setup(cfg.CONF, sys.argv[1:], 'trove-api')
    database.configure(cfg.CONF)
    transport = peers.transport(cfg.CONF)
    print('ready', flush=True)
    for line in sys.stdin:
        said = line.strip()
        answer = (
            find_out(transport)
            if said == 'survey'
            else look(transport, said)
        )
        print(json.dumps(answer), flush=True)
    transport.close()
    database.dispose()


if __name__ == '__main__':
    main()
