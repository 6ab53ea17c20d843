# SPDX-License-Identifier: Apache-2.0
"""An interface: its history, and what each revision of it knows."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import functools

from oslo_config import cfg

from trove.common import exception
from trove.common.rpc import _contract

Topic = Callable[[cfg.ConfigOpts, str | None], str]


@dataclasses.dataclass(frozen=True, eq=False)
class Interface:
    """The RPC interface of one service, of one major version.

    :param name: of the interface, and of its option in ``[upgrade_levels]``
    :param topic: gives the topic for the options and a peer's identifier
    :param history: oldest first; the last entry is the latest revision
    :param peer: how a message to a person calls a peer, with ``%s`` where
        its identifier belongs, for instance ``guest agent of instance %s``
    :param remedy: what an operator does about a peer that is too old
    :param carries_token: the user's token and service catalog go along; not
        where one end of the interface is a customer's machine
    :param token_for: arguments that, if true, have them go along nevertheless
        to peers of releases, which have no other access to an object store;
        not if the peer is proven to know seals, and not an administrator's
    :param sealed_since: the first revision whose peers understand sealed
        messages, where releases served the interface that know the released
        encryption only; None where none did, and all peers understand them
    :param names_sender: many peers send to one, each with a key of its own,
        so a message names its sender
    :param follows: it is a new major version that is served beside the one
        before it, so a peer of which nothing is known is not spoken to
    :param methods: by name; filled in by the client class that declares them
    """

    name: str
    topic: Topic
    history: tuple[_contract.Revision, ...]
    peer: str
    remedy: str
    carries_token: bool = False
    token_for: tuple[str, ...] = ()
    sealed_since: str | None = None
    names_sender: bool = False
    follows: bool = False
    methods: Mapping[str, _contract.Method] = dataclasses.field(
        default_factory=dict
    )

    def __post_init__(self) -> None:
        history = tuple(
            dataclasses.replace(revision, index=index)
            for index, revision in enumerate(self.history)
        )
        object.__setattr__(self, 'history', history)
        versions = [revision.version for revision in history]
        names = [revision.name for revision in history]
        if (
            not versions
            or versions != sorted(versions)
            or len({version.major for version in versions}) > 1
            or len(set(names)) < len(names)
        ):
            raise TypeError(f'the history of {self.name} is not sorted')
        for owner, mentioned in self._mentioned():
            if mentioned not in names:
                raise TypeError(
                    f'{self.name}{owner} refers to revision {mentioned}, '
                    'which is not in the history'
                )

    def _mentioned(self) -> Iterator[tuple[str, str]]:
        if self.sealed_since is not None:
            yield '', self.sealed_since
        for method in self.methods.values():
            for name in method.span.names():
                yield f'.{method.name}', name
            for argument in method.arguments.values():
                for name in argument.span.names():
                    yield f'.{method.name}', name

    @functools.cached_property
    def _by_name(self) -> dict[str, _contract.Revision]:
        return {revision.name: revision for revision in self.history}

    @property
    def floor(self) -> _contract.Revision:
        """The revision that every peer understands."""
        return self.history[0]

    @property
    def unknown(self) -> _contract.Revision:
        """Assumed revision of an unknown peer."""
        return _contract.NOTHING if self.follows else self.floor

    @functools.cached_property
    def latest(self) -> _contract.Revision:
        return self.history[-1]

    @functools.cached_property
    def major(self) -> int:
        """The major version that all of it is of."""
        return self.latest.version.major

    @functools.cached_property
    def aliases(self) -> dict[str, _contract.Revision]:
        """The revision by name of the release whose services are of it."""
        return {
            release: revision
            for revision in self.history
            for release in revision.releases
        } | {'latest': self.latest}

    def revision(self, name: str) -> _contract.Revision:
        """Return the revision of a name, a version, or a release.

        :raises ValueError: there is none; the text names those there are
        """
        known = self._by_name
        found = known.get(name) or self.aliases.get(name.lower())
        if found is None:
            raise ValueError(
                f'"{name}" is not a revision of {self.name}; use one of '
                f'{", ".join(known)}'
            )
        return found

    def announced(self, text: str) -> _contract.Revision:
        """Return the highest revision that a peer of this text understands.

        :param text: a revision, or several of different majors, separated by
            commas; a peer may be newer than this side
        :returns: ``NOTHING`` when it understands none of this major version
        :raises ValueError: the text is none of that
        """
        best = _contract.NOTHING
        known = self._by_name
        for name in text.split(','):
            version = _contract.Version.parse(name.strip().partition('/')[0])
            if version.major != self.latest.version.major:
                continue
            below = [r for r in self.history if r.version < version]
            same = [r for r in self.history if r.version == version]
            found = known.get(name.strip())
            if found is None:
                # Of an unknown label only the version is sure; a version
                # beyond ours includes all of ours.
                found = (same[:1] or below[-1:] or [_contract.NOTHING])[0]
            best = max(best, found)
        return best

    def knows(
        self, span: _contract.Span, revision: _contract.Revision
    ) -> bool:
        """Whether endpoints of ``revision`` know what has this span."""
        index = revision.index
        if index < self._index(span.since):
            return False
        if span.again is not None and index >= self._index(span.again):
            return True
        return span.until is None or index <= self._index(span.until)

    def requires(
        self, span: _contract.Span, revision: _contract.Revision
    ) -> bool:
        """Whether endpoints of ``revision`` refuse to do without it."""
        if span.required is None:
            return False
        first, last = span.required
        return self._index(first) <= revision.index <= self._index(last)

    def _index(self, name: str) -> int:
        known = self._by_name
        return known[name].index

    @functools.cached_property
    def first_sealed(self) -> _contract.Revision:
        """The first revision whose peers understand sealed messages."""
        name = self.sealed_since
        return self.floor if name is None else self._by_name[name]

    def seals(self, revision: _contract.Revision) -> bool:
        """Whether peers of ``revision`` understand sealed messages."""
        return revision.index >= self.first_sealed.index

    @functools.lru_cache(1024)  # noqa: B019 (there are few interfaces)
    def sealed_version(
        self, version: str, limit: _contract.Revision
    ) -> str | None:
        """Return the version of a message when it is sealed.

        :param version: that it has in the clear
        :param limit: the highest revision that may be sent
        :returns: None when that does not know sealed messages
        """
        if not self.seals(limit):
            return None
        first = self.first_sealed.version
        return str(max(_contract.Version.parse(version), first))

    def describe(self, peer: str | None) -> str:
        """Return the name of a peer for log lines and errors."""
        return self.peer % peer if '%s' in self.peer else self.peer

    def as_of(
        self, revision: _contract.Revision
    ) -> dict[str, _contract.Method]:
        """The methods of endpoints of ``revision``, as they were then."""
        return {
            name: dataclasses.replace(
                method, arguments=self._arguments(method, revision)
            )
            for name, method in self.methods.items()
            if self.knows(method.span, revision)
        }

    def _arguments(
        self, method: _contract.Method, revision: _contract.Revision
    ) -> dict[str, _contract.Argument]:
        return {
            argument.name: dataclasses.replace(
                argument, default=_contract.REQUIRED
            )
            if self.requires(argument.span, revision)
            else argument
            for argument in method.arguments.values()
            if self.knows(argument.span, revision)
        }

    def pin(self, conf: cfg.ConfigOpts) -> _contract.Revision | None:
        """The operator's pin, None where the peers decide alone.

        :raises trove.common.exception.ConfigurationError: the option's value
            is no release and no revision of this interface
        """
        value: str = conf.upgrade_levels[self.name].strip()
        if value == 'auto':
            return None
        try:
            return self.revision(value)
        except ValueError:
            if self.follows and self._is_before(value):
                return _contract.NOTHING
            raise exception.ConfigurationError(
                option=f'[upgrade_levels] {self.name}',
                value=value,
                remedy='use auto, a version ('
                + ', '.join(revision.name for revision in self.history)
                + ') or a release ('
                + ', '.join(self.aliases)
                + ').',
            ) from None

    def _is_before(self, value: str) -> bool:
        try:
            version = _contract.Version.parse(value.partition('/')[0])
        except ValueError:
            return False
        return version.major < self.latest.version.major
