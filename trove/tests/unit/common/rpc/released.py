# SPDX-License-Identifier: Apache-2.0
"""Endpoints of the releases, made with nothing but oslo.messaging.

They have exactly the signatures that were measured; see
``trove/peers/releases.json``.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any
from unittest import mock

from oslo_config import cfg
import oslo_messaging
from oslo_messaging.rpc import dispatcher

from trove.peers import releases

FACTS = releases.FACTS['interfaces']

_CLASSES = 'trove.common.notification.'


def served(interface: str, release: int) -> Iterator[tuple[str, str]]:
    """The methods of a release, with their signatures."""
    for name, facts in FACTS[interface]['methods'].items():
        signature = releases.of_release(facts['served'], release)
        if signature is not None:
            yield name, signature
    if interface == 'guestagent':
        # Sent by the strategies of clusters, and served by every manager.
        yield 'cluster_complete', ''


class Endpoint:
    """Serves one interface as one release does.

    ``run`` has (method, arguments) of all that was carried out, ``contexts``
    what came with it.
    """

    def __init__(self, interface: str, release: int) -> None:
        facts = FACTS[interface]['releases'][str(release)]
        self.target = oslo_messaging.Target(version=facts['latest'])
        self._release = release
        self.run: list[tuple[str, dict[str, Any]]] = []
        self.contexts: list[Any] = []
        for name, signature in served(interface, release):
            setattr(self, name, _compile(name, signature, self._note))

    def _note(
        self, method: str, context: Any, arguments: dict[str, Any]
    ) -> str:
        arguments.pop('_note', None)
        for said in _notifications(context, arguments):
            name = said['notification_classname'].removeprefix(_CLASSES)
            if name not in releases.names('notification', self._release):
                # They import it by its name.
                raise ImportError(f'{name} in release {self._release}')
        self.run.append((method, arguments))
        self.contexts.append(context)
        return f'{method} is done'


def _notifications(
    context: Any, arguments: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    for said in (
        isinstance(context, dict) and context.get('trove_notification'),
        arguments.get('serialized_notification'),
    ):
        if isinstance(said, dict) and 'notification_classname' in said:
            yield said


def _compile(name: str, signature: str, note: Any) -> Any:
    parameters = [
        part.replace('**', '**fields')
        .replace('null', 'None')
        .replace('false', 'False')
        .replace('true', 'True')
        for part in filter(None, signature.split(', '))
    ]
    # By Python itself, for its own words about arguments that do not fit.
    scope = {'_note': note}
    exec(
        f'def {name}({", ".join(["_context", *parameters])}):\n'
        '    values = dict(locals())\n'
        '    context = values.pop("_context")\n'
        '    values.update(values.pop("fields", {}))\n'
        f'    return _note({name!r}, context, values)\n',
        scope,
    )
    return scope[name]


class Encrypting(oslo_messaging.NoOpSerializer):
    """Does with what it cannot decrypt what the releases do with it.

    The class name of the error, and that it goes on, are what matters here.
    """

    def deserialize_context(self, context: dict[str, Any]) -> dict[str, Any]:
        return {'was': context['context']}


def incoming(
    version: str,
    method: str,
    context: Mapping[str, Any] | None,
    arguments: Mapping[str, Any],
) -> mock.Mock:
    """A message as the driver hands it to the dispatcher."""
    return mock.Mock(
        ctxt=context,
        client_timeout=None,
        message={'method': method, 'args': arguments, 'version': version},
    )


class Direct:
    """Puts questions to oslo.messaging's own dispatcher, without a broker."""

    def __init__(
        self, conf: cfg.ConfigOpts, endpoint: Any, serializer: Any
    ) -> None:
        self.conf = conf
        self.asked = 0
        self._dispatcher = dispatcher.RPCDispatcher(
            [endpoint], serializer, oslo_messaging.DefaultRPCAccessPolicy
        )

    def ask(
        self,
        topic: str,
        server: str | None,
        version: str,
        method: str,
        arguments: Mapping[str, Any],
        timeout: float,
        context: Mapping[str, Any] | None = None,
    ) -> mock.Mock:
        self.asked += 1
        message = incoming(version, method, context, arguments)
        try:
            self._dispatcher.dispatch(message)
        except Exception as error:  # noqa: BLE001
            return mock.Mock(type=type(error).__name__, text=str(error))
        return mock.Mock(type='ok', text='')
