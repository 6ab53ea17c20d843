# SPDX-License-Identifier: Apache-2.0
"""The errors of all object stores, each with what to do about it.

``action`` is what the store was asked for, as in "could not ...".
"""

from __future__ import annotations

from trove.common import exception


def unreachable(
    action: str, reason: str
) -> exception.ObjectStoreUnreachable:
    return exception.ObjectStoreUnreachable(
        action=action,
        reason=reason,
        remedy='Check that it is running and can be reached from here, then '
        'repeat the request.',
    )


def full(action: str, reason: str) -> exception.ObjectStoreFull:
    return exception.ObjectStoreFull(
        action=action,
        reason=reason,
        remedy='Delete backups, or have the quota of the project or the '
        'store itself enlarged.',
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
        remedy='Somebody may have deleted it: use another backup.',
    )


def damaged(action: str, reason: str) -> exception.ObjectDamaged:
    return exception.ObjectDamaged(
        action=action,
        reason=reason,
        remedy='Discard what was read of it, and use another backup.',
    )


def refused(action: str, reason: str) -> exception.ObjectRefused:
    """What is wrong with the request itself, or not understood at all."""
    return exception.ObjectRefused(
        action=action,
        reason=reason,
        remedy='Check the container and the options of the object store.',
    )
