# SPDX-License-Identifier: Apache-2.0
"""Every error of Trove, and what the REST API makes of it.

::

    TroveError                          500 instanceFault
    ├── BadRequest                      400 badRequest
    │   ├── UnknownFlavor
    │   ├── UnknownDatastoreVersion
    │   ├── DatabaseExists
    │   └── UserExists
    ├── Unauthorized                    401 unauthorized
    ├── Forbidden                       403 forbidden
    ├── NotFound                        404 itemNotFound
    │   ├── InstanceNotFound
    │   ├── BackupNotFound
    │   ├── FlavorNotFound
    │   ├── DatastoreNotFound
    │   ├── DatastoreVersionNotFound
    │   ├── DatabaseNotFound
    │   └── UserNotFound
    ├── Conflict                        409 conflict
    │   ├── InstanceBusy
    │   ├── NotReplayable
    │   ├── PeerTooOld
    │   └── PeerTooNew
    ├── QuotaExceeded                   413 overLimit
    ├── BodyTooLarge                    413 overLimit
    ├── BadMediaType                    415 badMediaType
    ├── Unprocessable                   422 unprocessableEntity
    ├── NotSupported                    501 notImplemented
    │   └── NotInRelease
    ├── PeerError                       500 instanceFault
    ├── PeerTimeout                     500 instanceFault
    ├── SealError                       500 instanceFault
    ├── ServiceUnavailable              503 serviceUnavailable
    │   ├── NotConfirmed
    │   ├── RowLocked
    │   └── PeerUnreachable
    ├── ConfigurationError              500 instanceFault
    ├── ContractError                   500 instanceFault
    ├── DatabaseRevisionError           500 instanceFault
    ├── BrokerError                     500 instanceFault
    ├── CloudError                      500 instanceFault
    │   └── CloudUnreachable
    ├── ObjectStoreError                500 instanceFault
    │   ├── ObjectStoreUnreachable
    │   ├── ObjectStoreFull             413 overLimit
    │   ├── ObjectStoreDenied           401 unauthorized
    │   ├── ObjectRefused
    │   ├── ObjectMissing               404 itemNotFound
    │   └── ObjectDamaged               409 conflict
    └── DatastoreError                  500 instanceFault
        └── SettingsTakenBack

``code`` is the REST status, ``fault`` the key of the error body; both are
inherited. ``message`` is a format string for the keyword arguments that the
exception is raised with, which stay readable as attributes.
"""

from __future__ import annotations

from typing import Any
from typing import ClassVar


class TroveError(Exception):
    """Base of all errors; never raised by itself.

    :param message: a complete text, used instead of the class's format
    :param values: values for the class's format string
    """

    code: ClassVar[int] = 500
    fault: ClassVar[str] = 'instanceFault'
    message: ClassVar[str] = 'An unknown error occurred.'

    def __init__(self, message: str | None = None, **values: Any) -> None:
        self.values = values
        for name, value in values.items():
            setattr(self, name, value)
        super().__init__(
            message if message is not None else self.message % values
        )


class BadRequest(TroveError):
    code = 400
    fault = 'badRequest'
    message = 'The request is not valid: %(reason)s'


class UnknownFlavor(BadRequest):
    message = (
        'Flavor %(flavor)s does not exist. List the flavors with "openstack '
        'database flavor list" (GET /flavors) and use the id of one of them.'
    )


class UnknownDatastoreVersion(BadRequest):
    message = (
        'Version %(version)s of datastore %(datastore)s does not exist or '
        'is not active. List the versions with "openstack datastore version '
        'list %(datastore)s" (GET /datastores/%(datastore)s/versions).'
    )


class DatabaseExists(BadRequest):
    message = 'A database with the name "%(name)s" exists already.'


class UserExists(BadRequest):
    message = 'A user with the name "%(name)s" exists already.'


class Unauthorized(TroveError):
    code = 401
    fault = 'unauthorized'
    message = 'User does not have admin privileges.'


class Forbidden(TroveError):
    code = 403
    fault = 'forbidden'
    message = 'Policy does not allow %(action)s to be performed.'


class NotFound(TroveError):
    code = 404
    fault = 'itemNotFound'
    message = 'The resource %(id)s could not be found.'


class InstanceNotFound(NotFound):
    message = 'Instance %(id)s could not be found.'


class BackupNotFound(NotFound):
    message = 'Backup %(id)s could not be found.'


class FlavorNotFound(NotFound):
    message = 'Flavor %(id)s could not be found.'


class DatastoreNotFound(NotFound):
    message = 'Datastore %(id)s could not be found.'


class DatastoreVersionNotFound(NotFound):
    message = 'Datastore version %(id)s could not be found.'


class DatabaseNotFound(NotFound):
    message = 'Database "%(name)s" could not be found on the instance.'


class UserNotFound(NotFound):
    message = 'User "%(name)s" could not be found on the instance.'


class Conflict(TroveError):
    code = 409
    fault = 'conflict'
    message = 'The request conflicts with the state of the resource.'


class InstanceBusy(Conflict):
    message = (
        'Instance %(id)s is busy: %(task)s Wait until its status is ACTIVE '
        'again, then repeat the request.'
    )


