# SPDX-License-Identifier: Apache-2.0
"""What is used of the messaging libraries that is not public."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from trove.common import rpc
from trove.common.rpc._broker import needs
from trove.tests import base
from trove.tests.unit import import_rules
from trove.tests.unit.common.rpc import base as rpc_base
from trove.tests.unit.common.rpc._broker import lacking

#: Who may use what needs.py declares.
PLACES = ('trove/common/rpc/', 'trove/conf/')

#: What is private of others and used elsewhere, by module. Where one is
#: missing, the tests of that module fail.
ELSEWHERE = {
    # waitress
    'trove/api/connection.py': {'_flush_exception', '_flush_some'},
    'trove/api/server.py': {'_map'},
    # os
    'trove/common/service.py': {'_exit'},
    'trove/guestagent/agents/starting.py': {'_exit'},
    # PyMySQL and psycopg
    'trove/db/waits.py': {'_WaitTimeout', '_read_timeout'},
    # kombu, in rehearsals only
    'trove/rehearsal/memory.py': {'_deliver'},
    # cliff, whose documentation says so
    'trove/rpcadmin/base.py': {'_value'},
    'trove/rpcadmin/matrix/command.py': {'_value'},
}

#: Of named tuples, and public.
TUPLES = {'_asdict', '_replace'}

#: Objects of ours, whose private names are ours too.
OURS = ('self', 'cls', 'super()')

#: The modules of the libraries of which nothing is public.
DRIVERS = 'oslo_messaging._drivers'
IMPORTERS = ('trove.common.rpc._broker', 'trove.conf.rabbit')


def private(source: str) -> Iterator[tuple[int, str]]:
    """The private names of others that a module uses, by line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            name = node.attr
            if ast.unparse(node.value) in OURS:
                continue
        elif isinstance(node, ast.Call) and len(node.args) > 1:
            said = node.args[1]
            if ast.unparse(node.func) not in ('getattr', 'hasattr'):
                continue
            if not isinstance(said, ast.Constant):
                continue
            name = str(said.value)
        else:
            continue
        if name.startswith('_') and not name.startswith('__'):
            yield node.lineno, name


def used(source: str) -> Iterator[str]:
    """The names that a module uses, overrides or passes; no comments."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(attr=name) | ast.Name(id=name):
                yield name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield name
            case ast.Dict(keys=keys):
                for key in keys:
                    if isinstance(key, ast.Constant):
                        yield str(key.value)
            case ast.Call(args=[_, ast.Constant(value=str(name)), *_]):
                # getattr(connection, 'name')
                yield name


def ours(source: str) -> Iterator[str]:
    """The names that a module defines: functions, variables, attributes."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.ImportFrom(names=names):
                yield from (each.asname or each.name for each in names)


