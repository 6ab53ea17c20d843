# SPDX-License-Identifier: Apache-2.0
"""Registers instances as consumers of their certificates.

Who deletes a secret is told of its consumers. No request fails for them: what
the store refuses is logged.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable

from oslo_log import log

from trove.api import request as api_request
from trove.common import exception

LOG = log.getLogger(__name__)


def register(
    request: api_request.Request,
    reference: str | None,
    instance_ids: Iterable[str],
) -> None:
    """Register instances with a certificate, if it is one of a store."""
    for each in instance_ids if reference else ():
        driver = request.certificates()
        _try(request, driver.register, reference or '', each)


def release(
    request: api_request.Request, reference: str | None, instance_id: str
) -> None:
    """Remove an instance from the consumers of a certificate, if any."""
    if reference:
        driver = request.certificates()
        _try(request, driver.release, reference, instance_id)


def _try(
    request: api_request.Request,
    call: Callable[..., None],
    reference: str,
    instance_id: str,
) -> None:
    try:
        call(request.context, reference, instance_id)
    except exception.TroveError as error:
        LOG.warning(
            'Could not %s instance %s as a consumer of its certificate: %s '
            'Let a member of its project add or remove the consumer in '
            'Barbican: service database, resource type instance.',
            call.__name__,
            instance_id,
            error,
        )
