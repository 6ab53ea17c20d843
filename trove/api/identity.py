# SPDX-License-Identifier: Apache-2.0
"""Questions to Keystone: whose token this is, and none that never ends.

keystonemiddleware waits for each step of an answer, without a limit unless
``http_connect_timeout`` is set, for as many requests as there are threads;
and takes a Keystone that is away for one that refuses the token. Here a
question has a limit as a whole, only a part of the threads may wait, and a
silence is remembered for a moment.
"""

from __future__ import annotations

from collections.abc import Callable
import logging
import threading
import time
from typing import Any
from typing import Final

from keystoneauth1 import exceptions as auth_exceptions
from keystonemiddleware import auth_token
from keystonemiddleware import opts
from oslo_config import cfg

from trove.api import gate
from trove.common import exception

LOG = logging.getLogger(__name__)

GROUP: Final = 'keystone_authtoken'

#: Instead of the defaults of keystonemiddleware: none, and 3. It takes two
#: steps, at most, to find out that Keystone is silent.
_CONNECT: Final = 5
_RETRIES: Final = 1

#: Seconds that a question may take, whatever it waits for.
TOTAL: Final = 25.0

#: Seconds for which Keystone is not asked again after a timeout.
SILENCE: Final = 5.0

#: Seconds to wait for a place, since many requests may be short. After a
#: timeout nobody waits until a place becomes free.
PLACE_TIMEOUT: Final = 1.0

#: Errors of Keystone itself, and not of the token.
_FAILURES: Final = (
    auth_exceptions.ClientException,
    auth_token.ServiceError,
)

#: Errors that mean Keystone is unreachable. A malformed token can cause the
#: others, which must not lock out everybody else.
_SILENT: Final = (
    auth_exceptions.ConnectFailure,
    auth_exceptions.ConnectTimeout,
    auth_exceptions.SSLError,
)

#: Maximum length of a token; Fernet has some 300 characters, PKI some 8,000.
_MAX_TOKEN_LENGTH: Final = 16_384


def set_defaults(conf: cfg.ConfigOpts) -> None:
    """Limit what keystonemiddleware waits for, unless the operator does."""
    for group, options in opts.list_auth_token_opts():
        conf.register_opts(options, group=group)
    conf.set_default('http_connect_timeout', _CONNECT, GROUP)
    conf.set_default('http_request_max_retries', _RETRIES, GROUP)


class Identity:
    """Asks in the place of an identity server of keystonemiddleware.

    :param server: that one
    :param places: says how many may ask at the same time
    """

    def __init__(self, server: Any, places: gate.Gate) -> None:
        self._server = server
        self._gate = places
        self._places = threading.BoundedSemaphore(places.keystone)
        self._silent_until = 0.0
        self._full_until = 0.0
        self._slow = False

    def verify_token(self, *args: Any, **kwargs: Any) -> Any:
        """Return what a token says.

        :raises InvalidToken: of keystonemiddleware
        :raises ServiceUnavailable: Keystone does not say
        """
        token = args[0] if args else ''
        if not (token.isascii() and token.isprintable()) or (
            len(token) > _MAX_TOKEN_LENGTH
        ):
            # No request to Keystone can be made of it.
            raise auth_token.InvalidToken('The token is malformed')
        return self._ask(lambda: self._server.verify_token(*args, **kwargs))

    @property
    def www_authenticate_uri(self) -> Any:
        """Where tokens come from, if no option says so."""
        return self._ask(lambda: self._server.www_authenticate_uri)

    def invalidate(self) -> Any:
        return self._server.invalidate()

    def _ask(self, question: Callable[[], Any]) -> Any:
        self._take_place()
        asked = False
        try:
            with self._gate.place_of_anybody():
                began = time.monotonic()
                answer = _Answer(question, self._places.release)
                asked = True
                answered = answer.done.wait(TOTAL)
        except RuntimeError:
            # The machine has no thread for it.
            raise _unavailable() from None
        finally:
            if not asked:
                self._places.release()
        self._slow = time.monotonic() - began > PLACE_TIMEOUT
        if not answered:
            self._note(f'no answer within {TOTAL:.0f} seconds')
            raise _unavailable()
        error = answer.error
        if not isinstance(error, _SILENT):
            # It answers, whatever it says.
            self._silent_until = 0.0
        if error is None:
            return answer.value
        if not isinstance(error, _FAILURES):
            raise error
        if isinstance(error, auth_exceptions.EndpointNotFound):
            self._server.invalidate()
        if isinstance(error, _SILENT):
            self._note(str(error))
        else:
            LOG.error(
                'Keystone does not return the identity of a token: %s. Check '
                'the user in [%s].',
                error,
                GROUP,
            )
        raise _unavailable() from error

    def _take_place(self) -> None:
        """Return with a place; who waits for one takes a thread meanwhile.

        :raises ServiceUnavailable: there is none, or nobody is to ask
        """
        if time.monotonic() < self._silent_until:
            raise _unavailable()
        if not self._places.acquire(
            timeout=0 if self._slow else PLACE_TIMEOUT
        ):
            self._slow = True
            self._note_full()
            raise _unavailable()
        if time.monotonic() < self._silent_until:
            # The previous holder of the place has detected that.
            self._places.release()
            raise _unavailable()

    def _note_full(self) -> None:
        now = time.monotonic()
        if now >= self._full_until:
            LOG.error(
                'Keystone is slow: the maximum number of requests, half of '
                'trove_api_threads, is waiting for it. Further requests with '
                'uncached tokens are refused with 503. Check the load of '
                'Keystone and its database.'
            )
        self._full_until = now + TOTAL

    def _note(self, what: str) -> None:
        now = time.monotonic()
        if now >= self._silent_until:
            LOG.error(
                'Keystone does not answer: %s. Requests with uncached tokens '
                'are refused with 503. Check that it is running, and [%s] '
                'auth_url.',
                what,
                GROUP,
            )
        self._silent_until = now + SILENCE


class _Answer:
    """What comes of a question, in a thread of its own.

    :param question: is asked at once
    :param over: called when it is answered, or has failed
    """

    def __init__(
        self, question: Callable[[], Any], over: Callable[[], None]
    ) -> None:
        self.done = threading.Event()
        self.value: Any = None
        self.error: Exception | None = None
        self._question = question
        self._over = over
        # One that never ends does not keep the process from its end.
        threading.Thread(
            target=self._run, name='keystone', daemon=True
        ).start()

    def _run(self) -> None:
        try:
            self.value = self._question()
        except Exception as error:  # noqa: BLE001
            self.error = error
        finally:
            self._over()
            self.done.set()


def _unavailable() -> exception.ServiceUnavailable:
    return exception.ServiceUnavailable(what='The identity service (Keystone)')


class Tokens(auth_token.AuthProtocol):  # type: ignore[misc]
    """Checks tokens; a Keystone that is away is no reason to refuse them."""

    def __init__(
        self, application: Any, settings: dict[str, Any], places: gate.Gate
    ) -> None:
        super().__init__(application, settings)
        server: Any = self._identity_server
        self._identity_server: Any = Identity(server, places)

    @property
    def _reject_auth_headers(self) -> list[tuple[str, str]]:
        try:
            headers: list[tuple[str, str]] = super()._reject_auth_headers
        except exception.ServiceUnavailable:
            # Without www_authenticate_uri it asks Keystone for it.
            return []
        return headers
