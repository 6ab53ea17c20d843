# SPDX-License-Identifier: Apache-2.0
"""The part of a running agent: takes the order, confirms itself."""

from __future__ import annotations

from collections.abc import Callable
import contextlib
import dataclasses
import logging
import pathlib
import shutil
import threading
from typing import Any
from typing import Final

from trove import version
from trove.common import context as trove_context
from trove.common import exception
from trove.common import guest_faults
from trove.common import service
from trove.guestagent import state as states
from trove.guestagent.agents import choice as choices
from trove.guestagent.agents import packages

LOG = logging.getLogger(__name__)

#: Seconds between two looks of an agent on trial whether all is well.
_INTERVAL: Final = 1.0
#: Seconds between two tries to report why the last order failed.
_REPORT_INTERVAL: Final = 10.0


class Agents:
    """The agents of one guest.

    :param reporting: makes an error a fault of the instance, see
        :meth:`trove.guestagent.reporter.Reporter.reporting`
    :param status: returns the status of the database to report
    :param answered: asks the conductors; whether there was an answer
    :param busy: returns what must not be interrupted, such as a backup
    :param end: ends this agent in good order, so that it is started again;
        must not block. None: nobody would
    """

    def __init__(
        self,
        state_dir: pathlib.Path,
        reporting: Callable[
            [trove_context.TroveContext, str],
            contextlib.AbstractContextManager[None],
        ],
        status: Callable[[], str],
        answered: Callable[[], bool],
        busy: Callable[[], str | None] = lambda: None,
        end: Callable[[], None] | None = None,
    ) -> None:
        self._kept = choices.Choices(state_dir)
        self._reporting = reporting
        self._status = status
        self._answered = answered
        self._busy = busy
        self._end = end
        self._lock = threading.Lock()
        #: The package that is being installed, or the end is near.
        self._under_way: str | None = None
        self._confirming: service.Periodic | None = None
        self._telling: service.Periodic | None = None

    def start(self) -> None:
        """Begin to confirm this agent, and to report what has failed."""
        choice = self._kept.load()
        if choice.trial is not None:
            self._confirming = service.Periodic(
                self._confirm, _INTERVAL, 'agent on trial'
            )
            self._confirming.start()
        if choice.failure is not None and not choice.failure.told:
            self._begin_to_tell()

    def stop(self) -> None:
        for each in (self._confirming, self._telling):
            if each is not None:
                # It may wait for an answer, and has nothing to lose.
                threading.Thread(target=each.stop, daemon=True).start()

    def show(self) -> dict[str, Any]:
        """Return which agent runs, and what is being done about it."""
        choice, state = self._kept.load(), 'running'
        if self._under_way is not None:
            state = 'installing'
        elif choice.trial is not None:
            state = 'trial'
        failure = choice.failure
        return {
            'state': state,
            'package': choice.current,
            'previous': choice.previous,
            'release': version.release(),
            'doing': self._busy(),
            'failed': None if failure is None else failure.package,
            'reason': None if failure is None else failure.reason,
        }

    def replace(self, order: Any) -> dict[str, Any]:
        """Begin to replace this agent; the same order again is harmless.

        :param order: see :meth:`trove.guestagent.api.API.upgrade_agent`
        :raises trove.common.exception.TroveError: it is refused
        """
        if self._end is None:
            raise exception.NotSupported(
                'This guest agent is part of another process, and is upgraded '
                'with it. Nothing was changed.'
            )
        package = None if order is None else packages.parse_order(order)
        with self._lock:
            choice = self._kept.load()
            target = choice.previous if package is None else package.sha256
            if target is None:
                raise exception.Unprocessable(
                    'There is no former agent to go back to.'
                )
            if self._under_way == target:
                return self.show()
            if package is not None and target == choice.current:
                return self.show()
            self._check_idle(choice)
            self._under_way = target
        threading.Thread(
            target=self._replace,
            args=(target, package),
            name='agent upgrade',
            daemon=True,
        ).start()
        return self.show()

    def _check_idle(self, choice: choices.Choice) -> None:
        doing = self._busy()
        if self._under_way is not None or choice.trial is not None:
            doing = 'another upgrade of the agent is in progress'
        if doing:
            raise exception.Unprocessable(
                f'The agent was kept: {doing}. Repeat the order when this '
                'has ended.'
            )

    # What the thread does

    def _replace(
        self, target: str, package: packages.Package | None
    ) -> None:
        try:
            with self._kept.changing() as choice:
                self._kept.save(dataclasses.replace(choice, failure=None))
            if package is not None:
                packages.install(self._kept, package)
            self._hand_over(target, package)
        except Exception as error:
            if not isinstance(error, exception.TroveError):
                LOG.exception('Upgrading the agent failed.')
            self._fail(choices.Failure(target, str(error)))

    def _hand_over(
        self, target: str, package: packages.Package | None
    ) -> None:
        assert self._end is not None
        doing = self._busy()
        if doing:
            raise exception.Unprocessable(f'The agent was kept: {doing}.')
        seconds = packages.SECONDS if package is None else package.seconds
        with self._kept.changing() as choice:
            trial = choices.Trial(seconds, self._status())
            self._kept.save(choice.tried(target, trial))
        LOG.info(
            'Ending, to be started again as the agent of %s. The database '
            'goes on.',
            choices.described(target),
        )
        self._end()

    def _fail(self, failure: choices.Failure) -> None:
        with self._kept.changing() as choice:
            self._kept.save(dataclasses.replace(choice, failure=failure))
        self._under_way = None
        self._begin_to_tell()

    # What an agent on trial does

    def _confirm(self) -> None:
        """End the trial once the conductors and the database answer."""
        trial = self._kept.load().trial
        if trial is None:
            self._end_periodic(self._confirming)
            return
        if self._status() not in (trial.status, states.STATUS_HEALTHY):
            return
        if not self._answered():
            return
        with self._kept.changing() as choice:
            if choice.trial is None:
                # The watchdog was faster, and ends this process.
                return
            self._kept.save(choice.confirmed())
        LOG.info(
            'The agent of %s is confirmed.', choices.described(choice.current)
        )
        self._remove_others()
        self._end_periodic(self._confirming)

    # And the one after it

    def _begin_to_tell(self) -> None:
        self._telling = service.Periodic(
            self._tell, _REPORT_INTERVAL, 'failed upgrade'
        )
        self._telling.start()

    def _tell(self) -> None:
        """Make the failure a fault of the instance."""
        failure = self._kept.load().failure
        if failure is None or failure.told:
            self._end_periodic(self._telling)
            return
        if not self._answered():
            return
        self._report(failure)
        with self._kept.changing() as choice:
            if choice.failure == failure:
                self._kept.save(choice.with_told())
        self._remove_others()

    def _report(self, failure: choices.Failure) -> None:
        context = trove_context.TroveContext(overwrite=False)
        with self._reporting(context, guest_faults.UPGRADE_AGENT):
            raise exception.Unprocessable(failure.reason)

    def _remove_others(self) -> None:
        """Remove what is installed and may not be chosen any more."""
        choice = self._kept.load()
        keep = {choice.current, choice.previous, self._under_way}
        for path in self._kept.directory.iterdir():
            if path.is_dir() and path.name not in keep:
                shutil.rmtree(path, ignore_errors=True)

    def _end_periodic(self, periodic: service.Periodic | None) -> None:
        # From its own thread, so it is not waited for.
        if periodic is not None:
            periodic.stop()
