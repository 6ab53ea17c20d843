# SPDX-License-Identifier: Apache-2.0
"""``trove-rpc sealing``: permits the form of released Trove, or not."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
import getpass
import os
import socket
from typing import Any

from trove.objects import sealing
from trove.objects.guest import fleet
from trove.rpcadmin import base


def who() -> str:
    """Return who runs this command, for the record."""
    user = getpass.getuser()
    behind = os.environ.get('SUDO_USER')
    whole = user if behind in (None, user) else f'{behind} as {user}'
    return f'{whole} at {socket.gethostname()}'


class List(base.Lister):
    """List the peers for which the released form is permitted.

    Guest agents by the id of their instance, services as "taskmanager" and
    "conductor" for what is sent to them, "api" for what task managers take.

    It proves no origin. Held: it stays so, whatever the guest sends, until
    it is forbidden or the key is rotated. Ended: what took it back.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--all',
            action='store_true',
            help='Also those for which that has ended.',
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        columns = (
            'Instance',
            'Permitted',
            'Held',
            'Since',
            'By',
            'Reason',
            'Ended',
            'Ended By',
        )
        return columns, (
            (
                each.instance_id,
                each.allowed,
                each.held,
                base.moment(each.allowed_at),
                each.allowed_by,
                each.reason,
                base.moment(each.ended_at),
                each.ended_by,
            )
            for each in sealing.permitted(ended=parsed_args.all)
        )


class Allow(base.Command):
    """Permit the form of released Trove for peers that know better.

    Once a guest agent has sent anything sealed, it is sent nothing else, and
    nothing else is taken from it, whatever is answered in its place. So if
    one was rolled back to a release up to 2026.2, say so here, after that.
    It ends by itself as soon as the guest sends something sealed again.

    With --hold it goes on until "sealing forbid" or the next rotation of the
    key, and the guest is told to take and send that form as well: do so
    before the control plane itself is rolled back, while a conductor of this
    release runs, and wait a minute.

    "taskmanager" and "conductor" permit it for what is sent to these
    services, once all of them have reported that they know better; "api" for
    what task managers take.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        _take_instances(parser)
        parser.add_argument(
            '--reason',
            required=True,
            help='Why; it is written down with your name and the time.',
        )
        parser.add_argument(
            '--hold',
            action='store_true',
            help='Until it is forbidden, also by what guests send sealed.',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        word: sealing.Word = 'hold' if parsed_args.hold else 'allow'

        def permit(instance_id: str) -> str:
            sealing.say(instance_id, word, who(), parsed_args.reason)
            return 'may be spoken to in the form of released Trove'

        return self.each(_instances(self.app.conf, parsed_args), permit)


class Forbid(base.Command):
    """Take back what "sealing allow" has permitted.

    Of "api", "conductor" and "taskmanager" it says that all of them are
    upgraded, so that nothing in the released form is taken from, or sent to,
    these services any more. What is sent to task managers and conductors ends
    by itself; of "api" nobody else can know.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        _take_instances(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        def forbid(instance_id: str) -> str:
            sealing.say(instance_id, 'forbid', who(), '')
            return 'is spoken to sealed only'

        if parsed_args.all:
            names = [each.instance_id for each in sealing.permitted()]
        else:
            names = base.chosen(parsed_args.instance, parsed_args.all)
        return self.each(names, forbid)


def _take_instances(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'instance',
        nargs='*',
        default=[],
        help='Ids of instances; or %s.' % ', '.join(sealing.SERVICES),
    )
    parser.add_argument(
        '--all',
        action='store_true',
        help='Every instance, and all services, that this changes anything '
        'for.',
    )


def _instances(conf: Any, parsed_args: argparse.Namespace) -> list[str]:
    names = base.chosen(parsed_args.instance, parsed_args.all)
    if parsed_args.all:
        names = [
            name
            for name, believed in sealing.all_services().items()
            if believed.proven
        ]
        names += [
            each.instance_id for each in fleet.guests(conf) if each.proven
        ]
    return names
