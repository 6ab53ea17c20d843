# SPDX-License-Identifier: Apache-2.0
"""The other side of the calls that ``rpc_call`` measures: a process.

Arguments: which way of serving (see ``rpc_call.py``) and the URL of the
broker. It serves the guest agent's interface, does nothing in any
method, answers each line of its standard input with the seconds of processor
time that it has used so far, and ends with the input.
"""

from __future__ import annotations

import inspect
import pathlib
import sys
import tempfile
import time
from typing import Any

from oslo_config import cfg
from oslo_context import context as oslo_context
import oslo_messaging

from benchmarks import _keys
from trove import conf as trove_conf
from trove.common import rpc
from trove.guestagent import api
from trove.guestagent import replays

REPLY = [[{'_name': 'shop'}], None]


class Stub:
    """Answers every declared method."""

    interface = api.API.interface


def _method(signature: inspect.Signature) -> Any:
    def answer(self: Any, context: Any, **arguments: Any) -> Any:
        return REPLY

    own = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        for name in ('self', 'context')
    ]
    answer.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [*own, *signature.parameters.values()]
    )
    return answer


for _name, _declared in api.API.interface.methods.items():
    setattr(Stub, _name, _method(_declared.signature))


class BareContext(oslo_messaging.NoOpSerializer):  # type: ignore[misc]
    """What each service of OpenStack has, to know who asks."""

    def serialize_context(self, context: Any) -> Any:
        return context.to_dict()

    def deserialize_context(self, context: Any) -> Any:
        return oslo_context.RequestContext.from_dict(context)


class BareEndpoint:
    target = oslo_messaging.Target(version='1.4')

    def list_databases(
        self, context: Any, limit: Any, marker: Any, include_marker: Any
    ) -> Any:
        return REPLY


def _server(way: str, url: str) -> Any:
    if way in ('bare', 'without context'):
        return oslo_messaging.get_rpc_server(
            oslo_messaging.get_rpc_transport(cfg.CONF, url=url),
            oslo_messaging.Target(topic=f'guestagent.{way}', server='peer'),
            [BareEndpoint()],
            serializer=BareContext() if way == 'bare' else None,
            access_policy=oslo_messaging.DefaultRPCAccessPolicy,
        )
    keys = seen = None
    if way == 'sealed':
        keys = _keys.one(way)
        path = pathlib.Path(tempfile.mkdtemp(prefix='measured-')) / 'replays'
        seen = replays.Replays(path, lambda: cfg.CONF.rpc_message_max_age)
    transport = rpc.Transport(cfg.CONF, url=url, keys=keys, replays=seen)
    return transport.server(Stub(), host='peer', peer=way)


def main() -> None:
    trove_conf.register_opts(cfg.CONF)
    cfg.CONF([], project='trove', default_config_files=[])
    server = _server(*sys.argv[1:])
    server.start()
    print('ready', flush=True)
    for _ in sys.stdin:
        print(time.process_time(), flush=True)
    server.stop()
    server.wait()


if __name__ == '__main__':
    main()
