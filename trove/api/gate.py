# SPDX-License-Identifier: Apache-2.0
"""How many requests may wait for somebody else at the same time.

Threads are what a process has few of. A request that needs only the database
is quick; one that waits for a guest, the task managers' queue, the cloud or
Keystone may take as long as the option says that limits it. So there are
bounds for one instance, one project, and all of them, and the rest of the
threads serve what is quick. The bound of a project shrinks with what is free,
so that some projects whose guests are silent leave places to the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import threading
import time

from trove.common import exception

#: Seconds to wait for a place, since many requests may be short.
_PLACE_TIMEOUT = 1.0

#: Seconds for which a guest without an answer is not asked again.
_SILENCE = 30.0

#: Guests that are remembered, at most.
_MOST = 10_000

#: Stands for all that wait but for Keystone, which is asked first.
_ALL = 'guests and the cloud'

#: And for Keystone too.
_ANY = 'Keystone, guests and the cloud'

#: Stands for those that wait for the end of a job: minutes, not seconds.
_JOBS = 'changes of encryption'

_Limits = dict[str, Callable[[], int]]


class Gate:
    """The places of a process.

    :param threads: that it has
    """

    def __init__(self, threads: int) -> None:
        self.instance = max(1, threads // 8)
        self.jobs = max(2, threads // 4)
        self.keystone = max(1, threads // 2)
        self.all = max(1, threads * 3 // 4)
        self.any = max(1, threads * 7 // 8)
        self._held: dict[str, int] = {}
        self._changed = threading.Condition()

    def place(
        self, project_id: str, instance_id: str | None = None
    ) -> contextlib.AbstractContextManager[None]:
        """Hold a place.

        :raises ServiceUnavailable: there is none, for a second
        """
        limits: _Limits = {
            _ANY: lambda: self.any,
            _ALL: lambda: self.all,
            # Two thirds of all if nobody else waits.
            f'project {project_id}': lambda: 2 * self._free(_ALL, self.all),
        }
        if instance_id is not None:
            limits[f'instance {instance_id}'] = lambda: self.instance
        return self._place(limits)

    def place_of_job(
        self, project_id: str
    ) -> contextlib.AbstractContextManager[None]:
        """Hold a place, besides the other one, while a job is waited for.

        :raises ServiceUnavailable: there is none, for a second
        """
        return self._place(
            {
                _JOBS: lambda: self.jobs,
                # Half of them if nobody else waits.
                f'{_JOBS} of project {project_id}': lambda: self._free(
                    _JOBS, self.jobs
                ),
            }
        )

    def _free(self, key: str, limit: int) -> int:
        return limit - self._held.get(key, 0)

    def place_of_anybody(self) -> contextlib.AbstractContextManager[None]:
        """Hold a place while Keystone is asked who somebody is."""
        return self._place({_ANY: lambda: self.any})

    @contextlib.contextmanager
    def _place(self, limits: _Limits) -> Iterator[None]:
        self._enter(limits)
        try:
            yield
        finally:
            self._leave(limits)

    def _enter(self, limits: _Limits) -> None:
        until = time.monotonic() + _PLACE_TIMEOUT
        with self._changed:
            while full := [
                key
                for key, limit in limits.items()
                if self._held.get(key, 0) >= limit()
            ]:
                left = until - time.monotonic()
                if left <= 0:
                    raise self._refusal(full)
                self._changed.wait(left)
            for key in limits:
                self._held[key] = self._held.get(key, 0) + 1

    def _refusal(self, full: list[str]) -> exception.ServiceUnavailable:
        # A project without any has none because all are held.
        key = [each for each in full if self._held.get(each)][-1]
        return exception.ServiceUnavailable(
            f'{self._held[key]} requests are already waiting for {key}, '
            'because one of these is slow or down. Repeat the request later.'
        )

    def _leave(self, limits: _Limits) -> None:
        with self._changed:
            for key in limits:
                self._held[key] -= 1
                if not self._held[key]:
                    del self._held[key]
            self._changed.notify_all()


class Unanswered:
    """The guests that did not answer, and what they had last said then."""

    def __init__(self) -> None:
        self._until: dict[str, tuple[float, object]] = {}
        self._lock = threading.Lock()

    def remember(self, instance_id: str, said: object) -> None:
        """Remember that a guest did not answer.

        :param said: stands for its last report
        """
        now = time.monotonic()
        with self._lock:
            for key in [k for k, (v, _) in self._until.items() if v <= now]:
                del self._until[key]
            if len(self._until) < _MOST:
                self._until[instance_id] = (now + _SILENCE, said)

    def is_known(self, instance_id: str) -> bool:
        """Return whether a guest did not answer recently."""
        return self._until.get(instance_id, (0.0, None))[0] > time.monotonic()

    def check(self, instance_id: str, said: object) -> None:
        """Return when a guest may be asked: it has reported since.

        :raises ServiceUnavailable: it did not answer, and said nothing since
        """
        with self._lock:
            until, before = self._until.get(instance_id, (0.0, None))
            left = until - time.monotonic()
            if left > 0 and said == before:
                raise exception.ServiceUnavailable(
                    f'The guest agent of instance {instance_id} did not '
                    'answer recently, and has not reported since. The next '
                    'attempt is possible after its next heartbeat, or in '
                    f'{left:.0f} seconds. Restart the instance if the problem '
                    'persists.'
                )
            self._until.pop(instance_id, None)
