# SPDX-License-Identifier: Apache-2.0
"""``trove-status upgrade check``: is this deployment ready for this release?

It is run after ``trove-manage db_sync`` and before the new services start.
Exit status: 0 all is well, 1 there is a warning, 2 something has to be done
first, 255 an error.
"""

from __future__ import annotations

import collections
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
import functools
import sys
from typing import Any

from oslo_config import cfg
from oslo_upgradecheck import common_checks
from oslo_upgradecheck import upgradecheck

from trove import cloud as trove_cloud
from trove import conf as trove_conf
from trove import version
from trove.cmd import _checks
from trove.common import broker_accounts
from trove.common import exception
from trove.common import guest_config
from trove.common import rpc
from trove.common import text
from trove.db import migration
from trove.db import session
from trove.objects import datastore as datastores
from trove.objects import sealing
from trove.objects import service as services
from trove.objects.keys import instance_keys
from trove.objects.rejected import journal
from trove.objects.rejected import recording
from trove.peers import versions
from trove.rpcadmin import readiness

#: Exit status of oslo.upgradecheck for its own failures.
_ERROR = 255

_SUCCESS = upgradecheck.Code.SUCCESS
_WARNING = upgradecheck.Code.WARNING
_FAILURE = upgradecheck.Code.FAILURE

_KEYS = ('taskmanager_rpc_encr_key', 'inst_rpc_key_encr_key')


