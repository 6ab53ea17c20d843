# SPDX-License-Identifier: Apache-2.0
"""The one place where a transport of the control plane is put together."""

from __future__ import annotations

from oslo_config import cfg

from trove.common import rpc
from trove.peers import control_keys
from trove.peers import rejections
from trove.peers import replays
from trove.peers import versions

#: What guests send to the conductors again and again by themselves.
_RENEWED = ('get_versions', 'heartbeat')


def transport(
    conf: cfg.ConfigOpts,
    *,
    rejected: rpc.Sink | None = None,
    url: str | None = None,
    group: str = 'taskmanager',
) -> rpc.Transport:
    """Return a transport that knows its peers, their keys, and copies.

    :param rejected: writes down what a server of it cannot take; see
        :class:`trove.peers.rejections.Recorder`
    :param url: of the message broker, instead of ``transport_url``
    :param group: options of the service; its ``database_retries`` count
    :raises ConfigurationError: a pin or an option of the messages is wrong,
        or a key is missing
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
    """Return one that speaks to the conductors like an instance's guest."""
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
