# SPDX-License-Identifier: Apache-2.0
"""Orders about encrypted connections."""

from __future__ import annotations

from typing import Any

from trove.common import context as trove_context
from trove.common import exception
from trove.guestagent import orders
from trove.guestagent import supervisor as supervisors
from trove.guestagent.datastores import base
from trove.guestagent.datastores import tls

Capability = base.Capability
Context = trove_context.TroveContext


class TlsOrders:
    """The methods of :class:`trove.guestagent.manager.Manager` for them."""

    _supervisor: supervisors.Supervisor

    @orders.needs(Capability.TLS, turn=False)
    def ssl_show(self, context: Context) -> dict[str, Any]:
        driver = self._supervisor.driver
        certificate = driver.certificate()
        if certificate is None:
            return {'status': 'off', 'mode': None, 'certificate': None}
        return {
            'status': 'on',
            'mode': driver.tls().mode or 'builtin',
            'certificate': tls.describe(certificate),
        }

    @orders.needs(Capability.TLS)
    def ssl_action(
        self,
        context: Context,
        mode: str | None,
        container: str | None,
        enable: bool,
        disable: bool,
    ) -> dict[str, Any]:
        wanted = _wanted(mode, container, bool(enable), bool(disable))
        with self._supervisor.turn() as driver:
            return {'restart_required': driver.set_tls(wanted)}

    @orders.needs(Capability.TLS)
    def ssl_rollback(self, context: Context) -> dict[str, Any]:
        with self._supervisor.turn() as driver:
            return {'restart_required': driver.restore_tls()}


def _wanted(
    mode: str | None,
    container: Any,
    enable: bool,
    disable: bool,
) -> tls.State:
    if enable == disable:
        raise exception.BadRequest(
            reason='Encryption is either to be enabled or disabled. Order '
            'one of both.'
        )
    if disable:
        return tls.State(tls.OFF)
    mode = mode or tls.BASIC
    if mode not in tls.MODES:
        raise exception.BadRequest(
            reason=f'The mode {mode[:40]!r} does not exist. Use one of '
            f'{", ".join(tls.MODES)}.'
        )
    bundle = tls.Bundle.read(container)
    if mode == tls.MUTUAL and not bundle.authority:
        raise exception.BadRequest(
            reason='The mode "mtls" needs the certificate of the authority '
            'that signs those of clients. Store it with the certificate.'
        )
    return tls.State(mode, bundle)
