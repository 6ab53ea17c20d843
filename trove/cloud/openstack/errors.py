# SPDX-License-Identifier: Apache-2.0
"""Errors of the cloud: which pass by, and what to do about the others."""

from __future__ import annotations

import re
from typing import Final

from keystoneauth1 import exceptions as ks_exceptions
from openstack import exceptions as sdk_exceptions

from trove.common import exception

#: All that a call of the library may raise.
ALL: Final = (sdk_exceptions.SDKException, ks_exceptions.ClientException)

#: What was not done: the service did not take the request.
_NOT_TAKEN: Final = frozenset({429, 503})

#: What was perhaps done: the answer is not that of the service.
_UNANSWERED: Final = frozenset({500, 502, 504})

_QUOTA: Final = (
    'Raise the quota of the project of the Trove services, or delete what is '
    'not needed'
)

_USER_QUOTA: Final = (
    'Raise the quota for floating IPs of the project of the instance, or '
    'delete some there'
)

#: Remedies by the status and a pattern of what the service says.
_REMEDIES: Final = tuple(
    (statuses, re.compile(pattern, re.IGNORECASE), remedy)
    for statuses, pattern, remedy in (
        # Those are made in the project of the user.
        ({409}, r'quota.*\bfloating_?ip', _USER_QUOTA),
        ({403, 409, 413}, 'quota|maximum number of|exceed', _QUOTA),
        (
            {401},
            '',
            'Check the user in [service_credentials] and the clocks of the '
            'hosts',
        ),
        (
            {403},
            '',
            'Give the user in [service_credentials] the roles that the '
            'operator guide names',
        ),
        (
            {400, 404},
            'image',
            'Give the datastore version an active image',
        ),
        ({400, 404}, 'flavor', 'Use a flavor that Nova lists'),
        (
            {400},
            'requires a subnet|fixedip',
            'Give the network a subnet, or use another network',
        ),
        (
            {409},
            'no more ip addresses|IpAddressGenerationFailure',
            'Enlarge the subnet, or use another one',
        ),
        (
            {409},
            'already allocated|ip address.*in use',
            'Use another IP address',
        ),
        (
            {400, 404},
            'not reachable from subnet|external network',
            'Connect the subnet to the external network with a router',
        ),
        ({404}, 'network|subnet', 'Use a network that Neutron lists'),
        (
            {409},
            'locked|vm_state|task_state|while it is',
            'Wait until the server is idle, or unlock it, then try again',
        ),
    )
)

#: Remedies by a pattern of the fault of a server.
_FAULTS: Final = (
    (
        re.compile('no ?valid ?host', re.IGNORECASE),
        'Add compute hosts, or use a smaller flavor or another availability '
        'zone',
    ),
    (
        re.compile('exceeded maximum number of retries', re.IGNORECASE),
        'Check the logs of nova-compute',
    ),
    (
        re.compile('binding failed', re.IGNORECASE),
        'Check the network agents of the compute host',
    ),
    (
        # Of an operation, Nova may tell no more than the class of its error.
        re.compile(
            'connect ?failure|establish connection|service ?unavailable',
            re.IGNORECASE,
        ),
        'Check that the services that Nova needs run: Keystone, Placement, '
        'Glance, Neutron and Cinder',
    ),
)


def status(error: Exception) -> int | None:
    """Return the HTTP status of an error, None without an answer."""
    if isinstance(error, sdk_exceptions.HttpException):
        return error.status_code
    if isinstance(error, ks_exceptions.HttpError):
        found: int | None = error.http_status
        return found
    return None


def is_gone(error: Exception) -> bool:
    return status(error) == 404


def is_not_taken(error: Exception) -> bool:
    """Whether the request was certainly not carried out."""
    return (
        status(error) in _NOT_TAKEN
        or isinstance(error, ks_exceptions.ConnectFailure)
        and not isinstance(error, ks_exceptions.ConnectTimeout)
        and 'refused' in str(error)
    )


def is_unanswered(error: Exception) -> bool:
    """Whether nobody knows if the request was carried out."""
    if is_not_taken(error):
        return False
    return status(error) in _UNANSWERED or isinstance(
        error, ks_exceptions.ConnectionError
    )


def is_over(error: Exception) -> bool:
    """Whether the service itself says that the request failed in it.

    It does no more for it; what it did before is there to be found.
    """
    return status(error) == 500


def retry_after(error: Exception) -> float:
    """Return how many seconds the service wants to be left alone."""
    response = getattr(error, 'response', None)
    text = getattr(response, 'headers', {}).get('Retry-After', '')
    return min(float(text), 30.0) if re.fullmatch('[0-9]+', text) else 0.0


def convert(action: str, error: Exception) -> exception.CloudError:
    """Return the error with the words of the cloud and a remedy.

    :param action: what is not done, as in "could not ..."
    """
    said = _said(error)
    code = status(error)
    remedy = next(
        (
            remedy
            for statuses, pattern, remedy in _REMEDIES
            if code in statuses and pattern.search(said)
        ),
        'Check that the service runs, and its log',
    )
    return exception.CloudError(action=action, reason=f'{said}. {remedy}')


def fault(text: str) -> str:
    """Return the fault of a server with a remedy, if there is one."""
    said = text.strip().rstrip('.')
    for pattern, remedy in _FAULTS:
        if pattern.search(said):
            return f'{said}. {remedy}'
    return said


def _said(error: Exception) -> str:
    """Return what the service said, without the URL."""
    text = ''
    if isinstance(error, sdk_exceptions.HttpException):
        text = str(error.details or '')
    text = ' '.join((text or str(error)).split()).rstrip('.')
    code = status(error)
    return f'{text} (HTTP {code})' if code else text
