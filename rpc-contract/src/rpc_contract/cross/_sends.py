# SPDX-License-Identifier: Apache-2.0
"""One message, held against the endpoints that take it."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses

from rpc_contract import findings
from rpc_contract import model
from rpc_contract import versions

Finding = findings.Finding
_UNREAD_METHODS = '__getattr__'


@dataclasses.dataclass(frozen=True)
class Held:
    """A message that is held against endpoints.

    :param old: the older release that they are of, None: of the same
    """

    client: model.Contract
    send: model.Send
    old: str | None = None

    def against(self, served: Sequence[model.Contract]) -> Iterator[Finding]:
        """Find what is wrong with it for the endpoints of its tree."""
        send = self.send
        version = versions.parse(send.version)
        named = [each for each in served if each.namespace == send.namespace]
        alike = [
            each
            for each in named
            if version is None
            or (versions.parse(each.version) or version)[0] == version[0]
        ]
        takers = [
            each
            for each in alike
            if version is None
            or versions.takes(versions.parse(each.version) or version, version)
        ]
        if takers:
            having = [each for each in takers if send.method in each.methods]
            yield from self.to((having or takers)[0])
        elif self._is_fallback or (alike and self.client.history):
            # What is wrong with a history is told by hygiene.py.
            return
        elif alike:
            yield self._finding(
                'version-above-endpoint',
                send.method,
                f'{send.method} is sent at {send.version}, and the endpoint '
                f'takes messages up to {alike[0].version}: it answers '
                'UnsupportedVersion, or a cast is lost.',
                f'Raise the version of the target at {alike[0].where} to '
                f'{send.version}.',
            )
        else:
            what = (
                f'in the namespace {send.namespace!r}'
                if not named
                else f'of the major version of {send.version}'
            )
            yield self._finding(
                'not-served',
                send.method,
                f'{send.method} is sent {what}, which no endpoint serves.',
                'Add an endpoint with such a target, or change the message.',
            )

    def to(self, served: model.Contract) -> Iterator[Finding]:
        """Find what is wrong with it for one endpoint that takes it."""
        send = self.send
        method = served.methods.get(send.method)
        if method is None:
            # What a declared contract hides is told by serving.py.
            if not self.client.history and not any(
                _UNREAD_METHODS in each.what for each in served.unread
            ):
                yield self._misfit(
                    'not-served',
                    send.method,
                    f'{send.method} is sent at {self._version}, and '
                    f'{self._endpoint} has no such method.',
                    f'Serve {send.method}, or send it at a version that only '
                    'peers with it support.',
                )
            return
        if method.broken:
            yield self._misfit(
                'not-served',
                send.method,
                f'{send.method} is sent at {self._version}, and nothing of it '
                f'is run: {method.broken}.',
                f'Fix it at {method.where}.',
            )
            return
        yield from self._arguments(method)

    def _arguments(self, method: model.Method) -> Iterator[Finding]:
        send = self.send
        for name in send.arguments:
            if method.argument(name) is None and not method.any_fields:
                yield self._misfit(
                    'unknown-argument',
                    f'{send.method}({name})',
                    f'{send.method} is sent with {name} at {self._version}, '
                    f'which {self._endpoint} does not know: TypeError.',
                    f'Accept {name} at {method.where}, or send it at a '
                    'version that only peers with it support.',
                )
        for argument in method.arguments:
            sure = send.arguments.get(argument.name)
            if (
                argument.default is None
                and sure != 'always'
                and (sure or not send.any_fields)
            ):
                when = 'at times' if sure else 'always'
                yield self._misfit(
                    'missing-argument',
                    f'{send.method}({argument.name})',
                    f'{send.method} is sent at {self._version} without '
                    f'{argument.name}, {when}, which {self._endpoint} '
                    'requires: TypeError.',
                    f'Send {argument.name}, or give it a default at '
                    f'{argument.where} that means the same as before.',
                )

    def unknown_to(
        self, old: model.Contract, now: model.Method | None
    ) -> Iterator[Finding]:
        """Find what an older endpoint, which takes it, does not know.

        :param now: who serves it in the same tree. What that does not serve
            either is told without an older one; what the signature shows
            while the version stays is for ``compare``
        """
        send = self.send
        then = old.methods.get(send.method)
        bumped = old.version != self.client.version
        unknown: list[str] = []
        if then is None and now is not None and bumped:
            unknown = [send.method]
        elif then is not None and now is not None and not then.any_fields:
            unknown = [
                f'{send.method}({name})'
                for name in send.arguments
                if then.argument(name) is None
                and (bumped or now.argument(name) is None)
            ]
        for symbol in unknown:
            yield self._finding(
                'version-too-low',
                symbol,
                f'{symbol} is sent at {self._version}, but {self._endpoint}, '
                f'which has version {old.version}, does not know it.',
                f'Send it at {self.client.version}, and other peers only what '
                'they support.',
            )

    @property
    def _version(self) -> str:
        return self.send.version or 'the version of the client'

    @property
    def _endpoint(self) -> str:
        return f'the endpoint of {self.old}' if self.old else 'the endpoint'

    @property
    def _is_fallback(self) -> bool:
        """Whether the newest peers are never sent it."""
        newest = versions.parse(self.client.version)
        version = versions.parse(self.send.version)
        if newest is None:
            return False
        caps = versions.all_of(self.send.caps)
        if version is not None and version[0] < newest[0]:
            return True
        return bool(caps) and max(caps) < newest

    def _came_later(self, name: str) -> bool:
        """Whether older peers are sent the message without an argument."""
        method = self.client.methods.get(self.send.method)
        argument = method.argument(name) if method else None
        return (
            method is not None
            and argument is not None
            and argument.since not in ('', method.since)
        )

    def _misfit(
        self, rule: str, symbol: str, message: str, fix: str
    ) -> Finding:
        name = symbol.partition('(')[2].rstrip(')')
        if (
            self.old is not None
            or self._is_fallback
            or (rule == 'missing-argument' and self._came_later(name))
        ):
            return self._finding(
                'fallback-unfit', symbol, f'As a fallback, {message}', fix
            )
        return self._finding(rule, symbol, message, fix)

    def _finding(
        self, rule: str, symbol: str, message: str, fix: str
    ) -> Finding:
        return Finding(
            rule,
            self.client.interface,
            symbol,
            self.send.where,
            message,
            fix,
            self.old,
        )
