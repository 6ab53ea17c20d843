# SPDX-License-Identifier: Apache-2.0
"""The base class of workflows that have instances follow a primary."""

from __future__ import annotations

import logging
from typing import Any

from trove.common import exception
from trove.common import masking
from trove.guestagent import api as guest_api
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import orders

LOG = logging.getLogger(__name__)


class Following(base.Workflow):
    """A workflow that gives orders about replication."""

    def give(self, instance_id: str, order: orders.Order) -> None:
        """Give an order to a guest, which must answer a ping at first.

        A dead one shows within the timeout of the ping.
        """
        self.guest(instance_id=instance_id).rpc_ping(self.context)
        orders.give(self, order, to=instance_id)

    def context_of(
        self,
        primary: str,
        *,
        administrator: bool = False,
        seconds: float | None = None,
    ) -> dict[str, Any]:
        """Return how a primary is followed.

        :param administrator: with the password of the agent's own user, which
            a replica has from it
        :param seconds: the timeout, ``reboot_time_out`` by default
        """
        if seconds is None:
            seconds = self.conf.reboot_time_out

        def ask() -> dict[str, Any] | None:
            try:
                guest = self.guest(instance_id=primary)
                if administrator and guest.is_sealing:
                    return self._with_administrator(guest)
                return guest.get_replica_context(self.context)
            except exception.TroveError as error:
                LOG.warning(
                    'Primary %s does not tell how it is followed: %s It is '
                    'asked again.',
                    primary,
                    masking.error(error),
                )
                return None

        found = self.wait(ask, seconds)
        if found is None:
            raise base.StepFailed(
                reason=f'instance {primary} did not tell within '
                f'{seconds:g} seconds how it is followed'
            )
        return found

    def _with_administrator(self, guest: guest_api.API) -> dict[str, Any]:
        found = guest.get_replication_snapshot(
            self.context,
            # No backup is to be made.
            snapshot_info={'state': 'COMPLETED'},
        )
        return {key: found[key] for key in ('master', 'replica_conf')}

    def attach(self, instance_id: str, context: dict[str, Any]) -> None:
        """Have an instance follow a primary."""
        self.give(
            instance_id,
            lambda guest: guest.attach_replica(
                self.context,
                replica_info=context,
                slave_config=None,
                restart=True,
            ),
        )
