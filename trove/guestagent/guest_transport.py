# SPDX-License-Identifier: Apache-2.0
"""The transport of one guest agent with its state.

Several guest agents in one process share a connection; each has its own keys,
rejections, replay protection and cap for the conductors.
"""

from __future__ import annotations

from collections.abc import Callable
import pathlib

from oslo_config import cfg

from trove.common import rpc
from trove.conductor import api as conductor
from trove.guestagent import conductors
from trove.guestagent import guest_keys
from trove.guestagent import handover
from trove.guestagent import rejections
from trove.guestagent import replays


class GuestTransport:
    """Transport, keys, rejections and replay protection of a guest agent.

    :param shared: a transport whose connection is used
    :param own_keys: None when messages are not encrypted
    :param state_dir: an existing directory for persistent state
    :ivar transport: for all messages of this guest
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        shared: rpc.Transport,
        own_keys: guest_keys.GuestKeys | None,
        state_dir: pathlib.Path,
    ) -> None:
        interface = conductor.API.interface
        rejected = rejections.Rejections(
            conf, state_dir / 'rejected', own_keys
        )
        asking = shared.sharing(
            conf,
            {interface.name: lambda peer: rpc.Assumed(interface.latest.name)},
            keys=own_keys,
            rejected=rejected,
        )
        self._keyed = own_keys is not None
        self.conductors = _conductors(conf, asking, own_keys, self._changed)
        self._replays = replays.Replays(
            state_dir / 'replays', lambda: conf.rpc_message_max_age
        )
        self.transport = shared.sharing(
            conf,
            {interface.name: self.conductors.speaks},
            keys=own_keys,
            rejected=rejected,
            replays=self._replays,
        )
        self._handover = handover.HandOver(
            conf, rejected, self.transport, self.conductors
        )

    def start(self) -> None:
        self.conductors.start()
        self._handover.start()

    def meet(self) -> None:
        """Ask the conductors what they speak, before the first message.

        An agent without its state, of a server that was rebuilt, does not
        know that they seal. They know that of it, so they refuse what it
        sends in the form of released Trove.
        """
        if self._keyed and self.conductors.speaks() is None:
            self.conductors.look()

    def refresh(self) -> None:
        """Determine the version of the conductors again."""
        self.transport.refresh()
        self.conductors.wake()

    def stop(self) -> None:
        """Stop; call it after the last message was received."""
        self.conductors.stop()
        self._handover.stop()
        self._replays.close()

    def _changed(self) -> None:
        self.transport.refresh(conductor.API.interface.name)
        self._handover.wake()


def _conductors(
    conf: cfg.ConfigOpts,
    asking: rpc.Transport,
    own_keys: guest_keys.GuestKeys | None,
    changed: Callable[[], None],
) -> conductors.Conductors:
    if own_keys is None:
        return conductors.Conductors(
            conf, conductors.asking(conf, asking), changed
        )
    seen = own_keys.seen
    return conductors.Conductors(
        conf,
        conductors.asking(conf, asking, seen.answered),
        changed,
        proven=lambda: not seen.released_allowed(conductors=True),
    )
