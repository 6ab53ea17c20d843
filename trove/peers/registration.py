# SPDX-License-Identifier: Apache-2.0
"""The entry of a service in the registry."""

from __future__ import annotations

import logging

from oslo_config import cfg

from trove import version
from trove.common import exception
from trove.common import rpc
from trove.objects import service as services
from trove.peers import retrying

LOG = logging.getLogger(__name__)

_ERRORS = (exception.TroveError, *retrying.ERRORS)


class Registration:
    """Registers a service for the senders of messages to it.

    :param binary: the name of its program
    :param interface: the interface that it serves
    :param serves: the revision of the interface
    :ivar reported: whether it is in the registry
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        binary: str,
        interface: rpc.Interface,
        serves: str,
    ) -> None:
        self._conf = conf
        self._binary = binary
        self._versions = {interface.name: serves}
        self.reported = False

    def report(self) -> None:
        """Report that the service is alive; called periodically.

        :raises ServiceUnavailable, DBError: the database does not work
        """
        services.report(
            self._binary,
            self._conf.host,
            self._versions,
            version.release(),
            started=not self.reported,
        )
        self.reported = True

    def report_before_start(self) -> None:
        """Report before the service receives messages; raises nothing.

        Senders must know its version by then: an older service that starts
        beside newer ones would get messages that only those understand.
        """
        try:
            self.report()
        except _ERRORS as error:
            LOG.warning(
                'Could not register before the start: %s It is retried with '
                'each report. Repair the database.',
                error,
            )

    def sign_off(self) -> None:
        """Remove the service from the registry; raises nothing."""
        if not self.reported:
            return
        try:
            services.remove(self._binary, self._conf.host)
        except _ERRORS as error:
            LOG.warning(
                'Could not unregister: %s Other services notice the stop '
                'after %s seconds (service_down_time).',
                error,
                self._conf.service_down_time,
            )
