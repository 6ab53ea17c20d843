# SPDX-License-Identifier: Apache-2.0
"""The certificate that a customer gives a server, and who must use it.

A key is in files that only the agent and the server can read, and nowhere
else: no error has a part of it.

Most agents never read a certificate, and all begin here: what reads them is
imported when one is read.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
import dataclasses
import logging
import pathlib
from typing import Any
from typing import ClassVar
from typing import Final
from typing import TYPE_CHECKING

from trove.common import exception
from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import capability
from trove.guestagent.datastores import files
from trove.guestagent.datastores import home as homes

if TYPE_CHECKING:
    from cryptography import x509

LOG = logging.getLogger(__name__)

Capability = capability.Capability

#: Connections may be encrypted; all must be; clients also need certificates.
BASIC: Final = 'basic'
ENFORCED: Final = 'enforced'
MUTUAL: Final = 'mtls'
MODES: Final = (BASIC, ENFORCED, MUTUAL)
#: No connection is encrypted. It is shown as no mode.
OFF: Final = 'off'

#: Characters of each part of a bundle.
_MOST: Final = 65_536


@dataclasses.dataclass(frozen=True)
class Bundle:
    """A certificate of a server, in the form PEM.

    :ivar certificate: with those between it and the authority
    :ivar authority: may be empty
    """

    certificate: str
    authority: str
    private_key: str = dataclasses.field(repr=False)

    @classmethod
    def read(cls, container: Any) -> Bundle:
        """Return what an order has.

        :raises trove.common.exception.BadRequest: it cannot be used
        """
        if not isinstance(container, Mapping):
            raise _refused('The order has no certificate. Name one.')
        values: dict[str, Any] = {
            'certificate': container.get('certificate'),
            'authority': container.get('ca') or '',
            'private_key': container.get('private_key'),
        }
        for name, value in values.items():
            if not isinstance(value, str) or len(value) > _MOST:
                raise _refused(
                    f'The {name} is not a text of at most {_MOST} characters '
                    'in the form PEM. Store a PKCS#12 archive of a '
                    'certificate and its key.'
                )
        bundle = cls(**values)
        bundle._check()
        return bundle

    def _check(self) -> None:
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization

        try:
            of_certificate = self.leaf().public_key()
            if self.authority:
                x509.load_pem_x509_certificates(self.authority.encode())
        except ValueError as error:
            raise _refused(
                f'The certificate, or that of its authority, cannot be '
                f'read: {error}. Store it in the form PEM or PKCS#12.'
            ) from None
        try:
            of_key = serialization.load_pem_private_key(
                self.private_key.encode(), None
            ).public_key()
        except (TypeError, ValueError):
            raise _refused(
                'The key of the certificate cannot be read. Store it without '
                'a password of its own.'
            ) from None
        if _public(of_certificate) != _public(of_key):
            raise _refused(
                'The certificate is of another key than the one given. Store '
                'both of the same pair.'
            )

    def leaf(self) -> x509.Certificate:
        """Return the certificate of the server itself."""
        from cryptography import x509

        return x509.load_pem_x509_certificates(self.certificate.encode())[0]


def _public(key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization

    shown: bytes = key.public_bytes(
        serialization.Encoding.DER,
        serialization.PublicFormat.SubjectPublicKeyInfo,
    )
    return shown


def _refused(reason: str) -> exception.BadRequest:
    return exception.BadRequest(reason=reason)


@dataclasses.dataclass(frozen=True)
class State:
    """How connections are encrypted.

    :ivar mode: None: as it was before anything was ordered
    :ivar bundle: None with the modes None and OFF only
    """

    mode: str | None = None
    bundle: Bundle | None = None

    @classmethod
    def of_primary(cls, context: Mapping[str, Any]) -> State | None:
        """Return that of a primary, None when it tells none.

        :param context: a :class:`.replication.Context`
        :raises trove.common.exception.BadRequest: it cannot be used
        """
        mode = context.get('ssl_mode')
        if mode == OFF:
            return cls(OFF)
        if mode not in MODES:
            return None
        return cls(mode, Bundle.read(context.get('cert_container')))

    def for_replicas(self) -> dict[str, Any]:
        """Return the keys of :class:`.replication.Context`, as released."""
        if self.bundle is None:
            return {'ssl_mode': OFF} if self.mode == OFF else {}
        return {
            'ssl_mode': self.mode,
            'cert_container': {
                'certificate': self.bundle.certificate,
                'private_key': self.bundle.private_key,
                'ca': self.bundle.authority,
            },
        }


def describe(certificate: str) -> dict[str, Any]:
    """Return what users are shown of a certificate, as it travels."""
    from cryptography import x509
    from cryptography.x509 import oid

    leaf = x509.load_pem_x509_certificates(certificate.encode())[0]
    names = leaf.subject.get_attributes_for_oid(oid.NameOID.COMMON_NAME)
    try:
        extension = leaf.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
        others = [str(each.value) for each in extension.value]
    except x509.ExtensionNotFound:
        others = []
    return {
        'cn': str(names[0].value) if names else None,
        'expire_at': leaf.not_valid_after_utc.isoformat(),
        'san': others,
        'payload': certificate,
    }


def write(
    contents: Mapping[pathlib.Path, str], reader: accounts.Account | None
) -> None:
    """Write the files of a certificate.

    :param reader: the user that runs the server
    """
    for path, text in contents.items():
        files.write(path, text, reader)


class Store:
    """The state, and the one before, in a file that only the agent reads."""

    current: State
    before: State | None

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self.load()

    def load(self) -> None:
        """Read it, again when the volume was not mounted before."""
        known = files.read_json(self._path)
        self.current = _load(known.get('current')) or State()
        self.before = _load(known.get('before'))

    def save(self, current: State, before: State | None) -> None:
        self.current, self.before = current, before
        self._path.parent.mkdir(parents=True, exist_ok=True)
        files.write_json(
            self._path,
            {
                'current': dataclasses.asdict(current),
                'before': before and dataclasses.asdict(before),
            },
        )


def _load(known: Mapping[str, Any] | None) -> State | None:
    if known is None:
        return None
    bundle = known['bundle']
    return State(known['mode'], Bundle(**bundle) if bundle else None)


class Securing:
    """The methods of :class:`.base.Driver` for encrypted connections."""

    @capability.of(Capability.TLS)
    def tls(self) -> State:
        """Return how connections are encrypted."""
        raise NotImplementedError

    @capability.of(Capability.TLS)
    def certificate(self) -> str | None:
        """Return the certificate of the server, None without any."""
        raise NotImplementedError

    @capability.of(Capability.TLS)
    def set_tls(self, wanted: State) -> bool:
        """Change how connections are encrypted, without a restart.

        It may be repeated. What fails leaves everything as it was.

        :returns: whether it works after a restart only
        :raises trove.common.exception.TroveError: the server refuses it
        """
        raise NotImplementedError

    @capability.of(Capability.TLS)
    def restore_tls(self) -> bool:
        """Go back to what was before the last change.

        :returns: see :meth:`set_tls`
        :raises trove.common.exception.BadRequest: nothing was
        """
        raise NotImplementedError


class Secured(abc.ABC):
    """How drivers of SQL servers do it."""

    #: Why encryption cannot be disabled, if it cannot.
    never_off: ClassVar[str | None] = None

    home: homes.Home[Any]
    secured: Store

    @abc.abstractmethod
    def certificate(self) -> str | None: ...

    @abc.abstractmethod
    def write_config(self) -> None: ...

    @abc.abstractmethod
    def write_certificate(self, bundle: Bundle | None) -> None:
        """Write the files of a certificate; None: as before all orders."""

    @abc.abstractmethod
    def apply_tls(self) -> bool:
        """Have the running server use the state and its files.

        :returns: whether it does so after a restart only
        :raises trove.common.exception.TroveError: it does not
        """

    def tls(self) -> State:
        return self.secured.current

    def set_tls(self, wanted: State) -> bool:
        if wanted.mode == OFF and self.never_off:
            raise _refused(self.never_off)
        current, before = self.secured.current, self.secured.before
        # Repeated, it does not forget what was before.
        return self._change(wanted, before if wanted == current else current)

    def restore_tls(self) -> bool:
        before = self.secured.before
        if before is None:
            raise _refused(
                'There is nothing to roll back to. Enable or disable the '
                'encryption instead.'
            )
        return self._change(before, None)

    def _change(self, wanted: State, before: State | None) -> bool:
        former = self.secured.current, self.secured.before
        self.secured.save(wanted, before)
        try:
            return self._use()
        except Exception:
            self.secured.save(*former)
            try:
                self._use()
            except exception.TroveError as error:
                LOG.error(
                    'The former certificate is not in use again: %s Restart '
                    'the database.',
                    error,
                )
            raise

    def _use(self) -> bool:
        self.write_certificate(self.secured.current.bundle)
        self.write_config()
        return self.home.server().pid() is not None and self.apply_tls()
