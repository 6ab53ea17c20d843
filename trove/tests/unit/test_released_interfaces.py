# SPDX-License-Identifier: Apache-2.0
"""Our declarations against what releases 8.0 to 26.0 put on the wire."""

from __future__ import annotations

import json
import pathlib

from trove.common import rpc
from trove.conductor import api as conductor_api
from trove.guestagent import api as guest_api
from trove.taskmanager import api as task_api
from trove.tests import base

CLIENTS = {
    'conductor': conductor_api.API,
    'guestagent': guest_api.API,
    'taskmanager': task_api.API,
}
RELEASED = json.loads(
    (pathlib.Path(__file__).parent / 'released_interfaces.json').read_text()
)['interfaces']

#: Served by no release, so ours begin with a version of our own.
_OURS = {('guestagent', 'get_hwinfo'), ('guestagent', 'get_diagnostics')}

#: Declared by releases and sent by none: left out.
_NEVER_SENT = {('guestagent', 'mount_volume', 'write_to_fstab')}


def parse(signature: str) -> dict[str, object]:
    """Read "a, b=null, **" as the defaults by name."""
    arguments = {}
    for part in filter(None, signature.split(', ')):
        name, equals, default = part.partition('=')
        arguments[name] = json.loads(default) if equals else rpc.REQUIRED
    return arguments


class ReleasedInterfacesTest(base.TestCase):
    def methods(self):
        for name, client in CLIENTS.items():
            for method in client.interface.methods.values():
                if (name, method.name) not in _OURS:
                    released = RELEASED[name]['methods'][method.name]
                    yield name, method, released

    def test_kinds_are_the_released_ones(self):
        for name, method, released in self.methods():
            self.assertEqual(released['kind'], method.kind, (name, method))

    def test_arguments_are_those_that_some_release_serves(self):
        for name, method, released in self.methods():
            served: dict[str, object] = {}
            for signature in released['served'].values():
                served.update(parse(signature))
            served = {
                argument: default
                for argument, default in served.items()
                if (name, method.name, argument) not in _NEVER_SENT
            }
            if served.pop('**', None) is not None:
                self.assertTrue(method.any_fields, method.name)
            ours = {
                argument.name: argument.default
                for argument in method.arguments.values()
                if str(argument.since) != '1.4'
            }
            self.assertEqual(set(served), set(ours), (name, method.name))
            for argument, default in ours.items():
                # What came or went with a version has a default with us.
                if default is not served[argument]:
                    self.assertIsNone(default, (name, method.name, argument))

    def test_versions_are_those_that_the_releases_declare(self):
        series = {
            '8': 'pike',
            '11': 'stein',
            '12': 'train',
            '13': 'ussuri',
            '14': 'victoria',
            '15': 'wallaby',
            '17': 'yoga',
            '19': '2023.1',
            '21': '2024.1',
            '23': '2025.1',
            '24': '2025.2',
            '25': '2026.1',
            '26': '2026.2',
        }
        for name, client in CLIENTS.items():
            for release, facts in RELEASED[name]['releases'].items():
                version = client.interface.aliases[series[release]]
                self.assertEqual(
                    facts['latest'], str(version), (name, release)
                )

    def test_every_alias_of_a_release_is_known(self):
        for name, client in CLIENTS.items():
            for facts in RELEASED[name]['releases'].values():
                for alias in facts.get('aliases', {}):
                    self.assertIn(alias, client.interface.aliases, name)
