# SPDX-License-Identifier: Apache-2.0
"""``trove-rpc sealing``: permits or forbids the released encryption."""

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
    """Return the user that runs this command, for the audit record."""
    user = getpass.getuser()
    behind = os.environ.get('SUDO_USER')
    whole = user if behind in (None, user) else f'{behind} as {user}'
    return f'{whole} at {socket.gethostname()}'


class List(base.Lister):
    """List the peers for which the released encryption is permitted.

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
            help='Include permissions that have ended.',
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
    """Permit the released encryption for peers that support a better one.

    Once a guest agent has sent a sealed message, all messages to and from it
    must be sealed, whatever anybody claims without authentication. After a
    rollback of a guest agent to a release up to 2026.2, run this command. The
    permission ends as soon as the guest sends a sealed message again.

    With --hold it lasts until "sealing forbid" or the next rotation of the
    key, and the guest is told to accept and send the released encryption too:
    run this before a rollback of the control plane, while a conductor of this
    release is running, and wait a minute.

    "taskmanager" and "conductor" permit it for messages to these services,
    once all of them have announced sealed messages; "api" for messages that
    task managers accept.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        _take_instances(parser)
        parser.add_argument(
            '--reason',
            required=True,
            help='Reason, recorded with your name and the time.',
        )
        parser.add_argument(
            '--hold',
            action='store_true',
            help='Hold the permission until it is forbidden, even if guests '
            'send sealed messages.',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        word: sealing.Word = 'hold' if parsed_args.hold else 'allow'

        def permit(instance_id: str) -> str:
            sealing.say(instance_id, word, who(), parsed_args.reason)
            return 'may use the released encryption'

        return self.each(_instances(self.app.conf, parsed_args), permit)


class Forbid(base.Command):
    """Revoke a permission of "sealing allow".

    "api", "conductor" and "taskmanager" state that all of these services are
    upgraded, so that messages from and to them must be sealed. The permission
    for messages to task managers and conductors also ends automatically; the
    one of "api" does not.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        _take_instances(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        def forbid(instance_id: str) -> str:
            sealing.say(instance_id, 'forbid', who(), '')
            return 'must use sealed messages'

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
        help='IDs of instances; or %s.' % ', '.join(sealing.SERVICES),
    )
    parser.add_argument(
        '--all',
        action='store_true',
        help='All instances and services that this changes.',
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
