# SPDX-License-Identifier: Apache-2.0
"""``trove-rpc rotate-key``: rotates the keys of guests."""

from __future__ import annotations

import argparse

from trove.objects.guest import fleet
from trove.peers import control_keys
from trove.rpcadmin import base


class RotateKey(base.Command):
    """Rotate the keys of guest agents, without losing messages.

    The previous key is accepted for rpc_key_overlap seconds, for messages in
    flight. After a failure the guest keeps its key, and the command may be
    repeated. It continues with the other guests and exits with 1.

    Before a downgrade of a guest agent to release 2026.2 or older, write the
    new key into guest_info.conf: older agents read no other file.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'instance', nargs='*', default=[], help='IDs of instances.'
        )
        parser.add_argument(
            '--all',
            action='store_true',
            help='All instances that have a key.',
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        names = base.chosen(parsed_args.instance, parsed_args.all)
        if parsed_args.all:
            names = [
                guest.instance_id
                for guest in fleet.guests(self.app.conf)
                if guest.has_key
            ]
            if not names:
                self.app.stdout.write('No instance has a key.\n')
        return self.each(names, self._rotate)

    def _rotate(self, instance_id: str) -> str:
        control_keys.rotate(self.deployment.transport, instance_id)
        return 'has a new key'
