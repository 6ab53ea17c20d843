# SPDX-License-Identifier: Apache-2.0
"""Builds the transports of the control plane."""

from __future__ import annotations

from oslo_config import cfg

from trove.common import rpc
from trove.peers import control_keys
from trove.peers import rejections
from trove.peers import replays
from trove.peers import versions

#: Periodic messages of guests to the conductors.
_RENEWED = ('get_versions', 'heartbeat')


def transport(
    conf: cfg.ConfigOpts,
    *,
    rejected: rpc.Sink | None = None,
    url: str | None = None,
    group: str = 'taskmanager',
) -> rpc.Transport:
    """Return a transport with versions, keys and replay protection.

    :param rejected: records the messages that its servers reject; see
        :class:`trove.peers.rejections.Recorder`
    :param url: of the message broker, instead of ``transport_url``
    :param group: the options of the service, for ``database_retries``
    :raises ConfigurationError: a pin or another option is wrong, or a key is
        missing
    """
    versions.check_pins(conf)
    rpc.check(conf, url)
    budget = None
    if group == 'conductor':
        budget = rpc.Budget(
            lambda: int(conf.conductor.guest_reports_per_minute), _RENEWED
        )
    peers = versions.Versions(conf)
    made = rpc.Transport(
        conf,
        peers.discover,
        url,
        keep=peers.keep,
        keys=control_keys.make(conf),
        rejected=rejected,
        replays=replays.Stored(conf, group),
        budget=budget,
        suspects=rejected or rejections.Recorder(conf, group),
    )
    peers.attach(made)
    return made


def as_guest(transport: rpc.Transport, instance_id: str) -> rpc.Transport:
    """Return a transport that sends to the conductors as a guest does."""
    conf = transport.conf
    peers = versions.Versions(conf)
    made = transport.sharing(
        conf,
        peers.discover,
        keys=(
            control_keys.ControlKeys(conf, identity=instance_id)
            if transport.keys is not None
            else None
        ),
    )
    peers.attach(made)
    return made
