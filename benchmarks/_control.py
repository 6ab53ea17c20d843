# SPDX-License-Identifier: Apache-2.0
"""A process of the control plane that knows many guests.

Arguments: the configuration file. It has the transport that the API and the
task managers have. Each line of the standard input is the path of a file,
with the identifiers of guests and the revisions that they should be taken
for, one a line; the answer is JSON: how many caps are not (yet) so, how long
the look took, the seconds of processor time so far and the resident memory in
bytes. The file is read line by line, so that nothing but what the transport
keeps of them is in that memory. Or it is ``survey``: then it looks for guests
of which nothing is known and asks them, as a task manager does when it
starts.
"""

from __future__ import annotations

from concurrent import futures
import json
import logging
import sys
import threading
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
    start = time.perf_counter()
    lock = threading.Lock()
    with open(path, encoding='utf-8') as lines:

        def count_wrong(number: int) -> int:
            wrong = 0
            while True:
                with lock:
                    line = next(lines, '')
                if not line:
                    return wrong
                guest, revision = line.split()
                wrong += api.API(transport, guest).cap != revision

        with futures.ThreadPoolExecutor(THREADS) as threads:
            wrong = sum(threads.map(count_wrong, range(THREADS)))
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
