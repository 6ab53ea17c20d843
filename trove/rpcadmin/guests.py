# SPDX-License-Identifier: Apache-2.0
"""``trove-rpc guests``: which agents guests run, and their replacement."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.guestagent import api as guest_api
from trove.guestagent.agents import packages
from trove.objects.guest import fleet
from trove.rpcadmin import agent_package
from trove.rpcadmin import app as rpc_app
from trove.rpcadmin import base
from trove.rpcadmin import deployment
from trove.rpcadmin import facts
from trove.rpcadmin import live
from trove.rpcadmin import rollout

_COLUMNS = ('Instance', 'State', 'Release', 'Package', 'Previous', 'Reason')


class List(base.Lister):
    """Ask guest agents which package they run.

    Package: the SHA-256 of it, "image" for the agent of the image. Previous:
    what "guests rollback" goes back to. Reason: why the last order failed, or
    why there is no answer.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        _add_instances(parser)
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
        names = base.chosen(parsed_args.instance, parsed_args.all)
        if parsed_args.all:
            names = [g.instance_id for g in fleet.guests(self.app.conf)]
        return _COLUMNS, map(self._row, names)

    def _row(self, name: str) -> Sequence[Any]:
        guest = guest_api.API(self.deployment.transport, name)
        try:
            agent = rollout.read(
                guest.get_agent(trove_context.make_admin_context())
            )
        except exception.TroveError as error:
            return name, None, None, None, None, deployment.reason(error)
        return (
            name,
            agent.state,
            agent.release,
            agent.package or 'image',
            'image' if agent.previous == '' else agent.previous,
            agent.reason,
        )


