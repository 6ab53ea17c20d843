# SPDX-License-Identifier: Apache-2.0
"""What is true of the whole tree and no tool checks."""

from __future__ import annotations

import configparser
from importlib import metadata
import pathlib
import re

from trove.common import exception
from trove.tests import base
from trove.tests.fixtures import guides
from trove.tests.unit import import_rules
from trove.tests.unit import source_rules

TOP = import_rules.TOP
LINES = 400
FUNCTION_LINES = 50


def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(TOP / 'setup.cfg')
    return parser


class TestSources(base.TestCase):
    """Each module of the tree."""

    measured = False

    def sources(self) -> list[tuple[str, str]]:
        return [
            (item.path, item.source)
            for item in (
                *import_rules.modules(),
                *import_rules.checker_modules(),
            )
        ]

    def test_license(self) -> None:
        without = [
            path
            for path, source in self.sources()
            if not source.startswith('# SPDX-License-Identifier: Apache-2.0\n')
        ]

        self.assertEqual([], without)

    def test_length_of_files(self) -> None:
        longer = {
            path: source.count('\n')
            for path, source in self.sources()
            if source.count('\n') >= LINES
        }

        self.assertEqual({}, longer, f'Split them: {LINES} lines at most.')

    def test_length_of_functions(self) -> None:
        longer = {}
        for path, source in self.sources():
            for name, line, lines in source_rules.read(source).functions:
                if lines >= FUNCTION_LINES:
                    longer[f'{path}:{line} {name}'] = lines

        self.assertEqual({}, longer, 'Split them, or give them less to do.')

    def test_calls_name_each_argument_in_its_place(self) -> None:
        found = [
            f'{path}:{place}'
            for path, source in self.sources()
            for place in source_rules.read(source).unpacked
        ]

        self.assertEqual(
            [],
            found,
            'Write each argument on a line of its own instead of *(a, b), or '
            'hand over a small dataclass.',
        )

    def test_texts_are_no_statements(self) -> None:
        found = [
            f'{path}:{place}'
            for path, source in self.sources()
            for place in source_rules.read(source).idle_texts
        ]

        self.assertEqual([], found, 'Write: pass  # WHY')


class TestRules(base.TestCase):
    """What these checks find, and what not."""

    def test_tuples_that_are_unpacked_into_a_call(self) -> None:
        for source in ('f(*(1, 2))', 'f(a, *[b, c], d=1)', 'f(\n*(a,),)'):
            with self.subTest(source):
                self.assertEqual(1, len(source_rules.read(source).unpacked))
        for source in ('f(*a)', 'f(*(a + b))', '(*(1, 2), 3)', 'f((1, 2))'):
            with self.subTest(source):
                self.assertEqual((), source_rules.read(source).unpacked)

    def test_texts_that_stand_for_a_statement(self) -> None:
        for source in (
            'try:\n  f()\nexcept A:\n  """None."""',
            'if a:\n  """None."""\nelse:\n  f()',
            'def f():\n  """Doc."""\n  """None."""',
        ):
            with self.subTest(source):
                self.assertEqual(1, len(source_rules.read(source).idle_texts))
        for source in (
            '"""Doc."""',
            'class A(B):\n  """Doc."""',
            'def f():\n  """Doc."""',
            'async def f():\n  """Doc."""\n  return 1',
        ):
            with self.subTest(source):
                self.assertEqual((), source_rules.read(source).idle_texts)


class TestExceptions(base.TestCase):
    """The tree in the docstring is what the module declares."""

    LINE = re.compile(
        r'^    (?P<branch>[│ ]*[├└]── |)(?P<name>\w+)'
        r'(?: +(?P<code>\d{3}) (?P<fault>\w+))?$'
    )

    def drawn(self) -> dict[str, tuple[str | None, int, str]]:
        """Return parent, code and fault by name of the class."""
        tree: dict[str, tuple[str | None, int, str]] = {}
        above: list[str] = []
        for line in (exception.__doc__ or '').splitlines():
            match = self.LINE.match(line)
            if match is None:
                continue
            del above[len(match['branch']) // 4 :]
            parent = above[-1] if above else None
            name = match['name']
            if match['code']:
                status = int(match['code']), match['fault']
            else:
                status = tree[parent or ''][1:]
            tree[name] = parent, *status
            above.append(name)
        return tree

    def declared(self) -> dict[str, tuple[str | None, int, str]]:
        found = {}
        for name, value in vars(exception).items():
            if isinstance(value, type) and issubclass(
                value, exception.TroveError
            ):
                parent = value.__mro__[1].__name__
                if value is exception.TroveError:
                    parent = None
                found[name] = parent, value.code, value.fault
        return found

    def test_tree(self) -> None:
        self.assertEqual(self.declared(), self.drawn())


class TestCommands(base.TestCase):
    """Each console script starts and says how to use it."""

    measured = False

    def scripts(self) -> dict[str, str]:
        declared = setup_cfg()['entry_points']['console_scripts']
        pairs = (line.split('=') for line in declared.split('\n') if line)
        return {name.strip(): value.strip() for name, value in pairs}

    def test_help(self) -> None:
        runner = self.useFixture(guides.Runner(TOP))
        for name, target in self.scripts().items():
            status, text = runner.run(f'{name}={target}', '--help')
            with self.subTest(name):
                self.assertEqual(0, status, text)
                self.assertIn(f'usage: {name}', text)


class TestEntryPoints(base.TestCase):
    """What setup.cfg names is there, and the installation knows it."""

    def test_each_loads(self) -> None:
        section = setup_cfg()['entry_points']
        for group in set(section) - {'console_scripts'}:
            for line in filter(None, section[group].split('\n')):
                name, value = (part.strip() for part in line.split('='))
                point = metadata.EntryPoint(name, value, group)
                with self.subTest(group, name=name):
                    try:
                        point.load()
                    except (ImportError, AttributeError) as error:
                        self.fail(
                            f'Correct "{line}" of {group} in setup.cfg: '
                            f'{error}.'
                        )


class TestChecker(base.TestCase):
    """rpc-contract is a distribution of its own, for any project."""

    def test_it_has_no_word_of_trove(self) -> None:
        found = [
            str(path.relative_to(TOP))
            for path in import_rules.CHECKER.rglob('*')
            if path.suffix in {'.json', '.py', '.rst', '.toml', '.yaml', ''}
            and path.is_file()
            and 'trove' in path.read_text('utf-8').lower()
        ]

        self.assertEqual([], found, 'It reads and serves any project.')

    def test_what_is_private_stays_so(self) -> None:
        found = [
            f'{item.place}: {text}'
            for module in import_rules.checker_modules()
            for item in module.imports()
            if (text := import_rules.check_private(item))
        ]

        self.assertEqual([], found)


class TestReleaseNotes(base.TestCase):
    """A note is found by its name, and reno by its suffix."""

    def test_names(self) -> None:
        pattern = re.compile(r'^[a-z0-9-]+-[0-9a-f]{16}\.yaml$')
        notes: pathlib.Path = TOP / 'releasenotes' / 'notes'

        misnamed = [
            path.name
            for path in notes.iterdir()
            if not pattern.match(path.name)
        ]

        self.assertEqual([], misnamed, 'Make notes with: reno new SLUG')
