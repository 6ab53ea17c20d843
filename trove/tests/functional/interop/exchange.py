# SPDX-License-Identifier: Apache-2.0
"""Sends everything that there is to be sent, and looks at what arrives."""

from __future__ import annotations

from typing import Any

from trove.common import exception
from trove.common import rpc
from trove.peers import releases
from trove.peers import versions
from trove.tests.functional.interop import base
from trove.tests.functional.interop import ours
from trove.tests.functional.interop import samples

_KEYWORDS = 'VAR_KEYWORD'


class TheirClients:
    """Has every method of a client class of theirs sent to our endpoint."""

    def __init__(self, test: base.InteropTestCase, interface: str) -> None:
        self._test = test
        self._interface = interface
        self._declared = versions.CLIENTS[interface].interface
        self._endpoint = ours.Endpoint(self._declared)
        test.serve_ours(interface, self._endpoint)
        self._notification = dict(samples.value('serialized_notification'))
        del self._notification['notification_classname']
        #: What is known to be sent, by method.
        self._facts = {
            sent.method: sent
            for sent in releases.sent(interface, test.release)
        }
        self._seen: set[str] = set()

    def run(self) -> None:
        peer = self._test.peer
        described = peer.do('describe', interface=self._interface)
        for method, parameters in described['sent'].items():
            named = [p for p in parameters if p[1] != _KEYWORDS]
            required = [p[0] for p in named if p[2]]
            self._send(method, required, '')
            for parameter in named:
                if not parameter[2]:
                    self._send(method, [*required, parameter[0]], parameter[0])
        for name in sorted(self._facts.keys() - self._seen):
            self._test.problems.append(f'{name}: known to be sent, but is not')

    def _send(self, method: str, names: list[str], extra: str) -> None:
        what = f'{self._interface} {method}'
        if extra:
            what += f' with {extra}'
        values = {name: self._test.value(name) for name in names}
        result = self._test.peer.do(
            'send',
            interface=self._interface,
            method=method,
            values=values,
            context=base.USER,
            instance=self._test.peer_id(self._interface),
            notification=self._notification,
        )
        if result['failure'] or len(result['sent']) != 1:
            self._test.problems.append(f'{what}: {result}')
            return
        [sent] = result['sent']
        self._check_facts(what, sent)
        self._compare(what, sent)

    def _check_facts(self, what: str, sent: dict[str, Any]) -> None:
        """It is what ``trove-rpc matrix`` takes it to be."""
        name = sent['method']
        self._seen.add(name)
        known = self._facts.get(name)
        arguments = set(sent['args'])
        if self._declared.methods[name].any_fields:
            arguments &= set(self._declared.methods[name].arguments)
        found = releases.Sent(
            name, sent['kind'], sent['version'], tuple(sorted(arguments))
        )
        if known is None or found != known._replace(
            arguments=tuple(sorted(known.arguments))
        ):
            self._test.problems.append(f'{what}: {found}, known is {known}')

    def _compare(self, what: str, sent: dict[str, Any]) -> None:
        test = self._test
        arrived = test.wait(
            lambda: self._endpoint.received() or test.rejected,
            f'{what} has arrived',
        )
        if test.rejected:
            test.problems.append(f'{what}: rejected, {test.rejected}')
            test.rejected.clear()
            return
        [got] = arrived
        wrong = [
            (got['method'], sent['method']),
            (got['args'], sent['args']),
            (got['context']['project_id'], base.USER['project_id']),
            (got['context']['user'], base.USER['user_id']),
            (got['context']['request_id'], base.USER['request_id']),
        ]
        if sent['kind'] == 'call':
            wrong.append((sent['reply'], ours.answer(sent['method'])))
        wrong = [(a, b) for a, b in wrong if a != b]
        if wrong:
            test.problems.append(f'{what}: changed on its way, {wrong}')
        else:
            test.outcomes.add('same', what)


