# SPDX-License-Identifier: Apache-2.0
"""Many guests in one process, as the control plane and the broker see them.

Arguments: the URL of the broker and the file with their identifiers, one a
line. A guest is what it is on the wire, without a server of oslo.messaging,
of which one is 1 MiB and three threads: its queue, whose requests it answers
as oslo.messaging answers what it cannot run (that is what a probe asks), and
its heartbeats. Of the revisions before 1.4 it announces nothing, as released
guests do.

Each line of the standard input is JSON: the guests up to the number ``last``
become of ``revisions`` in turn, one after the other within ``seconds``, and
each sends a heartbeat at that moment, as a guest agent that starts does. A
line on the standard output says that it is done: how many questions were
answered so far.
"""

from __future__ import annotations

import collections
import functools
import json
import pathlib
import sys
import threading
import time
from typing import Any
import uuid

import amqp

from benchmarks import _wire
from trove.guestagent import api

CONDUCTOR = 'trove-conductor'
#: The default of ``agent_heartbeat_time``.
INTERVAL = 10.0
PROJECT = 'measured'
_INTERFACE = api.API.interface
_ANNOUNCES = _INTERFACE.revision('1.4')


@functools.cache
def failure(
    revision: str, wanted: str, name: str, arguments: tuple[str, ...]
) -> str:
    """What an endpoint of a revision answers to what it cannot run.

    :returns: as the servers of oslo.messaging write it
    """
    served = _INTERFACE.revision(revision)
    method = _INTERFACE.as_of(served).get(name)
    module, text = 'oslo_messaging.rpc.dispatcher', ''
    if _INTERFACE.revision(wanted).version > served.version:
        kind = 'UnsupportedVersion'
    elif method is None:
        kind = 'NoSuchMethod'
    else:
        module, kind = 'builtins', 'TypeError'
        unknown = sorted(set(arguments) - set(method.arguments))
        text = (
            f'got an unexpected keyword argument {unknown[0]!r}'
            if unknown
            else 'missing 1 required positional argument'
        )
    said = {'class': kind, 'module': module, 'message': text}
    return json.dumps(said | {'tb': [], 'args': [], 'kwargs': {}})


class Guests:
    """All of them.

    :param url: of the broker
    """

    def __init__(self, url: str, ids: list[str]) -> None:
        self.ids = ids
        self.revisions = dict.fromkeys(ids, _INTERFACE.floor.name)
        self._commands: collections.deque[dict[str, Any]] = (
            collections.deque()
        )
        self._due: collections.deque[tuple[float, str, str]] = (
            collections.deque()
        )
        self._asked: collections.deque[tuple[str, Any]] = collections.deque()
        #: How many questions were asked.
        self.asked = 0
        self._connection = _wire.connection(url)
        self._connection.connect()
        self._channel = self._connection.channel()
        self._channel.exchange_declare(
            _wire.EXCHANGE, 'topic', durable=False, auto_delete=False
        )
        for guest in ids:
            self._listen(guest)

    def _listen(self, guest: str) -> None:
        channel, queue = self._channel, f'guestagent.{guest}'
        channel.queue_declare(queue, auto_delete=False)
        channel.queue_bind(queue, _wire.EXCHANGE, queue)

        def note(message: Any) -> None:
            # To publish takes what has come meanwhile, and comes here again.
            self._asked.append((guest, message))

        channel.basic_consume(queue, no_ack=True, callback=note)

    def _answer(self, guest: str, message: Any) -> None:
        request = json.loads(json.loads(message.body)['oslo.message'])
        if '_reply_q' not in request:
            return
        self.asked += 1
        reply = {
            'result': None,
            'failure': failure(
                self.revisions[guest],
                request['version'],
                request['method'],
                tuple(request['args']),
            ),
            'ending': True,
            '_msg_id': request['_msg_id'],
            '_unique_id': uuid.uuid4().hex,
        }
        self._channel.basic_publish(
            _wire.message(_wire.envelope(reply)),
            routing_key=request['_reply_q'],
        )

    def _beat(self, guest: str) -> None:
        payload = {'service_status': 'healthy'}
        revision = _INTERFACE.revision(self.revisions[guest])
        context = dict(_wire.CONTEXT)
        if revision >= _ANNOUNCES:
            payload |= {'rpc_version': revision.name, 'release': '27.0.0'}
            context['project_id'] = PROJECT
        arguments = {
            'instance_id': guest,
            'payload': payload,
            'sent': time.time(),
        }
        self._channel.basic_publish(
            _wire.message(_wire.cast('heartbeat', arguments, context)),
            exchange=_wire.EXCHANGE,
            routing_key=CONDUCTOR,
        )

    def read(self) -> None:
        """Take commands, in a thread of its own, until there are no more."""
        for line in sys.stdin:
            self._commands.append(json.loads(line))
        self._commands.append({})

    def run(self) -> None:
        """Be guests until the commands end."""
        turn, began = 0, time.monotonic()
        while True:
            while self._commands:
                command = self._commands.popleft()
                if not command:
                    return
                self._plan(**command)
            now = time.monotonic()
            self._revise(now)
            due = int((now - began) / INTERVAL * len(self.ids))
            for number in range(turn, due):
                self._beat(self.ids[number % len(self.ids)])
            turn = due
            try:
                self._connection.drain_events(timeout=0.02)
            except TimeoutError:
                continue
            finally:
                while self._asked:
                    self._answer(*self._asked.popleft())

    def _plan(
        self, last: int, revisions: list[str], seconds: float
    ) -> None:
        now = time.monotonic()
        for index, guest in enumerate(self.ids[:last]):
            at = now + seconds * index / last
            revision = revisions[index % len(revisions)]
            self._due.append((at, guest, revision))

    def _revise(self, now: float) -> None:
        if not self._due:
            return
        while self._due and self._due[0][0] <= now:
            _, guest, revision = self._due.popleft()
            self.revisions[guest] = revision
            self._beat(guest)
        if not self._due:
            print(self.asked, flush=True)


def main() -> None:
    url, path = sys.argv[1:]
    guests = Guests(url, pathlib.Path(path).read_text().split())
    print('ready', flush=True)
    threading.Thread(target=guests.read, daemon=True).start()
    try:
        guests.run()
    except (OSError, amqp.AMQPError) as error:
        sys.exit(f'The broker went away: {error}')


if __name__ == '__main__':
    main()