class PeerTooOld(Conflict):
    """A peer speaks an older version than the request needs.

    :param peer: who, for instance ``guestagent of instance <id>``
    :param speaks: the highest version that may be sent to it
    :param needs: the lowest version that can express the request
    :param what: the method, or the method and the argument
    :param remedy: what makes the request possible
    """

    message = (
        '%(what)s needs version %(needs)s of the interface, but the %(peer)s '
        'speaks %(speaks)s. Nothing was sent. %(remedy)s'
    )


class NotReplayable(Conflict):
    message = (
        'The rejected message %(id)s cannot be sent again: %(reason)s. '
        '%(remedy)s'
    )


class PeerTooNew(Conflict):
    """A peer no longer knows what the request needs.

    :param until: the last version that has it; otherwise as PeerTooOld
    """

    message = (
        '%(what)s was removed after version %(until)s of the interface, but '
        'the %(peer)s speaks %(speaks)s. Nothing was sent. Omit it, or use a '
        'service of the release that has it.'
    )


class QuotaExceeded(TroveError):
    code = 413
    fault = 'overLimit'
    message = (
        'Quota exceeded for: %(resources)s. Delete something or ask an '
        'administrator for a higher quota.'
    )


class BodyTooLarge(TroveError):
    code = 413
    fault = 'overLimit'
    message = 'The request body is larger than %(limit)d bytes.'


class BadMediaType(TroveError):
    code = 415
    fault = 'badMediaType'
    message = (
        'Content-Type %(media_type)s is not supported; send '
        'application/json.'
    )


class Unprocessable(TroveError):
    code = 422
    fault = 'unprocessableEntity'
    message = 'The request cannot be processed now: %(reason)s'


class NotSupported(TroveError):
    code = 501
    fault = 'notImplemented'
    message = '%(what)s is not supported by this datastore.'


class NotInRelease(NotSupported):
    """Released Trove has it, and this release does not.

    :param what: a plural, or what is done
    :param instead: a sentence
    """

    message = (
        '%(what)s: not supported by this release of Trove, so nothing was '
        'done. %(instead)s'
    )


class PeerError(TroveError):
    """The peer carried out a call and failed.

    :param peer: who
    :param method: which method
    :param remote_type: name of the exception's class over there
    :param reason: its message; never a traceback
    """

    message = (
        'The %(peer)s failed to carry out %(method)s: %(reason)s '
        '(%(remote_type)s). Its log has the details.'
    )


class PeerTimeout(TroveError):
    message = (
        'The %(peer)s did not answer %(method)s within %(timeout)s seconds. '
        'Check that it is running and reaches the message broker.'
    )


class SealError(TroveError):
    """A message, or a key, cannot be encrypted or decrypted.

    :param reason: why, and what to do; never a key or what is encrypted
    """

    message = '%(reason)s'


class ServiceUnavailable(TroveError):
    code = 503
    fault = 'serviceUnavailable'
    message = (
        '%(what)s is unavailable. Repeat the request later; if the problem '
        'persists, contact the administrator.'
    )


class RowLocked(ServiceUnavailable):
    message = (
        'Another transaction holds a lock on the database row of the request '
        'for longer than the request may wait. Repeat it later; if the '
        'problem persists, contact the administrator.'
    )


class PeerUnreachable(ServiceUnavailable):
    message = (
        'The %(peer)s is unreachable: it has not started yet, or is gone for '
        'good, so %(method)s was not sent. Check that it is running and uses '
        'the same message broker, then repeat the request.'
    )


class NotConfirmed(ServiceUnavailable):
    message = (
        'The message broker did not confirm %(method)s for the %(peer)s, '
        'which may carry it out nevertheless. Check the result, then repeat '
        'the request if needed.'
    )


class ConfigurationError(TroveError):
    message = 'Option %(option)s has the value "%(value)s": %(remedy)s'


class ContractError(TroveError):
    message = '%(endpoint)s breaks its contract: %(reasons)s'


class DatabaseRevisionError(TroveError):
    message = '%(problem)s %(remedy)s'


class BrokerError(TroveError):
    message = (
        'The message broker failed to carry out %(action)s: %(reason)s. '
        '%(remedy)s'
    )


class CloudError(TroveError):
    message = 'The cloud could not %(action)s: %(reason)s'


class CloudUnreachable(CloudError):
    """It did not answer, or with an error of its own, however often asked."""


class ObjectStoreError(TroveError):
    """:param action: what is not done; never with a token or a signature"""

    message = 'The object store could not %(action)s: %(reason)s. %(remedy)s'


class ObjectStoreUnreachable(ObjectStoreError):
    """It did not answer, or with an error of its own, however often asked."""


class ObjectStoreFull(ObjectStoreError):
    code = 413
    fault = 'overLimit'


class ObjectStoreDenied(ObjectStoreError):
    code = 401
    fault = 'unauthorized'


class ObjectRefused(ObjectStoreError):
    """The request itself is wrong."""


class ObjectMissing(ObjectStoreError):
    code = 404
    fault = 'itemNotFound'


class ObjectDamaged(ObjectStoreError):
    code = 409
    fault = 'conflict'


class DatastoreError(TroveError):
    message = 'The database server failed to %(action)s: %(reason)s'


class SettingsTakenBack(DatastoreError):
    """It runs, but not with the newest settings of its user.

    :param reason: what it said to them
    """

    message = (
        'The database does not start with the new values of its '
        'configuration group, so it runs with the former ones. It said: '
        '%(reason)s Correct the group, then restart the instance.'
    )
