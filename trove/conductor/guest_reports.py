# SPDX-License-Identifier: Apache-2.0
"""Parsing of what guest agents report; malformed values become None."""

from __future__ import annotations

from collections.abc import Mapping
import logging
import math
import re
from typing import Any

from trove.common import masking
from trove.common import ordered
from trove.common import rpc
from trove.common import seldom
from trove.objects.guest import replication as reports
from trove.objects.instance import states
from trove.peers import versions

LOG = logging.getLogger(__name__)

#: Names of releases, and announced versions, that are recorded.
_RELEASE = re.compile(r'[0-9A-Za-z.+_-]{1,64}')
_ANNOUNCED = re.compile(r'[0-9A-Za-z./,-]{1,64}')

_LONGEST_ID = 36

#: Seconds that a replica may be behind: a century.
_LONGEST_LAG = 3_200_000_000

#: Maximum characters of what is recorded of a database that does not run.
_MAX_TROUBLE = 1000

#: The cause of a rejection: a word, since newer guests may have more causes.
_CAUSE = re.compile('[a-z]{1,16}')


class Refused(Exception):
    """A message that its sender may not send.

    :param text: the cause and the remedy
    :param args: for the text, as for loggers
    :ivar cause: the text without its arguments, to tell repetitions
    """

    def __init__(self, text: str, *args: object) -> None:
        super().__init__(text % args if args else text)
        self.cause = text


def status(
    instance_id: str, payload: Mapping[str, Any]
) -> states.ServiceStatus | None:
    """Return the status in a heartbeat, None when absent or unknown."""
    text = dictionary(payload).get('service_status')
    if text is None:
        return None
    try:
        return states.ServiceStatus.from_description(str(text))
    except ValueError:
        seldom.warning(
            LOG,
            instance_id,
            'Unknown status "%s" from the guest agent of instance %s '
            'ignored. If the guest agent is newer than this conductor, '
            'upgrade the conductor.',
            str(text)[:100],
            instance_id,
        )
        return None


def announced(instance_id: str, payload: Mapping[str, Any]) -> str | None:
    """Return the version that a heartbeat announces.

    :returns: the announced version, a space, and the release of the package;
        None when it announces none
    """
    values = dictionary(payload)
    text = values.get('rpc_version')
    if text is None:
        return None
    try:
        if not isinstance(text, str) or not _ANNOUNCED.fullmatch(text):
            raise ValueError('it has characters that no version has')
        for name in text.split(','):
            rpc.Version.parse(name.partition('/')[0])
    except ValueError as error:
        seldom.warning(
            LOG,
            instance_id,
            'Malformed version from the guest agent of instance %s ignored: '
            '%s. It is treated as the oldest; upgrade or restart it.',
            instance_id,
            error,
        )
        return None
    release = values.get('release')
    if isinstance(release, str) and _RELEASE.fullmatch(release):
        return f'{text} {release}'
    return text


def server_version(payload: Mapping[str, Any]) -> str | None:
    """Return the version of the database server in a heartbeat, or None.

    :returns: a number such as ``18.6``
    """
    return ordered.number(dictionary(payload).get('server_version'))


def trouble(payload: Mapping[str, Any]) -> str:
    """Return why a database does not run as it should, '' if it does."""
    value = dictionary(payload).get('trouble')
    return (
        masking.error(value, _MAX_TROUBLE) if isinstance(value, str) else ''
    )


def replication(payload: Mapping[str, Any]) -> reports.State | None:
    """Return how a replica follows, None when a heartbeat does not say."""
    values = dictionary(payload).get('replication')
    if not isinstance(values, dict):
        return None
    follows, lag = values.get('follows'), seconds(values.get('lag'))
    if not isinstance(follows, bool):
        return None
    return reports.State(
        follows=follows,
        lag=lag if lag is not None and 0 <= lag <= _LONGEST_LAG else None,
        errant=_text(values.get('errant')),
        error=_text(values.get('error')),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ''


def seals(announced: str | None) -> bool:
    """Return whether a guest that announces this version knows seals."""
    if announced is None:
        return False
    interface = versions.CLIENTS['guestagent'].interface
    return interface.seals(interface.announced(announced.partition(' ')[0]))


def seconds(sent: object) -> float | None:
    """Return a time in seconds since the epoch, None when malformed."""
    try:
        value = float(sent) if isinstance(sent, (int, float)) else None
    except OverflowError:
        return None
    return value if value is None or math.isfinite(value) else None


def identifier(instance_id: object) -> str:
    """Return the id of an instance.

    :raises Refused: malformed id
    """
    if (
        not isinstance(instance_id, str)
        or len(instance_id) > _LONGEST_ID
        or '\0' in instance_id
    ):
        raise Refused('malformed id of an instance')
    return instance_id


def dictionary(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def rejection(instance_id: str, report: object) -> rpc.Rejection:
    """Return a rejection that a guest agent reports.

    The reporting guest is always recorded as the receiver, so that it can
    only cause a replay of messages to itself.

    :raises Refused: the report is malformed
    """
    values = dict(dictionary(report))
    for name in ('count', 'masked', 'told'):
        values.pop(name, None)
    values.update(peer=instance_id, interface='guestagent', sender=None)
    try:
        if _is_well_formed(values):
            return rpc.Rejection.from_dict(values)
    except TypeError:
        # A required value is missing.
        pass
    raise Refused(
        'malformed report of a rejected message. If the guest is newer than '
        'this conductor, upgrade the conductor; the guest keeps it until then'
    )


def _is_well_formed(values: Mapping[str, Any]) -> bool:
    texts = ('id', 'method', 'version', 'kind', 'cause', 'reason')
    optional = ('request_id', 'project_id', 'user_id')
    return (
        all(isinstance(values.get(name), str) for name in texts)
        and all(
            isinstance(values.get(name), str | None) for name in optional
        )
        and len(values['id']) <= _LONGEST_ID
        and values['kind'] in ('call', 'cast')
        and _CAUSE.fullmatch(values['cause']) is not None
        and isinstance(values.get('arguments'), dict)
        and isinstance(values.get('time'), int | float)
    )