class OurClients:
    """Sends everything that a client class of ours can to their endpoint."""

    def __init__(self, test: base.InteropTestCase, interface: str) -> None:
        self._test = test
        self._interface = interface
        self._served = test.serve_theirs(interface)
        self._declared = versions.CLIENTS[interface].interface
        self._client = versions.CLIENTS[interface](
            test.transport(interface, sending=True),
            test.peer_id(interface),
            timeout=20,
        )

    def run(self) -> None:
        for method in self._declared.methods.values():
            required, optional = [], []
            for argument in method.arguments.values():
                needed = argument.default is rpc.REQUIRED
                (required if needed else optional).append(argument.name)
            self._send(method, required, '')
            for name in optional:
                self._send(method, [*required, name], name)

    def _expected(self, method: rpc.Method, extra: str) -> tuple[str, str]:
        """What their signature, and ours, say that must happen."""
        served = self._served.get(method.name)
        if served is None:
            return 'refused', 'they have no such method'
        kinds = [parameter[1] for parameter in served]
        names = [parameter[0] for parameter in served]
        if not extra or extra in names or _KEYWORDS in kinds:
            return 'same', ''
        if method.arguments[extra].span.may_omit:
            return 'left out', 'they have no such argument'
        return 'refused', 'they have no such argument'

    def _send(
        self, method: rpc.Method, names: list[str], extra: str
    ) -> None:
        what = f'{self._interface} {method.name}'
        if extra:
            what += f' with {extra}'
        values = {name: self._value(name) for name in names}
        if method.any_fields:
            values.update(samples.value('backup_fields'))
        expected, why = self._expected(method, extra)
        events: list[rpc.Event] = []
        reply, error = None, None
        with rpc.observe(events.append):
            try:
                send = getattr(self._client, method.name)
                reply = send(self._test.context, **values)
            except exception.TroveError as raised:
                error = raised
        if expected == 'refused':
            self._check_refused(what, error)
        elif error is not None:
            self._test.problems.append(f'{what}: {type(error)} {error}')
        else:
            self._check_arrived(what, method, values, reply)
            left = [e.arguments for e in events if e.outcome == 'left out']
            if left != ([(extra,)] if expected == 'left out' else []):
                self._test.problems.append(f'{what}: left out {left}')
        self._test.outcomes.add(expected, what, why)

    def _value(self, name: str) -> Any:
        value = self._test.value(name)
        if isinstance(value, dict) and '__object__' in value:
            return value['__object__']
        return value

    def _check_refused(self, what: str, error: Exception | None) -> None:
        received = self._test.peer.do('received')
        if not isinstance(error, exception.PeerTooOld) or received:
            self._test.problems.append(
                f'{what}: not refused but {error!r}, received {received}'
            )

    def _check_arrived(
        self,
        what: str,
        method: rpc.Method,
        values: dict[str, Any],
        reply: Any,
    ) -> None:
        [got] = self._test.wait(
            lambda: self._test.peer.do('received'), f'{what} has arrived'
        )
        served = {p[0]: p[3] for p in self._served[method.name]}
        wrong = []
        if got['method'] != method.name or got['error']:
            wrong.append(got)
        for name, value in {**served, **values}.items():
            if name in served and got['args'].get(name) != value:
                argument = method.arguments.get(name)
                if argument is None or name in values:
                    wrong.append((name, got['args'].get(name), value))
                elif got['args'].get(name) != argument.default:
                    wrong.append((name, got['args'].get(name), 'default'))
        context = got['context']
        project = context.get('project_id') or context.get('tenant')
        wrong += [
            (a, b)
            for a, b in (
                (project, base.USER['project_id']),
                (context['request_id'], base.USER['request_id']),
                (reply, self._reply(method)),
            )
            if a != b
        ]
        if wrong:
            self._test.problems.append(f'{what}: changed, {wrong}')

    def _reply(self, method: rpc.Method) -> Any:
        return ours.answer(method.name) if method.kind == 'call' else None