class _RollsOut(base.Command):
    """What both directions share."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        _add_instances(parser)
        parser.add_argument(
            '--canaries',
            type=base.positive,
            default=1,
            help='Number of guests in the first wave (default: 1).',
        )
        parser.add_argument(
            '--wave',
            type=base.positive,
            default=10,
            help='Number of guests in each further wave, all at the same time '
            '(default: 10).',
        )
        parser.add_argument(
            '--pause',
            type=float,
            default=30,
            help='Seconds between two waves (default: 30).',
        )
        parser.add_argument(
            '--max-failures',
            type=base.natural,
            default=0,
            help='Number of guests that may fail before no further wave is '
            'begun (default: 0). No canary may.',
        )
        parser.add_argument(
            '--exclude',
            action='append',
            default=[],
            metavar='ID',
            help='Leave this instance out; may be given several times.',
        )
        return parser

    def roll_out(
        self,
        parsed_args: argparse.Namespace,
        names: Sequence[str],
        package: dict[str, Any] | None,
        sha256: str,
    ) -> rollout.Result:
        seconds = packages.SECONDS if package is None else package['seconds']
        return rollout.RollOut(
            lambda name: guest_api.API(self.deployment.transport, name),
            package,
            lambda runs: (runs == sha256) == (package is not None),
            rollout.Waves(
                parsed_args.canaries,
                parsed_args.wave,
                max(0.0, parsed_args.pause),
                seconds + rollout.INSTALL_TIMEOUT,
                parsed_args.max_failures,
            ),
            self.say,
        ).run(names)

    def say(self, text: str) -> None:
        self.app.stdout.write(f'{rpc_app.plain(text)}\n')
        self.app.stdout.flush()

    def choose(self, parsed_args: argparse.Namespace) -> list[str]:
        """Return the named guests, or all that can be ordered to."""
        names = base.chosen(parsed_args.instance, parsed_args.all)
        excluded = set(parsed_args.exclude)
        if not parsed_args.all:
            _check_excluded(excluded - set(names))
            return [name for name in names if name not in excluded]
        guests = list(fleet.guests(self.app.conf))
        _check_excluded(excluded - {each.instance_id for each in guests})
        for guest in guests:
            if guest.instance_id in excluded:
                continue
            reason = _unable(guest)
            if reason is None:
                names.append(guest.instance_id)
            else:
                self.say(f'{guest.instance_id}: skipped, {reason}.')
        if not names:
            self.say('No guest agent can be replaced.')
        return names

    def conclude(self, result: rollout.Result) -> int:
        if not result.failed:
            self.say(f'{len(result.done)} guests done.')
            return 0
        self.app.complain(
            f'{len(result.failed)} failed, see above; {len(result.done)} '
            f'done, {len(result.left)} left as they were. Fix the cause, then '
            'repeat the command: it goes on with those that are left, and '
            'those that failed come last. --exclude leaves some out, '
            '--max-failures goes on in spite of some.'
        )
        return 1


class Upgrade(_RollsOut):
    """Have guest agents replace themselves by those of a package.

    PACKAGE is a wheel of Trove, or a zip file of it and of the wheels that it
    needs and the image lacks. Each guest fetches it from the URL, checks its
    SHA-256, installs it beside the agent that it has, and starts it; the
    database server goes on. A guest whose new agent does not report in time
    goes back by itself, and its instance gets a fault.

    The first wave are the canaries. When one of them fails, or more than
    --max-failures others do, no further wave is begun. Guests that failed
    with this package before come last. Interrupt the command at any time; the
    same command continues.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--package',
            required=True,
            metavar='FILE',
            help='The package, for this command to read.',
        )
        parser.add_argument(
            '--url',
            required=True,
            help='Where guests read the same package: an http, https or file '
            'URL without a password.',
        )
        parser.add_argument(
            '--sha256',
            help='The SHA-256 that the package must have. Default: that of '
            'FILE, whatever it is.',
        )
        parser.add_argument(
            '--limit',
            type=base.positive,
            default=packages.SECONDS,
            help='Seconds that a new agent has to report to a conductor '
            f'(default: {packages.SECONDS}).',
        )
        parser.add_argument(
            '--roll-back',
            action='store_true',
            help='After a canary or more than --max-failures guests have '
            'failed, take back those that this command has upgraded.',
        )
        parser.add_argument(
            '--force',
            action='store_true',
            help='Go on although some messages would be impossible '
            'afterwards.',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        package = agent_package.AgentPackage(parsed_args.package)
        if parsed_args.sha256 not in (None, package.sha256):
            raise base.UsageError(
                f'{parsed_args.package} has the SHA-256 {package.sha256}, and '
                f'not {parsed_args.sha256}. Nothing was ordered.'
            )
        order = {
            'url': parsed_args.url,
            'sha256': package.sha256,
            'seconds': parsed_args.limit,
        }
        packages.parse_order(order)
        names = self.choose(parsed_args)
        if not names:
            return 0
        lost = agent_package.rehearse(
            live.inventory(self.app.conf), package.revision, names
        )
        for each in lost:
            self.say(each)
        if lost and not parsed_args.force:
            self.app.complain(
                f'{len(lost)} messages would be impossible, see above. '
                'Upgrade those that cannot receive them first, or pass '
                '--force. Nothing was ordered.'
            )
            return 1
        result = self.roll_out(parsed_args, names, order, package.sha256)
        if result.stopped and result.ordered and parsed_args.roll_back:
            self.say(f'Taking {len(result.ordered)} guests back.')
            self.roll_out(parsed_args, result.ordered, None, package.sha256)
        return self.conclude(result)


class Rollback(_RollsOut):
    """Have guest agents go back to those that they ran before a package.

    Guests that do not run the package are left as they are, so that the
    command may be repeated.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--sha256',
            required=True,
            help='The SHA-256 of the package to go back from.',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        names = self.choose(parsed_args)
        return self.conclude(
            self.roll_out(parsed_args, names, None, parsed_args.sha256)
        )


def _add_instances(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'instance', nargs='*', default=[], help='IDs of instances.'
    )
    parser.add_argument('--all', action='store_true', help='All instances.')


def _check_excluded(unknown: set[str]) -> None:
    if unknown:
        raise base.UsageError(
            f'--exclude has the value {", ".join(sorted(unknown))}, which is '
            'none of the instances. Nothing was ordered.'
        )


def _unable(guest: fleet.Guest) -> str | None:
    """Return why an agent cannot be ordered to replace itself."""
    interface = guest_api.API.interface
    speaks = facts.understood(interface, guest.announced)
    needed = interface.methods['upgrade_agent'].span
    if speaks == rpc.NOTHING or not interface.knows(needed, speaks):
        return (
            f'its agent is of version {guest.announced or "unknown"}. '
            'Rebuild the instance with an image of this release'
        )
    if guest.silent is not False:
        return 'its agent does not report'
    return None
