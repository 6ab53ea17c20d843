# SPDX-License-Identifier: Apache-2.0
"""``trove-status upgrade check``: is this deployment ready for this release?

It is run after ``trove-manage db_sync`` and before the new services start.
Exit status: 0 all is well, 1 there is a warning, 2 something has to be done
first, 255 an error.
"""

from __future__ import annotations

import collections
from collections.abc import Sequence
import sys

from oslo_config import cfg
from oslo_upgradecheck import common_checks
from oslo_upgradecheck import upgradecheck
import sqlalchemy as sa

from trove import conf as trove_conf
from trove.common import exception
from trove.conductor import api as conductor
from trove.db import migration
from trove.db import models
from trove.db import session
from trove.guestagent import api as guestagent
from trove.objects import instance as instances
from trove.objects import keys
from trove.objects import peers
from trove.objects import rejected
from trove.objects import service as services
from trove.taskmanager import api as taskmanager

#: What oslo.upgradecheck ends with when it fails itself.
_ERROR = 255

_EXAMPLES = 5
_INTERFACES = (
    taskmanager.API.interface,
    conductor.API.interface,
    guestagent.API.interface,
)
_KEYS = ('taskmanager_rpc_encr_key', 'inst_rpc_key_encr_key')


class Checks(upgradecheck.UpgradeCommands):
    """The checks, in the order of the table that is shown."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._upgrade_checks = (
            ('Database revision', Checks._check_revision),
            ('Services', Checks._check_services),
            ('Pinned RPC versions', Checks._check_pins),
            ('Guest agents', Checks._check_guests),
            ('Keys of messages', Checks._check_keys),
            ('Rejected messages', Checks._check_rejected),
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
        except exception.ServiceUnavailable as error:
            return _failure(
                'The database does not work: '
                f'{session.reason(error.__cause__ or error)}. Check that it '
                'runs and that [database] connection is right.'
            )
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
        # Those that do not report by themselves are found by the others.
        known = [each for each in services.list_() if each.registered]
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

    def _check_pins(self) -> upgradecheck.Result:
        wrong = []
        low = []
        for interface in _INTERFACES:
            try:
                pin = interface.pin(self._conf)
            except exception.TroveError as error:
                wrong.append(str(error))
                continue
            if pin is not None and pin < interface.latest:
                value = self._conf.upgrade_levels[interface.name]
                low.append(
                    f'[upgrade_levels] {interface.name} is {value}: nothing '
                    'newer is sent to anybody. Set it to auto when the '
                    'upgrade is done.'
                )
        if wrong:
            return _failure(' '.join(wrong))
        return _warning(' '.join(low)) if low else _success()

    def _check_guests(self) -> upgradecheck.Result:
        if not self._readable():
            return _not_checked()
        total = 0
        oldest = []
        for guest in peers.guests(self._conf):
            total += 1
            if _is_oldest(guest.announced):
                oldest.append(
                    f'{guest.instance_id} ({guest.announced or "unknown"})'
                )
        if not oldest:
            return _success()
        return _warning(
            f'{len(oldest)} of {total} guest agents speak the oldest revision '
            f'only, or nobody knows what they speak: {_some(oldest)}. They '
            'are asked at the first message, and what is too new for them is '
            'refused. See "trove-rpc peers"; upgrade their images.'
        )

    def _check_keys(self) -> upgradecheck.Result:
        if not self._conf.enable_secure_rpc_messaging:
            return _success()
        missing = [name for name in _KEYS if not self._conf[name]]
        if missing:
            return _failure(
                f'enable_secure_rpc_messaging is on, but {", ".join(missing)} '
                'is not set: the services will not start. Make keys with '
                '"trove-manage generate_keys", or, when released Trove ran '
                'here with its defaults, take what it used.'
            )
        if not self._readable():
            return _not_checked()
        without = keys.without()
        if not without:
            return _success()
        return _warning(
            f'{len(without)} instances have no key: {_some(without)}. They '
            'were made without one and are spoken to in the clear. The guide '
            '"Message security" says how they can get one; or leave them.'
        )

    def _check_rejected(self) -> upgradecheck.Result:
        if not self._readable():
            return _not_checked()
        waiting: collections.Counter[str] = collections.Counter()
        begun = 0
        for (_, cause, state), number in rejected.counts().items():
            if state == rejected.WAITING:
                waiting[cause] += number
            elif state == rejected.REPLAYING:
                begun += number
        problems = []
        if waiting:
            said = ', '.join(
                f'{number} because of {cause}'
                for cause, number in sorted(waiting.items())
            )
            problems.append(
                f'{sum(waiting.values())} messages could not be taken and '
                f'wait for a decision: {said}. See "trove-rpc rejected list"; '
                'replay or discard them.'
            )
        if begun:
            problems.append(
                f'{begun} rejected messages are being replayed, or that was '
                'interrupted. If it stays so, see "trove-rpc rejected list '
                '--state replaying".'
            )
        return _warning(' '.join(problems)) if problems else _success()

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


def _is_oldest(announced: str | None) -> bool:
    """Whether a guest speaks no more than the oldest one does."""
    interface = guestagent.API.interface
    try:
        return interface.announced(announced or '') <= interface.floor
    except ValueError:
        return True


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
    try:
        result: int = upgradecheck.main(
            conf,
            project='trove',
            upgrade_command=Checks(conf),
            argv=sys.argv[1:] if argv is None else list(argv),
        )
    except trove_conf.UNREADABLE as error:
        print(
            f'trove-status: {trove_conf.unreadable(error)}', file=sys.stderr
        )
        return _ERROR
    return result


if __name__ == '__main__':
    sys.exit(main())
