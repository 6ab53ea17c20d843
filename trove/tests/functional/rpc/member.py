# SPDX-License-Identifier: Apache-2.0
"""A service in a process of its own, which does what it is told.

It takes orders as lines of JSON, a name and arguments, and answers each with
a line, a result or the text of an error. Its transport, server, clients and
configuration file are those of a service.
"""

from __future__ import annotations

from concurrent import futures
import itertools
import json
import sys
import traceback
from typing import Any

from oslo_config import cfg

from trove import conf as trove_conf
from trove.common import context as trove_context
from trove.common import rpc

#: Seconds in which an answer is there.
_TIMEOUT = 10


class API(
    rpc.Client,
    interface=rpc.Interface(
        name='guestagent',
        topic=lambda conf, peer: str(peer),
        peer='member %s',
        remedy='Upgrade it.',
        sealed_since='1.0',
        history=(rpc.Revision('1.0', 'First.'),),
    ),
):
    @rpc.call('1.0')
    def ask(self, context: trove_context.TroveContext, what: str) -> list[str]:
        """Get it back, with the name of who was asked."""

    @rpc.cast('1.0')
    def tell(self, context: trove_context.TroveContext, what: str) -> None:
        """Say something."""


class Member:
    """A server of a topic, and clients of the others.

    :param name: of this one among those of its topic
    """

    interface = API.interface

    def __init__(self, name: str) -> None:
        self.name = name
        self.heard: list[str] = []
        self.transport: rpc.Transport | None = None
        self.server: Any = None

    def ask(self, context: trove_context.TroveContext, what: str) -> list[str]:
        return [what, self.name]

    def tell(self, context: trove_context.TroveContext, what: str) -> None:
        self.heard.append(what)

    def order_join(self, config: str, topic: str) -> None:
        """Listen, with these options."""
        self.heard.clear()
        cfg.CONF(
            ['--config-file', config],
            project='trove',
            default_config_files=[],
        )
        own = topic if cfg.CONF.rpc_own_account else None
        self.transport = rpc.Transport(
            cfg.CONF, {'guestagent': lambda peer: '1.0'}, own=own
        )
        self.server = self.transport.server(self, host=self.name, peer=topic)
        self.server.start()

    def order_talk(self, topics: list[str], count: int) -> list[str]:
        """Ask and tell all of these at the same time, again and again.

        :returns: what went wrong
        """

        def talk(message: tuple[str, int]) -> str | None:
            topic, number = message
            what = f'{self.name} to {topic}, {number}'
            client = API(self.transport, topic, timeout=_TIMEOUT)
            context = trove_context.TroveContext()
            try:
                client.tell(context, what)
                said, _ = client.ask(context, what)
            except Exception as error:  # noqa: BLE001
                return f'{what}: {error!r}'
            return None if said == what else f'{what} was answered {said}'

        with futures.ThreadPoolExecutor(8) as pool:
            done = pool.map(talk, itertools.product(topics, range(count)))
            return [each for each in done if each]

    def order_shout(self, topic: str, what: str) -> None:
        """Tell all servers of a topic."""
        assert self.transport is not None
        self.transport.connection.client('').prepare(
            topic=topic, fanout=True, version='1.0'
        ).cast({}, 'tell', what=what)

    def order_heard(self) -> list[str]:
        return self.heard

    def order_leave(self) -> None:
        if self.server is not None:
            self.server.stop()
            self.server.wait()
        if self.transport is not None:
            self.transport.close()
        self.server = self.transport = None


def main() -> None:
    conf = cfg.CONF
    trove_conf.register_opts(conf)
    member = Member(sys.argv[1])
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        try:
            answer = [getattr(member, f'order_{name}')(*arguments), None]
        except Exception:  # noqa: BLE001
            answer = [None, traceback.format_exc()]
        sys.stdout.write(json.dumps(answer) + '\n')
        sys.stdout.flush()


if __name__ == '__main__':
    main()
