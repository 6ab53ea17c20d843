# SPDX-License-Identifier: Apache-2.0
"""Base class of the drivers, and the archives that they read."""

from __future__ import annotations

import abc
from typing import Final

from cryptography import x509
from oslo_config import cfg
from oslo_utils import timeutils

from trove.cloud.certificates import opening
from trove.common import context as trove_context
from trove.common import exception

#: Bytes of an archive.
MOST: Final = 1 << 20


class Certificates(abc.ABC):
    """A driver."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf

    @abc.abstractmethod
    def read(
        self, context: trove_context.TroveContext, reference: str, name: str
    ) -> bytes:
        """Return a secret, of at most :data:`MOST` bytes.

        :param reference: from a request: it may be anything
        :param name: of the key of the request that has it, for errors
        :raises trove.common.exception.TroveError: it cannot be read
        """

    # Those who delete a secret are told of its consumers, where a store has
    # them. Both may be repeated.

    @abc.abstractmethod
    def register(
        self,
        context: trove_context.TroveContext,
        reference: str,
        instance_id: str,
    ) -> None:
        """Register an instance as a consumer of a secret.

        :raises trove.common.exception.TroveError: the store refuses it
        """

    @abc.abstractmethod
    def release(
        self,
        context: trove_context.TroveContext,
        reference: str,
        instance_id: str,
    ) -> None:
        """Remove an instance from the consumers of a secret.

        :raises trove.common.exception.TroveError: the store refuses it
        """

    def container(
        self,
        context: trove_context.TroveContext,
        reference: str,
        password_reference: str | None,
    ) -> dict[str, str]:
        """Return ``certificate``, ``private_key`` and ``ca``, as PEM.

        :param reference: of a PKCS#12 archive
        :param password_reference: of the password of the archive
        :raises trove.common.exception.TroveError: it cannot be read
        """
        archive = self.read(context, reference, 'container_ref')
        password = None
        if password_reference:
            password = self.read(context, password_reference, 'password_ref')
        return unpack(archive, password)


def unpack(archive: bytes, password: bytes | None) -> dict[str, str]:
    """Return what is in a PKCS#12 archive, as PEM.

    :raises trove.common.exception.BadRequest: it is none, or is not complete
    """
    try:
        found = opening.open_archive(archive, password)
    except ValueError:
        # What the library says may be about the password.
        raise exception.BadRequest(
            'container_ref names no PKCS#12 archive that can be opened with '
            'the password of password_ref. Store one in the form DER, with '
            'its password, if any.'
        ) from None
    except TimeoutError:
        raise exception.BadRequest(
            'container_ref names a PKCS#12 archive that takes too long to '
            'open. Store one whose password is hashed less often; "openssl '
            'pkcs12 -export" makes one.'
        ) from None
    own, *others = found['certificates']
    if found['key'] is None or own is None:
        raise exception.BadRequest(
            'container_ref names a PKCS#12 archive without a certificate and '
            'its key. Store both in it.'
        )
    _check(x509.load_pem_x509_certificate(own.encode()))
    authorities = [each for each in others if _is_authority(each)]
    chain = [each for each in others if each not in authorities]
    return {
        'certificate': ''.join((own, *chain)),
        'private_key': found['key'],
        'ca': ''.join(authorities),
    }


def _is_authority(pem: str) -> bool:
    certificate = x509.load_pem_x509_certificate(pem.encode())
    return certificate.issuer == certificate.subject


def _check(certificate: x509.Certificate) -> None:
    """See that it is valid; guests see that the key belongs to it."""
    if certificate.not_valid_after_utc <= timeutils.utcnow(with_timezone=True):
        raise exception.BadRequest(
            'container_ref names a certificate that expired at '
            f'{certificate.not_valid_after_utc.isoformat()}. Store a new one.'
        )
