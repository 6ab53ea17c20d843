# SPDX-License-Identifier: Apache-2.0
"""A released Trove as a live peer; run by the Python of its environment.

``python -P peer.py CONFIG_FILE`` reads one JSON object per line, ``{"do":
NAME, ...}``, and answers each with a line, ``{"ok": RESULT}`` or ``{"error":
TEXT}``. What the released code prints goes to the standard error.

It imports nothing of the tree that it lies in: ``trove`` is the release. Its
modules are imported by name, when they are needed, as the releases do that.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import os
import runpy
import sys
import traceback
import types
from typing import Any

module = importlib.import_module

MANAGERS = {
    'conductor': 'trove.conductor.manager',
    'taskmanager': 'trove.taskmanager.manager',
}


def plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    return json.loads(json.dumps(value, default=str))


def revive(value: Any) -> Any:
    """Make an object of ``{"__object__": {...}}``."""
    if isinstance(value, dict) and '__object__' in value:
        return types.SimpleNamespace(**value['__object__'])
    return value


class Recorder:
    """What has arrived, and what is to be answered."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.answers: dict[str, Any] = {}

    @staticmethod
    def entry(method: str, context: Any, arguments: Any) -> dict[str, Any]:
        return {
            'method': method,
            'args': plain(arguments),
            'context': plain(context.to_dict()),
            'error': None,
        }

    def take(
        self, method: str, notifies: bool, context: Any, arguments: Any
    ) -> Any:
        if notifies:
            # What the release does around its work; it must not fail.
            kinds = module('trove.common.notification')
            with kinds.EndNotification(context):
                pass
        self.received.append(self.entry(method, context, arguments))
        return self.answers.get(method)


def public(manager: type) -> dict[str, inspect.Signature]:
    """The signatures of all that oslo.messaging lets a client call."""
    return {
        name: inspect.signature(function)
        for name, function in inspect.getmembers(manager, callable)
        if not name.startswith('_') and inspect.isfunction(function)
    }


def notifies(function: Any) -> bool:
    """Say whether a method does its work within a notification."""
    return 'with EndNotification(' in inspect.getsource(function)


def compiled(
    recorder: Recorder, name: str, function: Any, signature: Any
) -> Any:
    """A function with just this signature, so that Python checks it."""
    parameters, defaults, pairs, rest = [], {}, [], ''
    for parameter in signature.parameters.values():
        text = parameter.name
        if parameter.kind is parameter.VAR_KEYWORD:
            parameters.append(f'**{text}')
            rest = text
            continue
        if parameter.default is not parameter.empty:
            defaults[f'_default_{text}'] = parameter.default
            text += f'=_default_{text}'
        parameters.append(text)
        pairs.append(parameter.name)
    context = pairs[1] if len(pairs) > 1 else 'None'
    values = ', '.join(f'{pair!r}: {pair}' for pair in pairs[2:])
    if rest:
        values += f', **{rest}'
    source = (
        f'def {name}({", ".join(parameters)}):\n'
        f'    return _take({context}, {{{values.strip(", ")}}})\n'
    )
    take = functools.partial(recorder.take, name, notifies(function))
    scope = {'_take': take, **defaults}
    exec(source, scope)
    return scope[name]


class SentTo:
    """A client of oslo.messaging that writes down what it sends."""

    def __init__(self, client: Any, sent: list[Any], version: Any) -> None:
        self._client = client
        self._sent = sent
        self._version = version

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def prepare(self, **options: Any) -> SentTo:
        return SentTo(
            self._client.prepare(**options),
            self._sent,
            options.get('version', self._version),
        )

    def _note(self, kind: str, method: str, arguments: Any) -> dict[str, Any]:
        entry = {
            'kind': kind,
            'method': method,
            'version': self._version,
            'args': plain(arguments),
        }
        self._sent.append(entry)
        return entry

    def call(self, context: Any, method: str, **arguments: Any) -> Any:
        entry = self._note('call', method, arguments)
        reply = self._client.call(context, method, **arguments)
        entry['reply'] = plain(reply)
        return reply

    def cast(self, context: Any, method: str, **arguments: Any) -> Any:
        self._note('cast', method, arguments)
        return self._client.cast(context, method, **arguments)


