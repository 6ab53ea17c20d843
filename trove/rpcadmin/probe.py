# SPDX-License-Identifier: Apache-2.0
"""``trove-rpc probe``: asks a peer for the version that it supports."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.objects import sealing
from trove.objects import service as services
from trove.objects.guest import guest_versions
from trove.objects.instance import instances
from trove.peers import versions
from trove.rpcadmin import base
from trove.rpcadmin import facts

#: Minimum number of probes of a topic that several services share.
_ROUNDS = 4


class Probe(base.ShowOne):
    """Ask a guest agent, or the services, for the version that they support.

    The peer runs nothing. The answer of a guest is stored, unless the guest
    has announced its version. If several services share a topic, the lowest
    answer counts; use --host to ask a specific one.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        whom = parser.add_mutually_exclusive_group(required=True)
        whom.add_argument(
            'instance',
            nargs='?',
            help='ID of the instance whose guest agent is probed.',
        )
        for kind, what in (
            ('taskmanager', 'task managers'),
            ('conductor', 'conductors'),
        ):
            whom.add_argument(
                f'--{kind}',
                action='store_const',
                dest='service',
                const=kind,
                help=f'Probe the {what}.',
            )
        parser.add_argument(
            '--host', help='Probe only the service of this name.'
        )
        parser.add_argument(
            '--timeout',
            type=base.seconds,
            metavar='SECONDS',
            help='Timeout in seconds of each probe (default: probe_timeout).',
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Sequence[Any]]:
        kind = parsed_args.service or 'guestagent'
        peer = parsed_args.instance
        known = None
        if peer is not None:
            known = instances.get(
                trove_context.make_admin_context(), peer
            ).guest_version
        interface = versions.INTERFACES[kind]
        try:
            found = self._ask(interface, peer, parsed_args)
        except Exception as error:
            if _is_of_driver(error):
                explained = rpc.explain(error)
                if explained is not None:
                    raise explained from error
                raise exception.ServiceUnavailable(
                    what='The message broker'
                ) from error
            raise
        if found is None:
            it, s = ('they', '') if peer is None else ('it', 's')
            raise exception.TroveError(
                f'The {interface.describe(peer)} did not answer. Check that '
                f'{it} run{s} and reach{"es" if s else ""} the message broker.'
            )
        if found == rpc.NOTHING:
            raise exception.TroveError(
                f'The {interface.describe(peer)} answered, but does not '
                f'support {kind} {interface.latest.version.major}.x. Check '
                'its release.'
            )
        kept = False
        if peer is not None and _outweighed(interface, peer, found):
            self.app.complain(
                f'the {interface.describe(peer)} announced another version '
                'before, sealed with its key, which takes precedence: this '
                'answer is ignored. If its agent was rolled back, run '
                f'"trove-rpc sealing allow {peer} --reason WHY". If not, '
                'somebody else has answered.'
            )
        elif peer is not None:
            kept = _keep(interface, peer, found, known)
        return self._shown(kind, peer or parsed_args.host, found, known, kept)

    def _shown(
        self,
        kind: str,
        peer: str | None,
        found: rpc.Revision,
        known: str | None,
        kept: bool,
    ) -> tuple[Sequence[str], Sequence[Any]]:
        judged = facts.Rules(self.app.conf).judge(
            kind, peer or '', found.name, release=None, seen=None, state='up'
        )
        shown = {
            'kind': kind,
            'peer': peer,
            'answered': found.name,
            'believed_before': known,
            'kept': kept,
            'releases': base.releases(found.releases),
            'usable': judged.usable,
            'pin': judged.pin,
            'blocks': base.Words(list(judged.blocks)),
            'left_out': base.Words(list(judged.left_out)),
        }
        return tuple(shown), tuple(shown.values())

    def _ask(
        self,
        interface: rpc.Interface,
        peer: str | None,
        parsed_args: argparse.Namespace,
    ) -> rpc.Revision | None:
        transport, host = self.deployment.transport, parsed_args.host
        if peer is not None or host is not None:
            return rpc.probe(
                transport,
                interface,
                peer=peer,
                server=host,
                timeout=parsed_args.timeout,
            )
        # On a shared topic, a missing queue means that no service runs.
        transport.connection.reach()
        live = services.live(
            self.app.conf, versions.BINARIES[interface.name]
        )
        rounds = max(_ROUNDS, len(live) + 2)
        return versions.probe(
            transport, interface, rounds, parsed_args.timeout
        )


def _is_of_driver(error: Exception) -> bool:
    if isinstance(error, exception.TroveError):
        return False
    ours = type(error).__module__.partition('.')[0] in ('builtins', 'trove')
    return isinstance(error, OSError) or not ours


def _outweighed(
    interface: rpc.Interface, peer: str, found: rpc.Revision
) -> bool:
    said = sealing.get(peer)
    if said is None or interface.seals(found):
        return False
    return said.proven_at is not None and not said.allowed


def _keep(
    interface: rpc.Interface,
    peer: str,
    found: rpc.Revision,
    known: str | None,
) -> bool:
    if known is None:
        # It may have refused something; now somebody has looked.
        guest_versions.record_probe(peer, None)
    seals = interface.seals(found)
    if guest_versions.record_probe(peer, found.name, seals):
        return True
    if known is not None and facts.understood(interface, known) == found:
        return False
    # It announced something else, and is of another release since then.
    guest_versions.record_probe(peer, None)
    return guest_versions.record_probe(peer, found.name, seals)
