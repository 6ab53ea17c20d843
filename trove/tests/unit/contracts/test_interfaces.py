# SPDX-License-Identifier: Apache-2.0
"""What is read of the declared interfaces is what they are when they run."""

from __future__ import annotations

import collections.abc
import inspect
import pathlib
import typing
from typing import Any

import fixtures

from rpc_contract import changes
from rpc_contract import declared
from rpc_contract import endpoints
from rpc_contract import locks
from rpc_contract import model
from rpc_contract import reading
from trove.common import rpc
from trove.peers import versions
from trove.tests import base
from trove.tests.unit import import_rules

TOP = import_rules.TOP


def live(interface: rpc.Interface, revision: rpc.Revision) -> dict[str, Any]:
    return {
        name: (
            method.kind,
            method.any_fields,
            method.sealed,
            [
                (
                    argument.name,
                    None
                    if argument.default is rpc.REQUIRED
                    else repr(argument.default),
                    argument.span.may_omit,
                )
                for argument in method.arguments.values()
            ],
        )
        for name, method in interface.as_of(revision).items()
    }


def static(contract: model.Contract) -> dict[str, Any]:
    return {
        name: (
            method.kind,
            method.any_fields,
            method.sealed,
            [
                (argument.name, argument.default, argument.may_omit)
                for argument in method.arguments
            ],
        )
        for name, method in contract.methods.items()
    }


class LiveTest(base.TestCase):
    """Of each interface of this tree."""

    def each(self):
        tree = reading.Tree(TOP)
        for client in versions.CLIENTS.values():
            spec = f'{client.__module__}:{client.__qualname__}'
            yield client, declared.read(tree, spec)

    def test_nothing_is_left_unread(self) -> None:
        for _client, contract in self.each():
            self.assertEqual((), contract.unread)

    def test_interface_and_history(self) -> None:
        for client, contract in self.each():
            interface = client.interface
            self.assertEqual(interface.name, contract.interface)
            self.assertEqual(interface.sealed_since, contract.sealed_since)
            self.assertEqual(interface.floor.name, contract.floor)
            self.assertEqual(str(interface.latest.version), contract.version)
            self.assertEqual(
                [(each.name, each.releases) for each in interface.history],
                [(each.name, each.releases) for each in contract.history],
            )
            aliases = {k: v.name for k, v in interface.aliases.items()}
            aliases.pop('latest')
            self.assertEqual(aliases, contract.aliases)

    def test_methods_and_arguments_of_every_revision(self) -> None:
        compared = 0
        for client, contract in self.each():
            for revision in client.interface.history:
                expected = live(client.interface, revision)
                found = static(contract.as_of(revision.name))
                self.assertEqual(expected, found)
                compared += len(expected)
        self.assertGreater(compared, 500)

    def test_topics(self) -> None:
        self.conf.set_override('taskmanager_queue', 'jobs')
        for client, contract in self.each():
            scope = {'conf': self.conf, 'peer': 'a'}
            self.assertEqual(
                client.interface.topic(self.conf, 'a'),
                eval(str(contract.topic), scope),
            )

    def test_types(self) -> None:
        scope = {**vars(collections.abc), 'Any': Any}
        for client, contract in self.each():
            for name, method in contract.methods.items():
                function = inspect.unwrap(getattr(client, name))
                hints = typing.get_type_hints(function)
                texts = {a.name: a.annotation for a in method.arguments}
                texts['return'] = method.result
                for each, text in texts.items():
                    expected = hints[each]
                    found = eval(str(text), scope)
                    self.assertEqual(
                        expected, type(None) if found is None else found
                    )

    def test_places(self) -> None:
        for _client, contract in self.each():
            for method in contract.methods.values():
                path = TOP / method.where.path
                lines = path.read_text('utf-8').splitlines()
                line = lines[method.where.line - 1]
                self.assertIn(f'def {method.name}(', line)
                for argument in method.arguments:
                    line = lines[argument.where.line - 1]
                    self.assertRegex(line, rf'\b{argument.name}: ')
            for revision in contract.history:
                path = TOP / revision.where.path
                lines = path.read_text('utf-8').splitlines()
                line = lines[revision.where.line - 1]
                self.assertIn(f"'{revision.name}',", line)

    def test_endpoints_serve_what_is_declared(self) -> None:
        tree = reading.Tree(TOP)
        for name in ('taskmanager', 'conductor', 'guestagent'):
            spec = f'trove.{name}.api:API'
            client = declared.read(tree, spec)

            found = endpoints.read(
                tree,
                f'trove.{name}.manager:Manager',
                client,
                spec,
                'trove.common.unsupported.serve',
            )

            self.assertEqual((), found.unread)
            self.assertEqual(name, found.interface)
            self.assertEqual(client.version, found.version)
            self.assertEqual(
                {
                    method.name: [
                        (a.name, a.default) for a in method.arguments
                    ]
                    for method in client.methods.values()
                },
                {
                    method.name: [
                        (a.name, a.default) for a in method.arguments
                    ]
                    for method in found.methods.values()
                },
            )

    def test_locks_say_what_is_read(self) -> None:
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        tree = reading.Tree(TOP)
        compared = 0
        for name in ('taskmanager', 'conductor', 'guestagent'):
            contract = declared.read(tree, f'trove.{name}.api:API')
            locks.freeze(directory, contract, latest=True)
            for lock in locks.read_all(directory, name):
                self.assertIsNone(lock.broken)
                flat = contract.as_of(lock.revision)
                self.assertEqual(
                    [], list(changes.between(flat, lock.contract))
                )
                self.assertEqual(
                    flat.history[-1].releases,
                    lock.contract.history[-1].releases,
                )
                compared += 1
        self.assertEqual(15, compared)
