# SPDX-License-Identifier: Apache-2.0
"""Calls to the cloud: with a fence, bounded retries, and errors explained."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import logging
from typing import Any
from typing import TypeVar

from oslo_config import cfg

from trove.cloud.openstack import errors
from trove.cloud.openstack import session
from trove.common import exception
from trove.common import masking
from trove.common import patience

LOG = logging.getLogger(__name__)

T = TypeVar('T')

_FIRST_DELAY = 0.5
_LONGEST_DELAY = 8.0
#: The retry of a request that is a warning, the only one of it.
_WARN_AT = 3


@dataclasses.dataclass(frozen=True)
class Pending:
    """What is waited for is not there yet.

    :param why: for the error after the timeout, as in "volume V has the
        status creating"
    """

    why: str


class Calls:
    """The services of the cloud.

    :param check: raises when the work is somebody else's; called before each
        request that changes something, and while something is waited for
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        sessions: session.Sessions | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self.conf = conf
        self._sessions = sessions or session.Sessions(conf)
        self._check = check

    def fenced(self, check: Callable[[], None]) -> Calls:
        """Return the same services, for one piece of work."""
        return Calls(self.conf, self._sessions, check)

    @property
    def project_id(self) -> str:
        return self._sessions.project_id

    @property
    def compute(self) -> Any:
        return self._sessions.service('compute')

    @property
    def network(self) -> Any:
        return self._sessions.service('network')

    @property
    def volumes(self) -> Any:
        return self._sessions.service('block_storage')

    @property
    def images(self) -> Any:
        return self._sessions.service('image')

    def look(self, action: str, function: Callable[[], T]) -> T:
        """Ask for something, again when the answer fails to come.

        :param action: for the error, as in "could not ..."
        :raises CloudError: there is no answer, or one that something is wrong
        """
        return self._repeat(action, function, _passes)

    def find(self, action: str, function: Callable[[], T]) -> T | None:
        """Ask for something that may not be there: None then."""
        return self.look(action, lambda: _unless_gone(function))

    def make(
        self,
        action: str,
        function: Callable[[], T],
        found: Callable[[], T | None],
    ) -> T:
        """Make something once.

        :param found: looks for it; when the answer was lost, what it finds
            is the result. The request is repeated only where it certainly
            was not carried out, or has failed and nothing is found.
        :raises CloudError: it is not made, or nobody knows
        """
        repeated = False

        def passes(error: Exception) -> bool:
            nonlocal repeated
            if errors.is_over(error) and found() is None:
                repeated = True
                return True
            return errors.is_not_taken(error)

        try:
            return self._repeat(action, self._fence(function), passes)
        except exception.CloudError as failed:
            cause = _cause(failed)
            # It may be in the way of another one.
            late = repeated and errors.status(cause) in (400, 409)
            if late or errors.is_unanswered(cause):
                adopted = self._adopt(action, found)
                if adopted is not None:
                    return adopted
            raise

    def _adopt(self, action: str, found: Callable[[], T | None]) -> T | None:
        """Look for what a request without an answer has made."""
        for delay in self._delays():
            adopted = found()
            if adopted is not None:
                LOG.info(
                    'The cloud did not answer a request to %s, but carried '
                    'it out; what it made is used.',
                    action,
                )
                return adopted
            self._sessions.pause(delay)
        return None

    def change(self, action: str, function: Callable[[], T]) -> T | None:
        """Change something by a request that may be repeated.

        :returns: None if the answer was lost: what is asked for is under way
        """
        repeated = False

        def passes(error: Exception) -> bool:
            nonlocal repeated
            repeated = repeated or errors.is_unanswered(error)
            return _passes(error)

        try:
            return self._repeat(action, self._fence(function), passes)
        except exception.CloudError as failed:
            # Not in this state any more, as Nova and Cinder say it.
            if repeated and errors.status(_cause(failed)) in (400, 409):
                return None
            raise

    def drop(self, action: str, function: Callable[[], object]) -> None:
        """Delete something, which may be gone already."""
        self.change(action, lambda: _unless_gone(function))

    def wait(
        self, action: str, look: Callable[[], T | Pending], seconds: float
    ) -> T:
        """Return what ``look`` returns as soon as it is not pending.

        Meanwhile the service may be away: what it does goes on.

        :raises CloudError: after the timeout
        """
        wait = patience.Patience(seconds)
        while True:
            found: T | Pending
            try:
                found = look()
            except exception.CloudUnreachable as error:
                found = Pending(str(error).rstrip('.'))
            if not isinstance(found, Pending):
                return found
            if wait.is_over:
                raise exception.CloudError(
                    action=action,
                    reason=f'it is not done after {seconds:g} seconds: '
                    f'{found.why}. Check the log of the service',
                )
            wait.tell(f'Asked the cloud to {action}, {found.why}')
            self._sessions.pause(self.conf.cloud_openstack.poll_interval)
            self._check()

    def persist(self, function: Callable[[], T]) -> T:
        """Do something of several calls again, as often as one of them.

        :raises CloudError: of the last attempt
        """
        for delay in self._delays():
            try:
                return function()
            except exception.CloudError as error:
                LOG.debug('Trying again: %s', error)
            self._sessions.pause(delay)
        return function()

    def _fence(self, function: Callable[[], T]) -> Callable[[], T]:
        def checked() -> T:
            self._check()
            return function()

        return checked

    def _repeat(
        self,
        action: str,
        function: Callable[[], T],
        passes: Callable[[Exception], bool],
    ) -> T:
        for number, delay in enumerate((*self._delays(), None), 1):
            try:
                return function()
            except errors.ALL as error:
                if delay is None or not passes(error):
                    raise _failed(action, error) from error
                LOG.log(
                    logging.WARNING if number == _WARN_AT else logging.DEBUG,
                    'Could not %s, retry %d of at most %d: %s',
                    action,
                    number,
                    self.conf.cloud_openstack.retries,
                    masking.error(error),
                )
                self._sessions.pause(max(delay, errors.retry_after(error)))
        raise AssertionError('unreachable')

    def _delays(self) -> list[float]:
        count = self.conf.cloud_openstack.retries
        return [
            min(_FIRST_DELAY * 2**number, _LONGEST_DELAY)
            for number in range(count)
        ]


def _failed(action: str, error: Exception) -> exception.CloudError:
    failed = errors.convert(action, error)
    if _passes(error):
        return exception.CloudUnreachable(str(failed))
    return failed


def _cause(failed: exception.CloudError) -> Exception:
    """Return the error of the library."""
    cause = failed.__cause__
    return cause if isinstance(cause, Exception) else failed


def _passes(error: Exception) -> bool:
    return errors.is_not_taken(error) or errors.is_unanswered(error)


def _unless_gone(function: Callable[[], T]) -> T | None:
    try:
        return function()
    except errors.ALL as error:
        if errors.is_gone(error):
            return None
        raise
