# SPDX-License-Identifier: Apache-2.0
"""What is read of a declared interface is what it is when it runs."""

from __future__ import annotations

import collections.abc
import inspect
import typing
from typing import Any

from trove.common import rpc
from trove.contracts import declared
from trove.contracts import model
from trove.contracts import reading
from trove.peers import versions
from trove.tests.unit.contracts import base


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
        tree = reading.Tree(base.TOP)
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
                path = base.TOP / method.where.path
                lines = path.read_text('utf-8').splitlines()
                line = lines[method.where.line - 1]
                self.assertIn(f'def {method.name}(', line)
                for argument in method.arguments:
                    line = lines[argument.where.line - 1]
                    self.assertRegex(line, rf'\b{argument.name}: ')
            for revision in contract.history:
                path = base.TOP / revision.where.path
                lines = path.read_text('utf-8').splitlines()
                line = lines[revision.where.line - 1]
                self.assertIn(f"'{revision.name}',", line)


class SourceTest(base.TestCase):
    """Ways to write a declaration."""

    def read(self, interface: str, methods: str = 'pass') -> model.Contract:
        self.tree.write(
            'shop/api.py',
            f"""
            import functools
            from wine import rpc

            def find_topic(conf, peer):
                return 'shop'

            NAME = 'shop'
            HISTORY = (rpc.Revision('1.0', NAME.upper()),)
            SHOP = rpc.Interface({interface})

            class API(rpc.Client, interface=SHOP):
                @functools.cache
                def no_message(self, context):
                    pass

                {methods}
            """,
        )
        return declared.read(reading.Tree(self.tree.top), 'shop.api:API')

    def test_names_of_constants_and_functions(self) -> None:
        found = self.read('name=NAME, topic=find_topic, history=HISTORY')

        self.assertEqual('shop', found.interface)
        self.assertEqual('shop.api.find_topic', found.topic)
        self.assertEqual('1.0', found.version)
        self.assertEqual({}, found.methods)
        self.assertEqual((), found.unsure)

    def test_arguments_by_position(self) -> None:
        found = self.read("'shop', lambda conf, peer: 'a', HISTORY")

        self.assertEqual(('shop', "'a'"), (found.interface, found.topic))
        self.assertEqual('1.0', found.version)

    def test_what_cannot_be_told(self) -> None:
        for interface, said in (
            ('name=NAME.upper(), history=HISTORY', 'its name: NAME.upper()'),
            ('name=NAME, history=make()', 'the history: make()'),
            (
                'name=NAME, history=HISTORY, sealed_since=min(1, 2)',
                'sealed_since: min(1, 2)',
            ),
        ):
            with self.subTest(interface):
                ((where, text),) = self.read(interface).unsure
                self.assertEqual(said, text)
                self.assertEqual('shop/api.py', where.path)

    def test_no_history(self) -> None:
        found = self.read('name=NAME')

        self.assertEqual((None, None), (found.version, found.floor))

    def test_no_interface_at_all(self) -> None:
        for interface in ('*all', '**all'):
            with self.subTest(interface):
                self.assertRaises(reading.Unusable, self.read, interface)
        for source, said in (
            ('class API:\n    pass\n', 'has no interface='),
            ('class API(Base, interface=make()):\n    pass\n', 'no constant'),
            ('class API(Base, interface=X):\n    pass\nX = {}\n', 'made by'),
            (
                'class API(Base, interface=X):\n    pass\n'
                'X = lib.Other(name="x")\n',
                "library: lib.Other(name='x')",
            ),
        ):
            with self.subTest(said):
                self.tree.write('other.py', source)
                error = self.assertRaises(
                    reading.Unusable,
                    declared.read,
                    reading.Tree(self.tree.top),
                    'other:API',
                )
                self.assertIn(said, str(error))
