# SPDX-License-Identifier: Apache-2.0
"""The errors of all object stores, each with a remedy.

``action`` completes "could not ...".
"""

from __future__ import annotations

from trove.common import exception


def unreachable(
    action: str, reason: str
) -> exception.ObjectStoreUnreachable:
    return exception.ObjectStoreUnreachable(
        action=action,
        reason=reason,
        remedy='Check that it is running and reachable from this host, then '
        'repeat the request.',
    )


def full(action: str, reason: str) -> exception.ObjectStoreFull:
    return exception.ObjectStoreFull(
        action=action,
        reason=reason,
        remedy='Delete backups, or increase the quota of the project or the '
        'size of the store.',
    )


def denied(action: str, reason: str) -> exception.ObjectStoreDenied:
    return exception.ObjectStoreDenied(
        action=action,
        reason=reason,
        remedy='Check that the project may use the object store, then repeat '
        'the request with a new token.',
    )


def missing(action: str, reason: str) -> exception.ObjectMissing:
    return exception.ObjectMissing(
        action=action,
        reason=reason,
        remedy='It may have been deleted: use another backup.',
    )


def damaged(action: str, reason: str) -> exception.ObjectDamaged:
    return exception.ObjectDamaged(
        action=action,
        reason=reason,
        remedy='Discard the data that were read, and use another backup.',
    )


def refused(action: str, reason: str) -> exception.ObjectRefused:
    """Return the error for a request that the store refuses."""
    return exception.ObjectRefused(
        action=action,
        reason=reason,
        remedy='Check the container and the options of the object store.',
    )
