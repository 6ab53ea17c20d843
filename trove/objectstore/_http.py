# SPDX-License-Identifier: Apache-2.0
"""Requests to Swift, with retries of temporary failures."""

from __future__ import annotations

from collections.abc import Mapping
import logging
from typing import Any
from urllib import parse

from keystoneauth1 import exceptions as ks_exceptions
from keystoneauth1 import session as ks_session
import requests
import tenacity

from trove.common import exception
from trove.common import masking
from trove.objectstore import _names
from trove.objectstore import _retry
from trove.objectstore import access
from trove.objectstore import errors

LOG = logging.getLogger(__name__)

#: 422: the received data do not match their ETag; 498 is Swift's own 429.
_TEMPORARY = frozenset({408, 422, 429, 498, 500, 502, 503, 504})
_FULL = frozenset({413, 507})
_DENIED = frozenset({401, 403})
_MISSING = frozenset({404, 410})
#: Maximum number of characters of an answer in an error.
_QUOTED = 200


class _TemporaryError(Exception):
    """A failure that may be temporary, so the request is retried."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class Http:
    """Sends requests to one account, one at a time.

    :param verify: as in requests: a boolean, or the path of certificates
    :param timeout: seconds without data after which a request fails
    """

    def __init__(
        self,
        who: access.Access,
        retry: _retry.Retry,
        timeout: float,
        verify: bool | str = True,
    ) -> None:
        self.access = who
        self.retry = retry
        self._session = ks_session.Session(
            auth=who.plugin(), verify=verify, timeout=timeout
        )

    def request(
        self,
        method: str,
        container: str,
        name: str = '',
        *,
        action: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        data: bytearray | bytes | None = None,
        stream: bool = False,
    ) -> requests.Response:
        """Return the answer, whose status is below 300.

        :param action: completes "could not ..."
        :raises trove.common.exception.ObjectStoreError: the subclass for the
            status
        """
        _names.check(container, name, action)
        signed = self.access.query(method, container, name)
        words = parse.urlencode({**(query or {}), **signed})
        url = self.access.storage_url
        for word in filter(None, (container, name)):
            # The slashes of a name stay: some proxies refuse "%2F".
            url += f'/{parse.quote(word)}'
        url += f'?{words}' if words else ''
        return self._retried(
            action,
            url,
            method,
            headers={'Accept-Encoding': 'identity', **(headers or {})},
            data=data,
            stream=stream,
        )

    def info(self) -> Mapping[str, Any]:
        """Return the limits of Swift; empty if it does not publish them."""
        url = parse.urljoin(self.access.storage_url, '/info')
        try:
            answer = self._retried(
                'show its limits', url, 'GET', authenticated=False
            )
            return dict(answer.json())
        except (exception.ObjectStoreError, ValueError) as error:
            LOG.debug('Limits of the object store unknown: %s', error)
            return {}

    def _retried(
        self, action: str, url: str, method: str, **kwargs: Any
    ) -> requests.Response:
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self.retry.attempts),
            retry=tenacity.retry_if_exception_type(_TemporaryError),
            wait=self._wait,
            before_sleep=lambda state: _tell(action, state),
            reraise=True,
        )
        try:
            return retrying(self._once, action, url, method, **kwargs)
        except _TemporaryError as error:
            raise errors.unreachable(action, str(error)) from error

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        return self.retry.after(
            state.attempt_number, getattr(error, 'after', None)
        )

    def _once(
        self, action: str, url: str, method: str, **kwargs: Any
    ) -> requests.Response:
        try:
            answer = self._session.request(
                url, method, raise_exc=False, log=False, **kwargs
            )
        except ks_exceptions.SSLError as error:
            raise errors.unreachable(action, _retry.bare(error)) from None
        except ks_exceptions.ConnectionError as error:
            raise _TemporaryError(_retry.bare(error)) from None
        if answer.status_code < 300:
            return answer
        try:
            raise _explained(action, answer)
        finally:
            answer.close()


def _tell(action: str, state: tenacity.RetryCallState) -> None:
    LOG.warning(
        'The object store could not %(action)s: %(reason)s. Attempt '
        '%(attempt)d failed; retrying in %(seconds).1f s. Check the object '
        'store if this persists.',
        {
            'action': action,
            'attempt': state.attempt_number,
            'seconds': state.next_action.sleep if state.next_action else 0,
            'reason': state.outcome.exception() if state.outcome else None,
        },
    )


def _explained(action: str, answer: requests.Response) -> Exception:
    status = answer.status_code
    said = f'it answered {status} {answer.reason}'
    try:
        text = masking.error(' '.join(answer.text.split()), _QUOTED)
    except requests.RequestException:
        text = ''
    if text and not text.startswith('<html'):
        said += f' ("{text}")'
    if status in _TEMPORARY:
        return _TemporaryError(said, _seconds(answer))
    if status in _FULL:
        return errors.full(action, said)
    if status in _DENIED:
        return errors.denied(action, said)
    if status in _MISSING:
        return errors.missing(action, said)
    if status == 409:
        return errors.damaged(action, f'{said}: a part of it is missing')
    return errors.refused(action, said)


def _seconds(answer: requests.Response) -> float | None:
    wanted = answer.headers.get('Retry-After', '')
    return float(wanted) if wanted.isdigit() else None