def foreign(source: str, own: set[str]) -> Iterator[tuple[int, str]]:
    """The private names that a module uses and nobody here defines."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr not in own:
            name = node.attr
            if name.startswith('_') and not name.startswith('__'):
                yield node.lineno, name


class DeclaredTest(base.TestCase):
    """The table has all of it."""

    def test_nothing_private_is_used_elsewhere(self) -> None:
        modules = [
            module
            for module in import_rules.modules()
            if not module.path.startswith('trove/tests/')
        ]
        own = {name for module in modules for name in ours(module.source)}
        found = {
            f'{module.path}:{line} {name}'
            for module in modules
            if not module.path.startswith(PLACES)
            for line, name in foreign(module.source, own | TUPLES)
            if name not in ELSEWHERE.get(module.path, ())
        }

        self.assertEqual(
            set(),
            found,
            'Move what uses it to trove/common/rpc/_broker; or, if it is not '
            'of the messaging libraries, add it to ELSEWHERE in '
            'trove/tests/unit/common/rpc/_broker/test_needs.py.',
        )

    def test_what_is_used_elsewhere_is(self) -> None:
        for path, names in ELSEWHERE.items():
            source = (import_rules.TOP / path).read_text('utf-8')
            self.assertEqual(
                set(),
                names - {name for _, name in foreign(source, set())},
                f'Remove them from ELSEWHERE: {path} does not use them.',
            )

    def test_what_nobody_here_defines_is_of_others(self) -> None:
        source = (
            'class A(B):\n'
            '    def _a(self):\n'
            '        self._b = self._c(self._a, c._b, c._d)\n'
        )

        self.assertEqual(
            [(3, '_c'), (3, '_d')], sorted(foreign(source, set(ours(source))))
        )

    def test_what_is_used_is_declared(self) -> None:
        declared = needs.declared()
        undeclared = [
            f'{module.path}:{line} {name}'
            for module in import_rules.modules()
            if module.path.startswith(PLACES)
            for line, name in private(module.source)
            if name not in declared
        ]

        self.assertEqual(
            [],
            undeclared,
            'Declare it in trove/common/rpc/_broker/needs.py, with what is '
            'lost without.',
        )

    def test_what_is_declared_is_used(self) -> None:
        found = {
            name
            for module in import_rules.modules()
            if module.path.startswith(PLACES)
            and not module.path.endswith('needs.py')
            for name in used(module.source)
        }
        unused = sorted(needs.declared() - found)

        self.assertEqual([], unused, 'Take it out of needs.py.')

    def test_what_is_only_written_about_is_not_used(self) -> None:
        source = (
            '# _a\ndef f(_b): "_c"\ngetattr(x, "_d")\nx._e(_f=1, **{"_g": 1})'
        )

        self.assertEqual(
            {'_b', '_d', '_e', '_f', '_g', 'f', 'getattr', 'x'},
            set(used(source)),
        )

    def test_one_package_knows_the_drivers(self) -> None:
        others = [
            item.place
            for module in import_rules.modules()
            if not import_rules.below(
                module.name, *IMPORTERS, 'trove.tests'
            )
            for item in module.imports()
            if import_rules.below(item.name, DRIVERS)
        ]

        self.assertEqual([], others, 'Move it to trove/common/rpc/_broker.')

    def test_the_check_finds_what_is_not_declared(self) -> None:
        source = "driver._lost\ngetattr(driver, '_away', None)\nself._ours"

        self.assertEqual(
            [(1, '_lost'), (2, '_away')], list(private(source))
        )


class MissingTest(rpc_base.MessageTestCase):
    """A release of the libraries that lacks some of it."""

    #: Those that there is a way without, in these tests.
    USES = (
        *('answers', 'buffer', 'connecting', 'duplicates', 'reader'),
        *('replies', 'survey', 'unasked'),
    )

    def test_the_installed_release_has_all(self) -> None:
        self.assertEqual(
            {need.use: () for need in needs.NEEDS}, rpc.fallbacks()
        )

    def test_each_kind_of_absence_is_noticed(self) -> None:
        need = needs.Need(
            'nothing',
            {
                'kombu.not_there': ('_any',),
                'kombu.connection:NotThere': ('_any',),
                'kombu': ('_not_there',),
                'kombu.connection:Connection': ('_neither', '_closed'),
                'kombu.connection:Connection.clone': ('kwargs', 'how'),
            },
            'All is lost',
        )

        self.assertEqual(
            [
                *('kombu.not_there', 'kombu.connection:NotThere'),
                *('kombu._not_there', 'kombu.connection:Connection._neither'),
                'kombu.connection:Connection.clone.how',
            ],
            list(need.missing()),
        )

    def test_what_only_objects_have_is_found(self) -> None:
        connection = 'oslo_messaging._drivers.impl_rabbit:Connection'
        set_by_methods = ('_consume_loop_stopped', '_connection_lock')
        need = needs.Need('these', {connection: set_by_methods}, 'Nothing')

        self.assertEqual([], list(need.missing()))

    def test_messages_go_on_without(self) -> None:
        self.useFixture(lacking.Lacking(*self.USES))

        api = self.serve()

        self.assertEqual('smooth', api.scrape(self.context))
        self.assertEqual('smooth', api.scrape(self.context))

    def test_it_is_told_once(self) -> None:
        self.useFixture(lacking.Lacking('reader'))

        for _ in range(2):
            self.memory_transport().connection.open()

        told = [
            line
            for line in self.logs.output.splitlines()
            if lacking.NAME in line
        ]
        self.assertEqual(1, len(told), told)
        self.assertIn('Slower: a process polls', told[0])
        self.assertIn('kombu ', told[0])
        self.assertIn('constraints.txt', told[0])

    def test_who_has_all_is_told_nothing(self) -> None:
        self.useFixture(lacking.Lacking())

        self.memory_transport().connection.open()

        self.assertNotIn('messaging libraries', self.logs.output)
