# SPDX-License-Identifier: Apache-2.0
"""Who may ask the metadata service, in a guest with the unit of the agent.

It needs root, and namespaces of networks.
"""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
import unittest

from trove.tests import base

_UNIT = pathlib.Path('doc/source/install/units/trove-guestagent.service')
_NAMESPACE = ('unshare', '--net')

#: Whether the kernel lets a user send anything there, which needs no answer.
_ASK = '''
import os, socket, sys
os.setgroups([])
os.setuid(int(sys.argv[1]))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
    try:
        asked.connect((sys.argv[2], 80))
    except PermissionError:
        print('refused')
    else:
        print('asked')
'''
_NETWORK = '''
ip link add v0 type veth peer name v1
ip addr add 169.254.169.1/16 dev v0
ip link set v0 up
ip link set v1 up
'''


def _may() -> bool:
    if os.geteuid() != 0:
        return False
    try:
        done = subprocess.run(
            [*_NAMESPACE, 'sh', '-e', '-c', _NETWORK], capture_output=True
        )
    except FileNotFoundError:
        return False
    return done.returncode == 0


@unittest.skipUnless(_may(), 'only root can make a network of its own')
class MetadataTest(base.TestCase):
    """Given a machine that reaches a metadata service."""

    def asked(self, commands: list[str]) -> list[str]:
        """Return how root fares, then another user, then with others."""
        python = f"'{sys.executable}' -I -c \"$ASK\""
        script = '\n'.join(
            (
                _NETWORK,
                *commands,
                f'{python} 0 169.254.169.254',
                f'{python} 65534 169.254.169.254',
                f'{python} 65534 169.254.169.253',
            )
        )
        done = subprocess.run(
            [*_NAMESPACE, 'sh', '-c', script],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, 'ASK': _ASK},
        )
        return done.stdout.split()

    def test_the_unit_of_the_agent_keeps_all_but_root_from_it(self) -> None:
        source = pathlib.Path(__file__).parents[4] / _UNIT
        text = source.read_text().replace('\\\n', '')
        commands = re.findall('^ExecStartPre=-(.*)$', text, re.MULTILINE)

        before = self.asked([])
        # The agent is started more than once.
        after = self.asked(commands * 2)

        self.assertEqual(['asked', 'asked', 'asked'], before)
        self.assertEqual(['asked', 'refused', 'asked'], after)
