# SPDX-License-Identifier: Apache-2.0
"""Have a server that runs again be what is recorded of its instance.

A promotion makes servers read-only or writable. When it fails, one that dies
meanwhile cannot be told that this is undone. It keeps what it was told last:
so a former primary can be read-only though it follows nobody, and a replica
whose server was stopped can be writable.
"""

from __future__ import annotations

from trove.common import exception
from trove.objects.guest import replication
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import following


class Roles(following.Following):
    """A workflow that starts the database of one instance."""

    def settle_role(self, *, rebuilt: bool = False) -> None:
        """Make a lone instance writable, and have a replica follow.

        Those that work are left alone. So is a primary of replicas: one of
        them is promoted, it is ejected, or it is restarted without them.

        :param rebuilt: it has a new guest agent, which follows already
        """
        if not self.guest().is_sealing:
            return
        instance = self.instance()
        failed = instance.server_status == 'ERROR'
        primary = instance.slave_of_id
        if primary and failed:
            self._rejoin(primary)
        elif not (primary or instance.replicas) and (
            rebuilt
            or failed
            or self.env.database(replication.has_reported, instance.id)
        ):
            self._open()

    def _rejoin(self, primary: str) -> None:
        try:
            self._set_read_only(True)
            self.guest(instance_id=primary).rpc_ping(self.context)
            self.attach(self.instance_id, self.context_of(primary))
        except exception.TroveError as error:
            raise base.StepFailed(
                reason=f'it does not follow its primary {primary}: {error}',
                remedy='When the primary answers, reboot this replica again; '
                'or delete it.',
            ) from error

    def _open(self) -> None:
        try:
            self._set_read_only(False)
        except exception.NotSupported:
            # Of its datastore, there are no replicas.
            pass
        except exception.TroveError as error:
            raise base.StepFailed(
                reason=f'it may be read-only: {error}'
            ) from error
        self.env.database(replication.forget, self.instance_id)

    def _set_read_only(self, read_only: bool) -> None:
        self.give(
            self.instance_id,
            lambda guest: guest.make_read_only(
                self.context, read_only=read_only
            ),
        )
