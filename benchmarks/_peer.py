# SPDX-License-Identifier: Apache-2.0
"""The other side of the calls that ``rpc_call`` measures: a process.

Arguments: the URL of the broker. It serves the guest agent's interface twice,
with the server of Trove and with a bare one of oslo.messaging, does nothing
in any method, and ends when its standard input does.
"""

from __future__ import annotations

import inspect
import sys
from typing import Any

from oslo_config import cfg
import oslo_messaging

from trove import conf as trove_conf
from trove.common import rpc
from trove.guestagent import api

PEER = 'measured'
BARE_TOPIC = 'bare.measured'
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


class BareEndpoint:
    target = oslo_messaging.Target(version='1.4')

    def list_databases(self, context: Any, **arguments: Any) -> Any:
        return REPLY


def main() -> None:
    trove_conf.register_opts(cfg.CONF)
    cfg.CONF([], project='trove', default_config_files=[])
    transport = rpc.Transport(cfg.CONF, url=sys.argv[1])
    bare_transport = oslo_messaging.get_rpc_transport(
        cfg.CONF, url=sys.argv[1]
    )
    servers = [
        transport.server(Stub(), host='peer', peer=PEER),
        oslo_messaging.get_rpc_server(
            bare_transport,
            oslo_messaging.Target(topic=BARE_TOPIC, server='peer'),
            [BareEndpoint()],
            access_policy=oslo_messaging.DefaultRPCAccessPolicy,
        ),
    ]
    for server in servers:
        server.start()
    print('ready', flush=True)
    sys.stdin.read()
    for server in servers:
        server.stop()
        server.wait()
    transport.close()
    bare_transport.cleanup()


if __name__ == '__main__':
    main()
