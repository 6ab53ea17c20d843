# SPDX-License-Identifier: Apache-2.0
"""The base class of workflows that change the server of a stopped database."""

from __future__ import annotations

from trove.common import exception
from trove.guestagent import api as guestagent
from trove.objects.guest import probes
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import guest
from trove.taskmanager.workflows import orders
from trove.taskmanager.workflows import released_guest


class Stopped(base.Workflow):
    """Stops the database and starts it again, for its steps."""

    _newest = 0.0

    def stop_database(self) -> None:
        orders.give(self, lambda guest: guest.stop_db(self.context))

    def start_database(self) -> None:
        """Start it; its settings are adapted to the memory."""
        self._newest = guest.last_sent(self)
        version = self.instance().datastore_version
        number = (version.version or version.name) if version else None
        orders.give(
            self,
            lambda guest: guest.start_db_with_conf_changes(
                self.context,
                config_contents=self.configuration(guest),
                ds_version=number,
            ),
        )

    def memory(self) -> int:
        """Return the memory of the server, in MiB."""
        return self.cloud.compute.get_flavor(
            self.context, self.instance().flavor_id or ''
        ).ram

    def configuration(self, client: guestagent.API) -> str | None:
        """Return the one that a guest agent of a release needs.

        One of this tree makes it itself.
        """
        version = self.instance().datastore_version
        if client.is_sealing or not client.known or version is None:
            return None
        try:
            needs = released_guest.needs(version.manager or '')
        except released_guest.Unknown:
            return None
        return needs.config(self.instance_id, self.memory())

    def wait_for_database(self) -> None:
        guest.wait_until_usable(
            self, self.conf.resize_time_out, newer_than=self._newest
        )

    def start_again(self) -> None:
        self.start_database()
        self.wait_for_database()

    def wait_for_answer(self, done: str) -> None:
        """Wait until the guest agent of the changed server answers.

        :param done: what was done to the server
        :raises StepFailed: after ``resize_time_out``
        """
        seconds = self.conf.resize_time_out
        if not self.wait(self._answers, seconds):
            raise base.StepFailed(
                reason=f'its guest agent did not answer within {seconds} '
                f'seconds after its server was {done}'
            )

    def _answers(self) -> bool:
        try:
            self.guest().rpc_ping(self.context)
        except (exception.PeerTimeout, exception.PeerUnreachable):
            return False
        # The cap of its silent time may be too low, for all processes.
        self.env.database(probes.record_life, self.instance_id)
        self.env.transport.caps.forget('guestagent', self.instance_id)
        # One of release 26.0 fails without what is newer than the oldest.
        return self.guest().known
