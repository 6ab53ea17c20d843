# SPDX-License-Identifier: Apache-2.0
"""The logs of this guest: listed, switched, published, kept small.

How far a log is published is remembered for each project: administrators
publish to a project of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import importlib
import logging
import pathlib
import threading
from typing import Any
from typing import Final

from oslo_config import cfg

from trove import objectstore
from trove.common import context as trove_context
from trove.common import exception
from trove.guestagent import log_publishing as publishing
from trove.guestagent import restores
from trove.guestagent import supervisor as supervisors
from trove.guestagent.datastores import capability
from trove.guestagent.datastores import files
from trove.guestagent.datastores import logs

LOG = logging.getLogger(__name__)

Context = trove_context.TroveContext

_FILE: Final = 'logs.json'
#: Seconds between two looks at the sizes of the logs.
_INTERVAL: Final = 5.0
#: Projects whose positions are remembered.
_PROJECTS: Final = 16
#: Where the log of an agent is unless options say it, as in releases.
_LOG_DIR: Final = '/var/log/trove'
_LOG_FILE: Final = 'trove-guestagent.log'
#: Seconds for a look to end when the agent does.
_STOP_TIMEOUT: Final = 10


@dataclasses.dataclass(frozen=True)
class Action:
    """What is to be done with a log, in this order."""

    enable: bool = False
    disable: bool = False
    discard: bool = False
    publish: bool = False

    def __post_init__(self) -> None:
        if self.enable and self.disable:
            raise exception.BadRequest(
                reason='a log cannot be enabled and disabled at once. Order '
                'one of both.'
            )


class Logs:
    """The logs of the database server, and that of the agent.

    :param state_dir: an existing directory for what must be remembered
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        supervisor: supervisors.Supervisor,
        state_dir: pathlib.Path,
    ) -> None:
        self._conf = conf
        self._supervisor = supervisor
        self._path = state_dir / _FILE
        self._own = logs.Log('guest', _own_file(conf), masked=True)
        self._publishing = threading.Lock()
        self._recording = threading.Lock()
        self._stopping = threading.Event()
        #: Logs that were not rotated, or not opened again.
        self._failed: set[str] = set()
        self._thread = threading.Thread(
            target=self._watch, name='logs', daemon=True
        )

    def start(self) -> None:
        """Begin to rotate logs that have become too large."""
        if capability.Capability.LOGS in self._supervisor.driver.capabilities:
            self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_TIMEOUT)

    # Orders

    def list_(self, context: Context) -> list[dict[str, Any]]:
        """Return the logs that the asker may see, as they travel."""
        return [
            self._show(context, log)
            for log in self._all()
            if _may_see(context, log)
        ]

    def act(
        self,
        context: Context,
        name: str,
        action: Action,
        access: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        """Do something with a log, or nothing; return it as it travels.

        :param access: where to publish it, as the order has it; None: with
            what the context has, as released services send it
        :raises trove.common.exception.NotFound: there is no such log
        :raises trove.common.exception.Forbidden: it is for administrators
        :raises trove.common.exception.BadRequest: it is always on
        """
        log = self._find(context, name)
        self._switch(log, action)
        if action.discard or action.publish:
            if not self._publishing.acquire(blocking=False):
                raise exception.Conflict(
                    'A log of this instance is being published. Repeat the '
                    'request when that has ended.'
                )
            try:
                self._store(context, log, action, access)
            finally:
                self._publishing.release()
        return self._show(context, log)

    def _all(self) -> list[logs.Log]:
        return [*self._supervisor.driver.logs(), self._own]

    def _find(self, context: Context, name: str) -> logs.Log:
        for log in self._all():
            if log.name == name:
                if _may_see(context, log):
                    return log
                raise exception.Forbidden(
                    f'The log "{name}" is for administrators only.'
                )
        there = ', '.join(
            log.name for log in self._all() if _may_see(context, log)
        )
        raise exception.NotFound(
            f'This instance has no log "{name}"; it has: {there}.'
        )

    def _switch(self, log: logs.Log, action: Action) -> None:
        if log.settings is None:
            if action.disable or (action.enable and not action.publish):
                raise exception.BadRequest(
                    reason=f'the log "{log.name}" is always on. It can be '
                    'published and discarded only.'
                )
            return
        driver = self._supervisor.driver
        on = action.enable or (
            action.publish
            and not action.disable
            and not driver.is_log_on(log.name)
        )
        if on or action.disable:
            with self._supervisor.turn() as driver:
                driver.switch_log(log.name, on)
            LOG.info(
                'The log %s is %s.', log.name, 'on' if on else 'off'
            )

    def _store(
        self,
        context: Context,
        log: logs.Log,
        action: Action,
        access: Mapping[str, Any] | None,
    ) -> None:
        target = self._target(context, log, access)
        if action.discard:
            if access is None:
                publishing.discard(target)
            self._record(context, log, publishing.Position())
        if action.publish:
            publishing.publish(
                log,
                target,
                self._position(context, log),
                lambda position: self._record(context, log, position),
            )

    def _target(
        self,
        context: Context,
        log: logs.Log,
        access: Mapping[str, Any] | None,
    ) -> publishing.Target:
        if access is None:
            loading = importlib.import_module('trove.objectstore.loading')
            url = loading.storage_url(self._conf, context)
            access = {
                **restores.released_access(context, {'swift_url': url}),
                'container': self._conf.guest_log_container_name,
                'expiry': self._conf.guest_log_expiry,
            }
        return publishing.Target(
            objectstore.open_store(access),
            str(access['container']),
            self._prefix(log),
            self._conf.guest_log_limit,
            4 * self._conf.guestagent.log_max_mb << 20,
            int(access['expiry']),
        )

    def _prefix(self, log: logs.Log) -> str:
        manager = self._conf.datastore_manager or self._supervisor.driver.name
        return f'{self._conf.guest_id}/{manager}-{log.name}'

    def _show(self, context: Context, log: logs.Log) -> dict[str, Any]:
        position = self._position(context, log)
        with log.opened() as parts:
            rest = publishing.rest(parts, position)
            pending = rest.size
            status = _status(
                on=log is self._own
                or self._supervisor.driver.is_log_on(log.name),
                there=bool(parts),
                published=position.total,
                pending=pending,
                rotated=rest.rotated,
            )
        prefix = self._prefix(log)
        return {
            'name': log.name,
            'type': log.kind,
            'status': status,
            'published': position.total,
            'pending': pending,
            'container': position.container if position.total else 'None',
            'prefix': f'{prefix}/' if position.total else 'None',
            'metafile': publishing.metafile(prefix),
        }

    # What is published

    def _position(
        self, context: Context, log: logs.Log
    ) -> publishing.Position:
        for project, known in self._known():
            if project == (context.project_id or ''):
                return publishing.Position(**known.get(log.name, {}))
        return publishing.Position()

    def _record(
        self, context: Context, log: logs.Log, position: publishing.Position
    ) -> None:
        project = context.project_id or ''
        with self._recording:
            known = dict(self._known())
            # The one that was used last becomes the last one.
            mine = known.pop(project, {})
            mine[log.name] = dataclasses.asdict(position)
            kept = [*known.items(), (project, mine)][-_PROJECTS:]
            files.write_json(self._path, {'published': kept})

    def _known(self) -> list[tuple[str, dict[str, Any]]]:
        return [
            (project, positions)
            for project, positions in files.read_json(self._path).get(
                'published', ()
            )
        ]

    # Sizes

    def _watch(self) -> None:
        while not self._stopping.wait(_INTERVAL):
            try:
                self.limit()
            except Exception:
                LOG.exception(
                    'Looking at the sizes of the logs failed; retrying in '
                    '%s s. Report this as a bug, with the traceback.',
                    _INTERVAL,
                )

    def limit(self) -> None:
        """Rotate the logs of the server that have become too large."""
        driver = self._supervisor.driver
        if driver.pid() is None:
            return
        for log in driver.logs():
            try:
                self._limit(log)
            except (OSError, exception.TroveError) as error:
                if log.name not in self._failed:
                    LOG.error(
                        'The log %s is larger than %d MiB and could not be '
                        'rotated: %s It fills the volume until it is. Check '
                        'the directory %s, or disable the log.',
                        log.name,
                        self._conf.guestagent.log_max_mb,
                        error,
                        log.path.parent,
                    )
                self._failed.add(log.name)
            else:
                self._failed.discard(log.name)

    def _limit(self, log: logs.Log) -> None:
        most = self._conf.guestagent.log_max_mb
        size = log.size()
        # The server may go on with the former part.
        again = not size and log.name in self._failed
        if size >= most << 20 or again:
            self._supervisor.driver.rotate_log(log.name)
            LOG.info(
                'Rotated the log %s, which had reached %d MiB.',
                log.name,
                most,
            )


def _may_see(context: Context, log: logs.Log) -> bool:
    return log.settings is not None or bool(context.is_admin)


def _status(
    *, on: bool, there: bool, published: int, pending: int, rotated: bool
) -> str:
    """Return the word of released Trove for the state of a log."""
    if not on:
        return 'Disabled'
    if rotated:
        return 'Rotated'
    if pending:
        return 'Partial' if published else 'Ready'
    if published:
        return 'Published'
    return 'Enabled' if there else 'Unavailable'


def _own_file(conf: cfg.ConfigOpts) -> pathlib.Path:
    """Return the file that the log of the agent goes to."""
    name = conf.guestagent.log_file
    if name:
        return pathlib.Path(name)
    try:
        directory, name = conf.log_dir, conf.log_file
    except cfg.NoSuchOptError:
        # Several agents share a process and its log.
        directory = name = None
    return pathlib.Path(directory or _LOG_DIR, name or _LOG_FILE)
