# SPDX-License-Identifier: Apache-2.0
"""``trove-status upgrade check``: is this deployment ready for this release?

It is run after ``trove-manage db_sync`` and before the new services start.
Exit status: 0 all is well, 1 there is a warning, 2 something has to be done
first, 255 an error.
"""

from __future__ import annotations

from collections.abc import Sequence
import sys

from oslo_config import cfg
from oslo_upgradecheck import common_checks
from oslo_upgradecheck import upgradecheck
import sqlalchemy as sa

from trove import conf as trove_conf
from trove.common import exception
from trove.db import migration
from trove.db import models
from trove.db import session
from trove.guestagent import api as guestagent
from trove.objects import instance as instances
from trove.objects import service as services

_EXAMPLES = 5
_Version = tuple[int, ...]


class Checks(upgradecheck.UpgradeCommands):
    """The checks, in the order of the table that is shown."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._upgrade_checks = (
            ('Database revision', Checks._check_revision),
            ('Services', Checks._check_services),
            ('Guest agents', Checks._check_guests),
            ('Instances with running tasks', Checks._check_tasks),
            (
                'Policy file',
                (common_checks.check_policy_json, {'conf': conf}),
            ),
        )

    def check(self) -> upgradecheck.Code:
        # Here and not in the constructor: the options are read by now.
        try:
            session.configure(self._conf)
        except exception.TroveError as error:
            print(f'trove-status: {error}', file=sys.stderr)
            return upgradecheck.Code.FAILURE
        try:
            return super().check()
        finally:
            session.dispose()

    def _check_revision(self) -> upgradecheck.Result:
        latest = migration.latest()
        try:
            found = migration.current(self._conf)
        except exception.TroveError as error:
            return _failure(str(error))
        if found != latest:
            return _failure(
                f'The database has revision {found or "none, it is empty"}; '
                f'this release needs {latest}. Run "trove-manage db_sync".'
            )
        return _success()

    def _check_services(self) -> upgradecheck.Result:
        if not self._readable():
            return _not_checked()
        known = services.list_()
        alive = services.live(self._conf)
        names = {(each.binary, each.host) for each in alive}
        problems = []
        dead = [
            each for each in known if (each.binary, each.host) not in names
        ]
        if dead:
            problems.append(
                'No report for a while from '
                + _some([f'{each.binary} on {each.host}' for each in dead])
                + '. Start them, or run "trove-manage service_remove" for '
                'what is gone for good.'
            )
        releases = sorted({each.release or 'unknown' for each in alive})
        if len(releases) > 1:
            problems.append(
                f'Services of several releases run: {", ".join(releases)}. '
                'They work together at the lowest version that all of them '
                'speak until the last one is upgraded; "trove-manage '
                'service_list" shows which is which.'
            )
        return _warning(' '.join(problems)) if problems else _success()

    def _check_guests(self) -> upgradecheck.Result:
        if not self._readable():
            return _not_checked()
        latest = str(guestagent.INTERFACE.latest)
        with session.reader() as db:
            rows = db.execute(
                sa.select(
                    models.Instance.id,
                    models.AgentHeartbeat.guest_agent_version,
                )
                .outerjoin(
                    models.AgentHeartbeat,
                    models.AgentHeartbeat.instance_id == models.Instance.id,
                )
                .where(models.Instance.deleted.is_not(True))
            ).all()
        behind = [
            f'{instance_id} ({version or "unknown"})'
            for instance_id, version in rows
            if _numbers(version) < _numbers(latest)
        ]
        if not behind:
            return _success()
        return _warning(
            f'{len(behind)} of {len(rows)} guest agents speak less than '
            f'version {latest} or did not say: {_some(behind)}. They are '
            'driven at the version that they speak; what needs more is '
            'refused for them. Upgrade their images when it suits you.'
        )

    def _check_tasks(self) -> upgradecheck.Result:
        if not self._readable():
            return _not_checked()
        with session.reader() as db:
            busy = db.scalars(
                sa.select(models.Instance.id).where(
                    models.Instance.deleted.is_not(True),
                    models.Instance.task_id.is_not(None),
                    models.Instance.task_id != instances.Task.NONE.code,
                )
            ).all()
        if not busy:
            return _success()
        return _warning(
            f'{len(busy)} instances are busy or failed: {_some(busy)}. A '
            'task manager of this release takes over what one of the same '
            'release began; wait until those of an older one are through.'
        )

    def _readable(self) -> bool:
        try:
            return migration.current(self._conf) == migration.latest()
        except exception.TroveError:
            return False


def _numbers(version: str | None) -> _Version:
    """What a guest says of itself, to compare; the lowest when unknown."""
    try:
        return tuple(int(part) for part in (version or '').split('.'))
    except ValueError:
        return ()


def _some(names: Sequence[str]) -> str:
    more = len(names) - _EXAMPLES
    rest = f' and {more} more' if more > 0 else ''
    return ', '.join(names[:_EXAMPLES]) + rest


def _success() -> upgradecheck.Result:
    return upgradecheck.Result(upgradecheck.Code.SUCCESS)


def _warning(details: str) -> upgradecheck.Result:
    return upgradecheck.Result(upgradecheck.Code.WARNING, details)


def _failure(details: str) -> upgradecheck.Result:
    return upgradecheck.Result(upgradecheck.Code.FAILURE, details)


def _not_checked() -> upgradecheck.Result:
    return _warning('Not checked: the database is not ready, see above.')


def main(
    argv: Sequence[str] | None = None, conf: cfg.ConfigOpts = cfg.CONF
) -> int:
    trove_conf.register_opts(conf)
    result: int = upgradecheck.main(
        conf,
        project='trove',
        upgrade_command=Checks(conf),
        argv=sys.argv[1:] if argv is None else list(argv),
    )
    return result


if __name__ == '__main__':
    sys.exit(main())