class Peer:
    """The commands."""

    def __init__(self, config_file: str) -> None:
        try:
            # Releases 14 and 15 talk to the daemon when they are imported.
            module('docker').from_env = lambda *a, **k: None
        except ImportError:
            pass
        runpy.run_path(__file__.replace('peer.py', 'python_2.py'))
        # This one lets eventlet patch the standard library, and registers
        # options of guests.
        module('trove.cmd.guest')
        self.conf = module('trove.common.cfg').CONF
        module('trove.common.cfg').parse_args(
            ['peer', '--config-file', config_file]
        )
        module('oslo_log.log').setup(self.conf, None)
        module('trove.common.debug_utils').setup()
        self.rpc = module('trove.rpc')
        self.rpc.init(self.conf)
        self.recorder = Recorder()
        self.servers: dict[str, Any] = {}
        self.sent: list[Any] = []
        self._watch_clients()

    def _watch_clients(self) -> None:
        original = self.rpc.get_client

        def get_client(target: Any, *args: Any, **kwargs: Any) -> SentTo:
            return SentTo(original(target, *args, **kwargs), self.sent, None)

        self.rpc.get_client = get_client

    def database(self) -> None:
        """Make the tables."""
        api = module('trove.db').get_db_api()
        api.db_sync(self.conf)
        takes = inspect.signature(api.configure_db).parameters
        api.configure_db(*([self.conf] if 'options' in takes else []))

    def encrypted(self, text: str, key: str) -> str:
        """Encrypt an instance's key as the database has it."""
        crypto = module('trove.common.crypto_utils')
        return crypto.encode_data(crypto.encrypt_data(text, key))

    def configure(self, options: dict[str, Any]) -> None:
        """Set options of the configuration."""
        for name, value in options.items():
            self.conf.set_override(name, value)

    def _manager(self, interface: str) -> type:
        if interface in MANAGERS:
            return module(MANAGERS[interface]).Manager
        registry = module('trove.guestagent.dbaas').datastore_registry()
        path, _, name = registry['mysql'].rpartition('.')
        return getattr(module(path), name)

    @staticmethod
    def _api(interface: str) -> type:
        return module(f'trove.{interface}.api').API

    def describe(self, interface: str) -> dict[str, Any]:
        """Say what is served and sent: names, and defaults where any."""

        def shape(signature: inspect.Signature, skip: int) -> list[Any]:
            return [
                [
                    p.name,
                    str(p.kind).partition(' ')[0],
                    p.default is p.empty,
                    None if p.default is p.empty else plain(p.default),
                ]
                for p in list(signature.parameters.values())[skip:]
            ]

        api = self._api(interface)
        return {
            'latest': api.API_LATEST_VERSION,
            'served': {
                name: shape(signature, 2)
                for name, signature in public(
                    self._manager(interface)
                ).items()
            },
            'sent': {
                name: shape(signature, 1)
                for name, signature in public(api).items()
                if name != 'get_client'
            },
        }

    def serve(self, interface: str, topic: str, host: str, key: Any) -> None:
        """Serve an interface's signatures; write down what arrives."""
        manager = self._manager(interface)
        messaging = module('oslo_messaging')
        target = getattr(manager, 'target', None) or messaging.Target(
            version=self._api(interface).API_LATEST_VERSION
        )
        attributes = {
            name: compiled(
                self.recorder, name, getattr(manager, name), signature
            )
            for name, signature in public(manager).items()
        }
        endpoint = type(manager.__name__, (), attributes)()
        endpoint.target = target
        server = self.rpc.get_server(
            messaging.Target(topic=topic, server=host, version=target.version),
            [endpoint],
            key=key,
            **self._serializer(interface),
        )
        server.start()
        self.servers[interface] = server

    @staticmethod
    def _serializer(interface: str) -> dict[str, Any]:
        if interface != 'conductor':
            return {}
        host = module('trove.common.rpc.conductor_host_serializer')
        return {'secure_serializer': host.ConductorHostSerializer}

    def serve_conductor(self) -> None:
        """Start the conductor as its command does it."""
        manager = self._manager('conductor')
        for name in public(manager):
            function = getattr(manager, name)
            if not hasattr(function, '__wrapped__'):
                setattr(manager, name, self._watched(function))
        models = module('trove.instance.models')
        module(
            'trove.common.notification'
        ).DBaaSAPINotification.register_notify_callback(
            models.persist_instance_fault
        )
        service = module('trove.common.rpc.service').RpcService(
            key=None,
            manager=self.conf.conductor_manager,
            topic=self.conf.conductor_queue,
            host='their-conductor',
            rpc_api_version=self._api('conductor').API_LATEST_VERSION,
            **self._serializer('conductor'),
        )
        service.start()
        self.servers['conductor'] = service.rpcserver

    def _watched(self, function: Any) -> Any:
        @functools.wraps(function)
        def run(manager: Any, context: Any, *args: Any, **values: Any) -> Any:
            entry = self.recorder.entry(function.__name__, context, values)
            try:
                return function(manager, context, *args, **values)
            except Exception as error:
                entry['error'] = f'{type(error).__name__}: {error}'
                raise
            finally:
                self.recorder.received.append(entry)

        return run

    def stop(self, interface: str) -> None:
        server = self.servers.pop(interface)
        server.stop()
        server.wait()

    def answer(self, answers: dict[str, Any]) -> None:
        """Set what the served methods return, by name."""
        self.recorder.answers.update(answers)

    def received(self) -> list[Any]:
        """Return what has arrived since the last time."""
        taken = self.recorder.received[:]
        del self.recorder.received[: len(taken)]
        return taken

    def send(
        self,
        interface: str,
        method: str,
        values: dict[str, Any],
        context: dict[str, Any],
        instance: str | None = None,
        notification: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Let a client class send; say what it put on the wire."""
        del self.sent[:]
        asker = module('trove.common.context').TroveContext(**context)
        if notification is not None:
            kinds = module('trove.common.notification')
            asker.notification = kinds.DBaaSInstanceRestart(
                asker, **notification
            )
        ids = [] if instance is None else [instance]
        failure = None
        try:
            api = self._api(interface)(asker, *ids)
            arguments = {k: revive(v) for k, v in values.items()}
            getattr(api, method)(**arguments)
        except Exception as error:  # noqa: BLE001
            failure = f'{type(error).__name__}: {error}'
        return {'sent': self.sent[:], 'failure': failure}


def lines() -> Any:
    """Read lines without holding up the green threads."""
    os.set_blocking(0, False)
    hubs = module('eventlet.hubs')
    held = b''
    while True:
        hubs.trampoline(0, read=True)
        chunk = os.read(0, 65536)
        if not chunk:
            return
        held += chunk
        *whole, held = held.split(b'\n')
        yield from whole


def main() -> None:
    # What is printed by accident must not come between the answers.
    answers = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)

    def answer(message: dict[str, Any]) -> None:
        answers.write(json.dumps(message) + '\n')
        answers.flush()

    peer = Peer(sys.argv[1])
    answer({'ok': 'ready'})
    for line in lines():
        command = json.loads(line)
        try:
            result = getattr(peer, command.pop('do'))(**command)
        except Exception:  # noqa: BLE001
            answer({'error': traceback.format_exc()})
        else:
            answer({'ok': plain(result)})
    # Threads of the message broker's driver would go on.
    os._exit(0)


if __name__ == '__main__':
    main()
