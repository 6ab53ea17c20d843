# SPDX-License-Identifier: Apache-2.0
"""The entry of a service in the registry, from its start to its end."""

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
    """Reports one service to those who send messages to it.

    :param binary: the name of its program
    :param serves: the revision of the interface that it serves
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
        """Say that the service lives; done from time to time.

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
        """Report before the service takes messages; raises nothing.

        Senders must know its version by then: an older service, started
        after newer ones, would get what only those take.
        """
        try:
            self.report()
        except _ERRORS as error:
            LOG.warning(
                'Could not report before the start: %s Reporting again as '
                'soon as the database works.',
                error,
            )

    def sign_off(self) -> None:
        """Leave the registry, if the service is in it; raises nothing."""
        if not self.reported:
            return
        try:
            services.remove(self._binary, self._conf.host)
        except _ERRORS as error:
            LOG.warning(
                'Could not sign off: %s The others notice after %s seconds '
                '(service_down_time).',
                error,
                self._conf.service_down_time,
            )
