# SPDX-License-Identifier: Apache-2.0
"""The inventory of a live deployment, from its database."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence

from oslo_config import cfg

from trove import version
from trove.common import rpc
from trove.objects.guest import fleet
from trove.peers import versions
from trove.rehearsal import inventory as inventories
from trove.rehearsal import roles
from trove.rpcadmin import facts


def inventory(conf: cfg.ConfigOpts) -> inventories.Inventory:
    """Read the peers and their versions.

    :raises trove.rehearsal.inventory.Unusable: somebody speaks nothing that
        this release knows
    :raises trove.common.exception.ConfigurationError: a pin is wrong
    """
    notes: list[str] = []
    pins = {
        name: str(pin)
        for name, interface in versions.INTERFACES.items()
        if (pin := interface.pin(conf)) is not None
    }
    services = list(_services(conf, notes))
    return inventories.Inventory(
        (*services, _api(services, notes), *_guests(conf, notes)),
        pins,
        bool(conf.enable_secure_rpc_messaging),
        tuple(notes),
    )


def _services(
    conf: cfg.ConfigOpts, notes: list[str]
) -> Iterator[inventories.Member]:
    for peer in facts.find(conf, ('conductor', 'taskmanager'), pinned=False):
        name = f'{peer.kind} on {peer.name}'
        if peer.state == 'down':
            notes.append(
                f'Omitted the {name}, which is not reporting. Start it, or '
                'run "trove-manage service_remove".'
            )
            continue
        speaks = _understood(peer.kind, name, peer.speaks)
        if peer.name == facts.NOBODY:
            name = peer.kind
            notes.append(
                f'No {peer.kind} has reported. Assuming one of the oldest '
                f'revision, {speaks}.'
            )
        elif peer.state == 'unregistered':
            notes.append(
                f'"{name}" stands for all peers of that revision without a '
                'report of their own.'
            )
        revisions = inventories.complete(peer.kind, {peer.kind: speaks})
        if peer.state == 'up' and peer.release == version.release():
            revisions = {**roles.of_release('latest'), peer.kind: speaks}
        yield inventories.Member(
            name, roles.part(peer.kind, revisions, peer.state == 'up')
        )


def _api(
    services: Sequence[inventories.Member], notes: list[str]
) -> inventories.Member:
    """Return an API as old as the oldest service: APIs do not report."""
    revisions = {
        interface: min(
            each.part.revisions[interface]
            for each in services
            if interface in each.part.revisions
        )
        for interface in roles.SENDS['api']
    }
    notes.append(
        'The APIs do not report. Assuming one as old as the oldest service. '
        'If that is wrong, --save the inventory, correct it and pass it with '
        '--file.'
    )
    return inventories.Member('api', roles.part('api', revisions, None))


def _guests(
    conf: cfg.ConfigOpts, notes: list[str]
) -> Iterator[inventories.Member]:
    groups: dict[tuple[rpc.Revision, bool], list[str]] = {}
    unknown = 0
    for guest in fleet.guests(conf):
        unknown += guest.announced is None
        speaks = _understood(
            'guestagent', f'guest {guest.instance_id}', guest.announced
        )
        announces = guest.announced is not None and not guest.probed
        groups.setdefault((speaks, announces), []).append(guest.instance_id)
    if unknown:
        notes.append(
            f'The versions of {unknown} guest agents are unknown. They count '
            'as the oldest revision; "trove-rpc probe INSTANCE" asks them.'
        )
    for (speaks, announces), instances in sorted(groups.items()):
        how = '' if announces else ', silent'
        revisions = inventories.complete('guest', {'guestagent': speaks})
        yield inventories.Member(
            f'guests of {speaks}{how}',
            roles.part('guest', revisions, announces),
            len(instances),
            tuple(instances),
        )


def _understood(kind: str, name: str, text: str | None) -> rpc.Revision:
    found = facts.understood(versions.INTERFACES[kind], text)
    if found == rpc.NOTHING:
        raise inventories.Unusable(
            f'the {name} speaks {text}, which this release does not know. '
            'Upgrade this release first; "trove-status upgrade check" lists '
            'all such peers.'
        )
    return found
