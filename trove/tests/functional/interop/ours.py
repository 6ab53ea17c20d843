# SPDX-License-Identifier: Apache-2.0
"""Our side: endpoints that write down what arrives, and keys."""

from __future__ import annotations

import inspect
import json
import threading
from typing import Any

from trove.common import context as trove_context
from trove.common import rpc

_POSITIONAL = inspect.Parameter.POSITIONAL_OR_KEYWORD


def answer(method: str) -> Any:
    """What an endpoint of either side returns, as JSON has it."""
    return [{'method': method, 'näme': 'ß'}, None, 1.5, True]


class Endpoint:
    """Serves all that an interface declares; writes it down."""

    def __init__(self, interface: rpc.Interface) -> None:
        self.interface = interface
        self._lock = threading.Lock()
        self._received: list[dict[str, Any]] = []
        for method in interface.methods.values():
            setattr(self, method.name, self._serving(method))

    def _serving(self, method: rpc.Method) -> Any:
        def serve(
            context: trove_context.TroveContext, **arguments: Any
        ) -> Any:
            entry = {
                'method': method.name,
                'args': json.loads(json.dumps(arguments)),
                'context': context.to_dict(),
            }
            with self._lock:
                self._received.append(entry)
            return answer(method.name)

        context = inspect.Parameter('context', _POSITIONAL)
        serve.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [context, *method.signature.parameters.values()]
        )
        return serve

    def received(self) -> list[dict[str, Any]]:
        """Return what has arrived since the last time."""
        with self._lock:
            taken = self._received[:]
            self._received.clear()
        return taken


class Keys:
    """The keys of one task manager and one instance, at either end.

    :param identity: the instance, where this is the side of its guest
    """

    def __init__(
        self, task_key: str, instance_id: str, instance_key: str,
        identity: str | None = None,
    ) -> None:
        self.identity = identity
        self._task_key = task_key
        self._instances = {instance_id: instance_key}

    def sealing(self, interface: str, peer: str | None) -> str | None:
        if interface == 'taskmanager':
            return self._task_key
        return self._instances[peer or self.identity or '']

    def opening(
        self, interface: str, sender: str | None, fresh: bool = False
    ) -> list[str]:
        if interface == 'taskmanager':
            return [self._task_key]
        found = self._instances.get(sender or self.identity or '')
        return [found] if found else []

    def opened(
        self, interface: str, sender: str | None, key: str, sealed: bool
    ) -> None:
        """Nothing is learned from it here."""

    def released_allowed(
        self,
        interface: str,
        peer: str | None,
        fresh: bool = False,
        taken: bool = False,
    ) -> bool:
        return True

    def clear_allowed(self, interface: str, sender: str | None) -> bool:
        return False
