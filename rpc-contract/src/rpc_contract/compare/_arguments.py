# SPDX-License-Identifier: Apache-2.0
"""What has become of the arguments and the result of a method."""

from __future__ import annotations

from collections.abc import Iterator

from rpc_contract import findings
from rpc_contract import hints
from rpc_contract import model
from rpc_contract.compare import _pair

#: How much a name has to be like another to count as the same, renamed.
_ALIKE = 0.7


class Change:
    """One method in an old contract and in the one of now.

    :param old: as peers of the old revision have it
    :param then: as the new contract says that they have it; None: not at all
    :param now: as it is served now
    """

    def __init__(
        self,
        pair: _pair.Pair,
        old: model.Method,
        then: model.Method | None,
        now: model.Method,
    ) -> None:
        self._pair = pair
        self._old = old
        self._then = then
        self._now = now

    def all(self) -> Iterator[findings.Finding]:
        yield from self._kind()
        yield from self._result()
        added = [
            argument
            for argument in self._now.arguments
            if self._old.argument(argument.name) is None
        ]
        if self._now.any_fields:
            removed = []
        else:
            removed = [
                argument
                for argument in self._old.arguments
                if self._now.argument(argument.name) is None
            ]
        for gone in removed:
            came = self._renamed(gone, added)
            if came is not None:
                added.remove(came)
                yield self._say_renamed(gone, came)
            else:
                yield self._say_removed(gone)
        for came in added:
            yield from self._added(came)
        yield from self._open_ended()
        for old in self._old.arguments:
            now = self._now.argument(old.name)
            if now is not None:
                yield from self._kept(old, now)

    def _finding(
        self,
        rule: str,
        argument: model.Argument | None,
        message: str,
        fix: str,
    ) -> findings.Finding:
        method = self._now
        if argument is None:
            symbol, where = method.name, method.where
        else:
            symbol = f'{method.name}({argument.name})'
            where = argument.where if argument.where.line else method.where
        return self._pair.finding(rule, symbol, where, message, fix)

    def _kind(self) -> Iterator[findings.Finding]:
        old, now = self._old.kind, self._now.kind
        if old == now or None in (old, now):
            return
        name = self._now.name
        lost = (
            'callers wait for an answer that has no content any more'
            if old == 'call'
            else 'callers wait for peers that were always cast to'
        )
        yield self._finding(
            f'{old}-to-{now}',
            None,
            f'{name} was a {old} and is a {now}: {lost}.',
            f'Make {name} a {old} again, and declare what is wanted as '
            f'another method since {self._pair.coming}.',
        )

    def _result(self) -> Iterator[findings.Finding]:
        old, now = self._old.result, self._now.result
        change = hints.change(old, now)
        if change != 'same':
            name = self._now.name
            yield self._finding(
                f'result-{change}',
                None,
                f'{name} returned {old} and returns {now}; a result has no '
                'version, so callers cannot know which one they get.',
                f'Return {old} from {name} as before, and declare another '
                f'method since {self._pair.coming} that returns {now}.',
            )

    def _renamed(
        self, gone: model.Argument, added: list[model.Argument]
    ) -> model.Argument | None:
        place = self._old.arguments.index(gone)
        for came in added:
            same_place = self._now.arguments.index(came) == place
            same_type = gone.annotation == came.annotation
            same_need = (gone.default is None) == (came.default is None)
            name = _pair.alike(gone.name, came.name)
            if same_need and (
                (same_place and same_type) or (same_type and name >= _ALIKE)
            ):
                return came
        return None

    def _say_renamed(
        self, gone: model.Argument, came: model.Argument
    ) -> findings.Finding:
        return self._finding(
            'argument-renamed',
            came,
            f'{gone.name} of {self._now.name} was renamed to {came.name}. '
            'Arguments are passed by name: old clients are refused, and old '
            'servers refuse the new name.',
            f'Rename it to {gone.name} again. If the new name matters, add '
            f'{came.name} since {self._pair.coming}, with a default that '
            'means "as before".',
        )

    def _say_removed(self, gone: model.Argument) -> findings.Finding:
        declared = self._pair.new.methods[self._now.name].argument(gone.name)
        name = f'{gone.name} of {self._now.name}'
        if declared is not None and declared.until is not None:
            said = f'{name} is supported until {declared.until} only'
            fix = (
                'Accept it and ignore it: remove until=. Or suppress this '
                'finding, with the reason, until the floor is above '
                f'{declared.until}.'
            )
        else:
            said = f'{name} is gone'
            fix = f'Accept {gone.name}, even if it has no effect.'
        return self._finding(
            'argument-removed',
            declared or gone,
            f'{said}: a message of an old client that has it is refused.',
            fix,
        )

    def _added(self, came: model.Argument) -> Iterator[findings.Finding]:
        name = f'{came.name} of {self._now.name}'
        coming = self._pair.coming
        if came.default is None:
            yield self._finding(
                'argument-added-required',
                came,
                f'{name} is new and has no default: every message of an old '
                'client, which does not send it, is refused.',
                'Give it a default that means "as before"'
                + (
                    f", and a span: spans={{'{came.name}': "
                    f"rpc.Span('{coming}')}}."
                    if self._pair.declared
                    else f', and raise the version to {coming}.'
                ),
            )
        elif self._then is not None and self._then.argument(came.name):
            yield self._finding(
                'argument-added-optional',
                came,
                f'{name} is sent to peers that do not know it, and refuse the '
                'message.',
                f"Say since when there is it: spans={{'{came.name}': "
                f"rpc.Span('{coming}')}}."
                if self._pair.declared
                else f'Raise the version to {coming}, and have clients send '
                f"it only where can_send_version('{coming}').",
            )

    def _open_ended(self) -> Iterator[findings.Finding]:
        """Of further arguments, which the contract does not name."""
        old, now = self._old.any_fields, self._now.any_fields
        name = self._now.name
        if old and not now:
            yield self._finding(
                'argument-removed',
                None,
                f'{name} took any further arguments and takes none: a '
                'message of an old client that has some is refused.',
                'Accept **fields again.',
            )
        elif now and not old and self._then and self._then.any_fields:
            yield self._finding(
                'argument-added-optional',
                None,
                f'{name} takes any further arguments, and peers of '
                f'{self._pair.against} refuse them.',
                'Name the required arguments, each with a span, or declare '
                f'another method since {self._pair.coming}.',
            )

    def _kept(
        self, old: model.Argument, now: model.Argument
    ) -> Iterator[findings.Finding]:
        yield from self._belief(old, now)
        yield from self._need(old, now)
        yield from self._default(old, now)
        change = hints.change(old.annotation, now.annotation)
        if change != 'same':
            yield self._finding(
                f'type-{change}',
                now,
                f'{now.name} of {self._now.name} was {old.annotation} and is '
                f'{now.annotation}.',
                f'Make it {old.annotation} again, and add another argument '
                f'since {self._pair.coming} for what is wanted.',
            )

    def _belief(
        self, old: model.Argument, now: model.Argument
    ) -> Iterator[findings.Finding]:
        """Whether what is believed of old peers is less than they take."""
        then = self._then.argument(now.name) if self._then else None
        first = self._pair.old.history[-1].name if self._pair.declared else ''
        if self._then is not None and then is None:
            said = 'knows {}, and the contract says that it does not: it is '
            said += 'not sent to those who take it'
            fix = f'Have its span begin where it did, at or before {first}.'
        elif (
            self._pair.declared
            and then is not None
            and then.default is None
            and None not in (old.default, now.default)
        ):
            said = 'does without {}, and the contract says that it does not'
            fix = f'Have required= begin after {first}.'
        else:
            return
        name = f'{now.name} of {self._now.name}'
        yield self._finding(
            'changed-without-bump',
            now,
            f'{self._pair.against} {said.format(name)}.',
            fix,
        )

    def _need(
        self, old: model.Argument, now: model.Argument
    ) -> Iterator[findings.Finding]:
        name = f'{now.name} of {self._now.name}'
        then = self._then.argument(now.name) if self._then else None
        if old.default is not None and now.default is None:
            yield self._finding(
                'argument-made-required',
                now,
                f'{name} had the default {old.default} and has none: a '
                'message of an old client that leaves it out is refused.',
                f'Give it its default again: {now.name}={old.default}.',
            )
        elif old.default is None and then is not None and then.default:
            yield self._finding(
                'argument-made-optional',
                now,
                f'{name} has the default {then.default}, and peers of '
                f'{self._pair.against} refuse a message without it.',
                'Say which peers require it: '
                f"spans={{'{now.name}': rpc.Span(required=(FIRST, LAST))}}, "
                'or take the default away.'
                if self._pair.declared
                else f'Raise the version to {self._pair.coming}, and have '
                'clients always send it to peers below that.',
            )

    def _default(
        self, old: model.Argument, now: model.Argument
    ) -> Iterator[findings.Finding]:
        if old.default == now.default or None in (old.default, now.default):
            return
        yield self._finding(
            'default-changed',
            now,
            f'{now.name} of {self._now.name} had the default {old.default} '
            f'and has {now.default}: without the argument, an old server and '
            'a new one use different values.',
            f'Make the default {old.default} again. For another behaviour '
            f'add an argument since {self._pair.coming}.',
        )