class Checks(upgradecheck.UpgradeCommands):
    """The checks, in the order of the table that is shown."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        survey = readiness.Survey
        self._upgrade_checks = (
            ('Database revision', Checks._check_revision),
            ('Services', Checks._check_services),
            ('Versions of services', Checks._check_mixed),
            ('Pinned RPC versions', Checks._check_pins),
            _survey('Peers below the floor', _FAILURE, survey.below_floor),
            _survey('Guest agents', _WARNING, survey.oldest),
            _survey('Guest agents not heard of', _WARNING, survey.unheard),
            ('Keys of messages', Checks._check_keys),
            ('Message broker', Checks._check_broker),
            ('Broker account of guests', Checks._check_accounts),
            ('Settings of guests', Checks._check_guest_config),
            ('Cloud', Checks._check_cloud),
            _found('Backups', _checks.backups),
            _found('Certificates', _checks.certificates),
            _found('Clock', _checks.clocks),
            ('Rejected messages', Checks._check_rejected),
            ('Sealed messages', Checks._check_sealing),
            _survey('Floors of RPC versions', _SUCCESS, survey.floors),
            _found('Instances with running tasks', _checks.tasks),
            (
                'Policy file',
                (common_checks.check_policy_json, {'conf': conf}),
            ),
        )

    def check(self) -> upgradecheck.Code:
        # Not in the constructor, because the options are not read yet there.
        try:
            session.configure(self._conf)
        except exception.TroveError as error:
            text.say(f'trove-status: {error}', file=sys.stderr)
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
                'The database is unavailable: '
                f'{session.reason(error.__cause__ or error)}. Check that it '
                'is running and that [database] connection is correct.'
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
        # Peers that do not report are found by the other checks.
        known = [each for each in services.list_() if each.registered]
        alive = services.live(self._conf)
        names = {(each.binary, each.host) for each in alive}
        dead = [
            each for each in known if (each.binary, each.host) not in names
        ]
        if not dead:
            return _success()
        named = [f'{each.binary} on {each.host}' for each in dead]
        return _warning(
            f'No recent heartbeat from {readiness.some(named)}. Start these '
            'services, or run "trove-manage service_remove" for those that '
            'are gone for good.'
        )

    def _check_mixed(self) -> upgradecheck.Result:
        if not self._readable():
            return _not_checked()
        problems = list(self._survey.mixed())
        alive = services.live(self._conf)
        releases = sorted({each.release or 'unknown' for each in alive})
        if len(releases) > 1:
            problems.append(
                'Services of several releases are running: '
                f'{", ".join(releases)}. They use the lowest version that all '
                'of them support until the last one is upgraded; '
                '"trove-manage service_list" shows their releases.'
            )
        return _warning(*problems)

    def _check_pins(self) -> upgradecheck.Result:
        wrong = []
        for interface in versions.INTERFACES.values():
            try:
                interface.pin(self._conf)
            except exception.TroveError as error:
                wrong.append(str(error))
        if wrong:
            return _failure(*wrong)
        if not self._readable():
            return _not_checked()
        return _warning(*self._survey.held_back())

    def _check_survey(
        self,
        code: upgradecheck.Code,
        say: Callable[[readiness.Survey], Iterable[str]],
    ) -> upgradecheck.Result:
        """Say something of all peers; it is of that code."""
        if not self._readable():
            return _not_checked()
        return _result(code, list(say(self._survey)))

    def _check_keys(self) -> upgradecheck.Result:
        if not self._conf.enable_secure_rpc_messaging:
            return _success()
        missing = [name for name in _KEYS if not self._conf[name]]
        if missing:
            return _failure(
                f'enable_secure_rpc_messaging is on, but {", ".join(missing)} '
                'is not set: the services will not start. Generate keys with '
                '"trove-manage generate_keys", or, if released Trove ran here '
                'with its default keys, use those.'
            )
        if not self._readable():
            return _not_checked()
        without = instance_keys.without()
        if not without:
            return _success()
        return _warning(
            f'{len(without)} instances have no key: '
            f'{readiness.some(without)}. They were created without one, and '
            'messages to them are not encrypted. The guide "Message security" '
            'explains how to add keys; they also work without.'
        )

    def _check_broker(self) -> upgradecheck.Result:
        try:
            return _warning(*_reach(self._conf))
        except exception.ConfigurationError as error:
            return _failure(str(error))
        except Exception as error:  # noqa: BLE001
            explained = rpc.explain(error)
            if explained is not None:
                return _failure(str(explained))
            return _warning(
                f'The message broker is unreachable: {error}. Start it, and '
                'check that [DEFAULT] transport_url is correct.'
            )

    def _check_accounts(self) -> upgradecheck.Result:
        try:
            problem = broker_accounts.exposed(self._conf)
        except exception.ConfigurationError as error:
            problem = str(error)
        return _failure(problem) if problem else _success()

    def _check_guest_config(self) -> upgradecheck.Result:
        try:
            guest_config.read(self._conf)
        except exception.ConfigurationError as error:
            return _failure(str(error))
        return _success()

    def _check_cloud(self) -> upgradecheck.Result:
        if not self._readable():
            return _not_checked()
        images = {
            f'Version {each.name} of datastore {each.datastore_name}': (
                each.image_id,
                each.image_tags,
            )
            for each in datastores.all_versions()
            if each.active
        }
        try:
            return _warning(*trove_cloud.load(self._conf).problems(images))
        except exception.TroveError as error:
            return _failure(str(error))

    def _check_rejected(self) -> upgradecheck.Result:
        if not self._readable():
            return _not_checked()
        waiting: collections.Counter[str] = collections.Counter()
        begun = 0
        for (_, cause, state), number in journal.counts().items():
            if state == recording.WAITING:
                waiting[cause] += number
            elif state == journal.REPLAYING:
                begun += number
        problems = []
        if waiting:
            said = ', '.join(
                f'{number} because of {cause}'
                for cause, number in sorted(waiting.items())
            )
            problems.append(
                f'{sum(waiting.values())} rejected messages are waiting for a '
                f'decision: {said}. See "trove-rpc rejected list"; replay or '
                'discard them.'
            )
        if begun:
            problems.append(
                f'{begun} rejected messages are being replayed, or their '
                'replay was interrupted. If this persists, see "trove-rpc '
                'rejected list --state replaying".'
            )
        return _warning(*problems)

    def _check_sealing(self) -> upgradecheck.Result:
        if not self._readable():
            return _not_checked()
        problems = []
        if permitted := [each.instance_id for each in sealing.permitted()]:
            problems.append(
                'The released encryption, which does not authenticate the '
                f'sender, is permitted for {len(permitted)} peers that '
                f'support a better one: {readiness.some(permitted)}. See '
                '"trove-rpc sealing list"; upgrade the peers again, or forbid '
                'it.'
            )
        tried = sum(
            number
            for (_, cause, state), number in journal.counts().items()
            if cause == 'downgrade' and state == recording.WAITING
        )
        if tried:
            problems.append(
                f'{tried} times somebody claimed, without authentication, '
                'that a peer does not support sealed messages, or the peer '
                'was rolled back. See "trove-rpc rejected list", and run '
                '"trove-rpc sealing allow" if it was rolled back.'
            )
        return _warning(*problems)

    def _check_found(
        self, find: Callable[[cfg.ConfigOpts], Iterable[str]]
    ) -> upgradecheck.Result:
        """Warn of what is found."""
        if not self._readable():
            return _not_checked()
        return _warning(*find(self._conf))

    @functools.cached_property
    def _survey(self) -> readiness.Survey:
        return readiness.Survey(self._conf)

    def _readable(self) -> bool:
        try:
            return migration.current(self._conf) == migration.latest()
        except exception.TroveError:
            return False


def _reach(conf: cfg.ConfigOpts) -> list[str]:
    """Send a message to no queue; return the options set only partly.

    :raises trove.common.exception.ConfigurationError: an option is wrong
    :raises Exception: of the driver
    """
    transport = rpc.Transport(conf)
    try:
        transport.connection.touch()
        return transport.connection.half_set()
    finally:
        transport.close()


def _survey(name: str, code: upgradecheck.Code, say: Any) -> Any:
    """A check that asks :class:`trove.rpcadmin.readiness.Survey`."""
    return name, (Checks._check_survey, {'code': code, 'say': say})


def _found(
    name: str, find: Callable[[cfg.ConfigOpts], Iterable[str]]
) -> Any:
    """A check of :mod:`._checks`."""
    return name, (Checks._check_found, {'find': find})


def _success() -> upgradecheck.Result:
    return upgradecheck.Result(_SUCCESS)


def _warning(*problems: str) -> upgradecheck.Result:
    """Return a warning of the problems, or success without any."""
    return _result(_WARNING, problems)


def _failure(*problems: str) -> upgradecheck.Result:
    """Return a failure of the problems, or success without any."""
    return _result(_FAILURE, problems)


def _result(
    code: upgradecheck.Code, problems: Sequence[str]
) -> upgradecheck.Result:
    if not problems:
        return _success()
    return upgradecheck.Result(code, text.printable(' '.join(problems)))


def _not_checked() -> upgradecheck.Result:
    return _warning(
        'Not checked, because the database is not ready; see above.'
    )


def main(
    argv: Sequence[str] | None = None, conf: cfg.ConfigOpts = cfg.CONF
) -> int:
    trove_conf.register_opts(conf)
    try:
        # upgradecheck.main does this as well, but knows no --version.
        upgradecheck.register_cli_options(conf, Checks(conf))
        conf(
            sys.argv[1:] if argv is None else list(argv),
            project='trove',
            prog='trove-status',
            version=version.banner('trove-status'),
        )
        upgradecheck.CONF = conf
        result: int = upgradecheck.run(conf)
    except trove_conf.UNREADABLE as error:
        text.say(
            f'trove-status: {trove_conf.unreadable(error)}', file=sys.stderr
        )
        return _ERROR
    return result


if __name__ == '__main__':
    sys.exit(main())
