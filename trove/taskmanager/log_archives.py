# SPDX-License-Identifier: Apache-2.0
"""Looks after archived logs: what there is, who may write it, what goes.

What a guest has stored is seen in the object store, object by object, so the
times that can be restored are proved, and a gap is noticed. Several task
managers share the work: each archive is claimed for a while.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from trove.common import context as trove_context
from trove.common import exception
from trove.guestagent import api as guest_api
from trove.objects.backup import log_work
from trove.objects.backup import logs
from trove.objects.instance import instances
from trove.objectstore import base as stores
from trove.objectstore import storage
from trove.taskmanager import sweeps
from trove.taskmanager.workflows import backup_order
from trove.taskmanager.workflows import base

#: Objects that are looked for, and deleted, at once.
_MOST: Final = 500
#: A guest is told again after so many intervals in which nothing came.
_STALE: Final = 5
#: Objects that a guest may store before it is told again, if that is
#: limited, and after how many it is told.
_AHEAD: Final = 400
_AGAIN: Final = 100
#: The last objects of a log, which its guest may store once more.
_BEHIND: Final = 200


_TAKEN_OVER: Final = (
    'Check the guest agent and its server: it may be in the hands of somebody '
    'else. Then delete this object, and make a full backup.'
)


class LogArchives:
    """Looks after those that are due; :meth:`look` is called now and then."""

    def __init__(self, env: base.Environment) -> None:
        self._env = env
        self._context = trove_context.make_admin_context()

    @property
    def _interval(self) -> float:
        interval: float = self._env.conf.taskmanager.log_archive_interval
        return interval

    def look(self) -> None:
        """Look after what nobody else has in the last interval.

        :raises ServiceUnavailable: the database does not work
        """
        sweeps.each(
            log_work.claim(self._interval / 2),
            self._look,
            lambda each: (
                f'look after the archived log of instance {each.instance_id}'
            ),
            stopping=self._env.draining,
        )

    def _look(self, archive: log_work.Archive) -> None:
        if not archive.series:
            return
        newest = archive.series[-1]
        driver = self._driver(archive, newest)
        newest, found = self._see(archive, driver.store(), newest)
        self._tell(archive, newest, driver, found)
        for each in archive.series:
            # What was just found goes the next time.
            self._clean(archive, each, found)

    def _driver(
        self, archive: log_work.Archive, series: logs.Series
    ) -> storage.Storage:
        return storage.load(
            self._env.conf, series.storage_driver, archive.project_id
        )

    # What there is

    def _see(
        self,
        archive: log_work.Archive,
        store: stores.Store,
        series: logs.Series,
    ) -> tuple[logs.Series, bool]:
        """Write down what is there; return the newest series.

        :returns: and whether there was anything new
        :raises StepFailed: an object is larger than the database can have
            made it; the access of the guest then ends, as it is not renewed
        """
        found, refused = False, None
        last, latest = series.last, series.latest
        for number in range(series.last + 1, series.last + 1 + _MOST):
            head = _head(store, series, series.name(number))
            if head is None:
                break
            if archive.wanted and self._is_too_large(series, head):
                refused = head
                break
            last, found = number, True
            until = head.metadata.get(logs.UNTIL)
            if logs.is_time(until):
                latest = until
        if found:
            log_work.extend(series.instance_id, series.series, last, latest)
        if refused is not None:
            reason = (
                f'The archive of the log of changes has ended: '
                f'{refused.location} has {refused.size} bytes, more than the '
                'database can have written'
            )
            log_work.refuse(series.instance_id, f'{reason}. {_TAKEN_OVER}')
            raise base.StepFailed(reason=reason, remedy=_TAKEN_OVER)
        later = series.name(1, series.series + 1)
        if last - series.last < _MOST and _head(store, series, later):
            return log_work.begin_series(series, _gap(latest)), True
        return dataclasses.replace(series, last=last), found

    def _is_too_large(self, series: logs.Series, head: stores.Head) -> bool:
        if head.size <= backup_order.LEAST:
            return False
        instance = instances.get(self._context, series.instance_id)
        return head.size > backup_order.most_stored(instance)

    # Who may write it

    def _tell(
        self,
        archive: log_work.Archive,
        series: logs.Series,
        driver: storage.Storage,
        found: bool,
    ) -> None:
        """Tell the guest what is wanted, unless it knows."""
        more = driver.signs_names and (
            archive.series[-1].last // _AGAIN != series.last // _AGAIN
            or archive.series[-1].series != series.series
        )
        due = more or self._is_due(archive, driver, found)
        if not archive.exists or not due:
            return
        instance = instances.get(self._context, archive.instance_id)
        expiry = self._env.conf.agent_heartbeat_expiry
        if instance.judged(expiry).silent_for is not None:
            return
        guest = guest_api.API(self._env.transport, archive.instance_id)
        if not archive.wanted:
            guest.archive_log(self._context, archive=None)
            log_work.ordered(archive.instance_id, None)
            return
        first = max(1, series.last + 1 - _BEHIND)
        access = driver.appending(
            series.container,
            series.prefix,
            [
                # A guest that was killed stores a piece of some objects again.
                series.names(first, series.last + 1 + _AHEAD - first),
                # After a gap the guest begins the next one by itself.
                series.names(1, _AGAIN, series.series + 1),
            ],
        )
        guest.archive_log(
            self._context,
            archive={
                'container': series.container,
                'prefix': series.prefix,
                'series': series.series,
                'interval': self._interval,
            },
            store=access,
        )
        log_work.ordered(archive.instance_id, access.get('expires'))

    def _is_due(
        self,
        archive: log_work.Archive,
        driver: storage.Storage,
        found: bool,
    ) -> bool:
        ago = archive.ordered_ago
        if ago is None or not archive.wanted:
            return ago is None
        stale = not found and ago > _STALE * self._interval
        return stale or driver.needs_renewal(archive.expires)

    # What goes

    def _clean(
        self, archive: log_work.Archive, series: logs.Series, found: bool
    ) -> None:
        """Delete the objects that no backup needs."""
        numbers = log_work.needless(series)[:_MOST]
        if numbers:
            log_work.shorten(series, numbers.stop)
            store = self._driver(archive, series).store()
            for number in numbers:
                store.delete(
                    store.location(series.container, series.name(number))
                )
        # Its guest may just be storing another object when it is told.
        told = (archive.ordered_ago or 0) >= self._interval
        ended = series.series < archive.ordered_series or (
            not archive.wanted and (told or not archive.exists)
        )
        if ended and not found and numbers.stop > series.last:
            log_work.forget(archive, series)


def _head(
    store: stores.Store, series: logs.Series, name: str
) -> stores.Head | None:
    try:
        return store.head(store.location(series.container, name))
    except exception.ObjectMissing:
        return None


def _gap(latest: str | None) -> str:
    return (
        f'{log_work.GAP}{latest or "its beginning"}: more was written than '
        'was archived. Make a full backup; later times than that can be '
        'restored.'
    )
