# SPDX-License-Identifier: Apache-2.0
"""Facts about each peer, and the messages that they permit."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterator
import dataclasses
import datetime
import functools

from oslo_config import cfg

from trove.common import rpc
from trove.guestagent import unsupported as guest_unsupported
from trove.objects import sealing
from trove.objects import service as services
from trove.objects.guest import fleet
from trove.objects.rejected import journal
from trove.peers import versions
from trove.rpcadmin import base
from trove.taskmanager import unsupported as task_unsupported

STATES = ('up', 'down', 'silent', 'unregistered')

#: Methods that no datastore supports, so that no upgrade helps.
IN_VAIN: dict[str, frozenset[str]] = {
    'guestagent': frozenset(guest_unsupported.ORDERS),
    'taskmanager': frozenset(task_unsupported.JOBS),
}

#: Instead of the host, if no service has registered.
NOBODY = '(none)'


@dataclasses.dataclass(frozen=True)
class Peer:
    """One service, or the guest agent of one instance.

    :param kind: name of the interface that it serves
    :param name: host, or id of the instance
    :param release: of its package; or the releases it may be of
    :param speaks: what it announced, or what a probe found; None: unknown
    :param usable: the highest revision that is sent to it, pin applied; None
        where nothing is sent
    :param seen: in UTC
    :param form: of what is sent to it: ``clear``, ``released``, ``sealed``;
        None where the options forbid what the peer understands
    :param downgraded: why it is not ``sealed`` although the peer knows that,
        or did; None when it is, or cannot be
    :param sealing: whether the released form may be sent to it and taken:
        ``refused`` once it has sent what is sealed, ``permitted`` by an
        operator all the same; None: it has not, or is no guest
    :param refused: what conductors did not take of a guest; None: nothing
    """

    kind: str
    name: str
    release: str | None
    speaks: str | None
    usable: str | None
    pin: str | None
    seen: datetime.datetime | None
    state: str
    form: str | None
    downgraded: str | None
    blocks: tuple[str, ...]
    left_out: tuple[str, ...]
    sealing: str | None = None
    refused: journal.Refused | None = None


class Rules:
    """The effective versions of peers with the options of this process.

    :param pinned: the pins count
    :raises trove.common.exception.ConfigurationError: a pin is wrong
    """

    def __init__(self, conf: cfg.ConfigOpts, pinned: bool = True) -> None:
        self._conf = conf
        self._pins = {
            name: interface.pin(conf) if pinned else None
            for name, interface in versions.INTERFACES.items()
        }

    def judge(
        self,
        kind: str,
        name: str,
        text: str | None,
        *,
        release: str | None,
        seen: datetime.datetime | None,
        state: str,
        has_key: bool = True,
        former: str | None = None,
        lowest: str | None = None,
    ) -> Peer:
        """Return what can be sent to a peer that announced ``text``.

        :param has_key: there is a key that its messages are sealed with
        :param former: what it was taken for until it refused that
        :param lowest: what all say that it shares its topic with
        """
        interface, pin = versions.INTERFACES[kind], self._pins[kind]
        speaks = understood(interface, text)
        usable = speaks if pin is None else min(speaks, pin)
        sent = usable
        if lowest is not None:
            sent = min(usable, understood(interface, lowest))
        form = self._form(interface, sent, has_key)
        if form != 'clear' and self._forbids(interface, lowest or text):
            usable, form = rpc.NOTHING, None
        best = max(speaks, understood(interface, former or text))
        downgraded = None
        if (
            state != 'down'
            and form != 'sealed'
            and self._form(interface, best, True) == 'sealed'
            and interface.seals(best)
        ):
            downgraded = _why(form, usable, speaks, sent, best)
        blocks, left_out = missing(interface, usable, speaks)
        if state == 'down':
            # It holds nobody back.
            blocks, left_out = (), ()
        return Peer(
            kind=kind,
            name=name,
            release=release or (text and base.releases(speaks.releases)),
            speaks=text,
            usable=None if state == 'down' or not form else str(usable),
            pin=None if pin is None else str(pin),
            seen=seen,
            state=state,
            form=form,
            downgraded=downgraded,
            blocks=blocks,
            left_out=left_out,
        )

    def _form(
        self, interface: rpc.Interface, usable: rpc.Revision, has_key: bool
    ) -> str | None:
        conf = self._conf
        if not (conf.enable_secure_rpc_messaging and has_key):
            return 'clear'
        if conf.rpc_seal_minimum == 'authenticated':
            return 'sealed'
        return 'sealed' if interface.seals(usable) else 'released'

    def _forbids(self, interface: rpc.Interface, text: str | None) -> bool:
        """Whether nothing can be sent to a peer that announced ``text``."""
        return (
            self._conf.rpc_seal_minimum == 'authenticated'
            and text is not None
            and not interface.seals(understood(interface, text))
        )


def _why(
    form: str | None,
    usable: rpc.Revision,
    speaks: rpc.Revision,
    sent: rpc.Revision,
    best: rpc.Revision,
) -> str:
    """Return why messages to a peer are not sealed; see :class:`Peer`."""
    if best > speaks:
        return f'it refused {best}'
    if form == 'clear':
        return 'it has no key'
    if form is not None and usable < speaks:
        return f'pinned to {usable}'
    return f'another one speaks {sent}'


def understood(interface: rpc.Interface, text: str | None) -> rpc.Revision:
    """Return the assumed revision of a peer that announced ``text``."""
    if text is None:
        return interface.unknown
    try:
        return interface.announced(text)
    except ValueError:
        return interface.unknown


@functools.lru_cache(maxsize=1024)
def missing(
    interface: rpc.Interface, usable: rpc.Revision, speaks: rpc.Revision
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return useful parts of the latest revision that cannot be sent.

    :param usable: the highest revision that may be sent
    :param speaks: the revision of the peer
    :returns: what is refused, and what is left out of messages: methods as
        ``name``, arguments as ``name(argument)``
    """
    known = [interface.as_of(usable), interface.as_of(speaks)]
    refused: list[str] = []
    left_out: list[str] = []
    in_vain = IN_VAIN.get(interface.name, frozenset())
    for name, method in interface.as_of(interface.latest).items():
        if name in in_vain:
            continue
        if not all(name in methods for methods in known):
            refused.append(name)
            continue
        for argument in method.arguments.values():
            if not all(
                argument.name in methods[name].arguments for methods in known
            ):
                omitted = argument.span.may_omit
                kept = left_out if omitted else refused
                kept.append(f'{name}({argument.name})')
    return tuple(refused), tuple(left_out)


