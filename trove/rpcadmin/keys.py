# SPDX-License-Identifier: Apache-2.0
"""``trove-rpc rotate-key``: gives guests new keys for their messages."""

from __future__ import annotations

import argparse

from trove.objects.guest import fleet
from trove.peers import control_keys
from trove.rpcadmin import base


class RotateKey(base.Command):
    """Give guest agents new keys, without losing a message.

    The former key goes on to open what is on the way for rpc_key_overlap
    seconds. What fails leaves the guest with the key that it has, and may be
    repeated. The others are gone on with; the exit status is then 1.

    Before a guest agent is replaced by one of release 2026.2 or older, the
    new key has to be written into guest_info.conf: those read nothing else.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'instance', nargs='*', default=[], help='Ids of instances.'
        )
        parser.add_argument(
            '--all',
            action='store_true',
            help='Every instance that has a key.',
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
