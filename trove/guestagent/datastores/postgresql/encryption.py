# SPDX-License-Identifier: Apache-2.0
"""Encrypted connections to PostgreSQL.

A server that cannot use a certificate says so in its log only, and goes on
with the former one. So it is asked which one it has.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
from typing import Any
from typing import Final

from trove.common import exception
from trove.guestagent.datastores import home as homes
from trove.guestagent.datastores import processes
from trove.guestagent.datastores import server as servers
from trove.guestagent.datastores import tls
from trove.guestagent.datastores.postgresql import access
from trove.guestagent.datastores.postgresql import connection as connections

#: Names of the files, those of release 26.
_KEY: Final = 'server.key'
_CERTIFICATE: Final = 'server.crt'
_AUTHORITY: Final = 'ca.crt'

#: A client asks for encryption by this: its length, and a number.
_REQUEST: Final = struct.pack('!II', 8, 80877103)
#: Seconds for the server to use another certificate.
_TIMEOUT: Final = 10


class Encryption:
    """The certificate of a server, and its files."""

    def __init__(
        self, home: homes.Home[Any], connector: connections.Connector
    ) -> None:
        self._home = home
        self._connector = connector

    def settings(self, state: tls.State) -> dict[str, Any]:
        """Return the settings for a state."""
        if state.bundle is None:
            return {'ssl': False}
        directory = self._home.config_dir
        mutual = state.mode == tls.MUTUAL
        return {
            'ssl': True,
            'ssl_cert_file': directory / _CERTIFICATE,
            'ssl_key_file': directory / _KEY,
            'ssl_ca_file': directory / _AUTHORITY if mutual else '',
        }

    def write(self, bundle: tls.Bundle | None) -> None:
        """Write the files of a certificate, or remove them.

        :raises trove.common.exception.BadRequest: the server cannot use any
        """
        if bundle is None:
            for name in (_KEY, _CERTIFICATE, _AUTHORITY):
                (self._home.config_dir / name).unlink(missing_ok=True)
            return
        try:
            self._home.server().check('ssl = on\n')
        except exception.BadRequest as error:
            raise exception.BadRequest(
                f'This PostgreSQL encrypts no connections: {error} Create an '
                'instance of a datastore version whose PostgreSQL has '
                'OpenSSL, or upgrade this one to such a version.'
            ) from None
        tls.write(
            {
                self._home.config_dir / _KEY: bundle.private_key,
                self._home.config_dir / _CERTIFICATE: bundle.certificate,
                self._home.config_dir / _AUTHORITY: bundle.authority,
            },
            self._home.account,
        )

    def ensure(self, bundle: tls.Bundle | None) -> None:
        """Write the files that a state needs, if this server lacks them."""
        path = self._home.config_dir / _CERTIFICATE
        if bundle is not None and not (
            path.exists() and path.read_text() == bundle.certificate
        ):
            self.write(bundle)

    def apply(self, state: tls.State) -> None:
        """Have the running server use the files.

        :raises trove.common.exception.DatastoreError: it does not
        """
        from cryptography.hazmat.primitives import serialization

        access.reload(self._connector)
        wanted = None
        if state.bundle is not None:
            wanted = state.bundle.leaf().public_bytes(
                serialization.Encoding.DER
            )
        if not processes.wait_for(
            lambda: _offered(self._home.endpoint) == wanted, _TIMEOUT
        ):
            raise exception.DatastoreError(
                action='use another certificate',
                reason='it goes on with the former one. See its log for the '
                'reason, then try another certificate.',
            )


def _offered(endpoint: servers.Endpoint) -> bytes | None:
    """Return the certificate that clients get; None without encryption."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    address = (endpoint.host, endpoint.port)
    with contextlib.suppress(OSError):
        with socket.create_connection(address, _TIMEOUT) as plain:
            plain.sendall(_REQUEST)
            if plain.recv(1) != b'S':
                return None
            with context.wrap_socket(plain) as encrypted:
                return encrypted.getpeercert(binary_form=True)
    return b''