def find(
    conf: cfg.ConfigOpts,
    kinds: Collection[str] | None = None,
    *,
    pinned: bool = True,
) -> Iterator[Peer]:
    """Yield all services, then all guests, from the database.

    A few queries, and two for every thousand guests.

    :param kinds: only those that serve one of these interfaces
    :param pinned: the pins of this process count
    :raises trove.common.exception.ConfigurationError: a pin is wrong
    """
    rules = Rules(conf, pinned)
    for peer in _services(conf, rules):
        if kinds is None or peer.kind in kinds:
            yield peer
    if kinds is None or 'guestagent' in kinds:
        for guest in fleet.guests(conf):
            yield _guest(rules, guest)


def _services(conf: cfg.ConfigOpts, rules: Rules) -> Iterator[Peer]:
    living = services.live(conf)
    alive = {(each.binary, each.host) for each in living}
    known = services.list_()
    all_believed = sealing.all_services()
    for kind, binary in sorted(versions.BINARIES.items()):
        believed = all_believed[kind]
        lowest = versions.lowest(
            versions.INTERFACES[kind],
            (
                each.rpc_versions[kind]
                for each in living
                if each.binary == binary
                and kind in each.rpc_versions
                and (believed.released or each.registered)
            ),
        )
        found = False
        for each in known:
            if each.binary != binary:
                continue
            lives = (each.binary, each.host) in alive
            found = found or lives
            state = 'up' if lives else 'down'
            if lives and each.host.startswith(services.UNREGISTERED):
                state = 'unregistered'
            judged = rules.judge(
                kind,
                each.host,
                each.rpc_versions.get(kind),
                release=each.release,
                seen=each.last_report,
                state=state,
                lowest=lowest,
            )
            yield _shown(judged, believed.proven, believed.allowed)
        if not found:
            yield rules.judge(
                kind,
                NOBODY,
                None,
                release=None,
                seen=None,
                state='unregistered',
            )


def _guest(rules: Rules, guest: fleet.Guest) -> Peer:
    if guest.silent is None:
        state = 'unregistered'
    else:
        state = 'silent' if guest.silent else 'up'
    judged = rules.judge(
        'guestagent',
        guest.instance_id,
        guest.announced,
        release=guest.release,
        seen=guest.seen,
        state=state,
        has_key=guest.has_key,
        former=guest.former,
    )
    shown = _shown(judged, guest.proven, guest.permitted)
    return dataclasses.replace(shown, refused=guest.refused)


def _shown(judged: Peer, proven: bool, permitted: bool) -> Peer:
    """Return it with what is permitted, if that is a question."""
    if not proven:
        return judged
    word = 'permitted' if permitted else 'refused'
    return dataclasses.replace(judged, sealing=word)
