# SPDX-License-Identifier: Apache-2.0
"""The documentation names what there is, and nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import metadata
import pkgutil
import re

from oslo_db import options as database_options
import yaml

from rpc_contract import commands
from trove import conf as trove_conf
from trove import policies
from trove.api import absent
from trove.api import routes
from trove.tests import base
from trove.tests.fixtures import guides
from trove.tests.unit import import_rules

TOP = import_rules.TOP
API_REF = TOP / 'api-ref' / 'source'
DOC = TOP / 'doc' / 'source'

#: Patterns of names.
_EXAMPLES = {'_name.py'}

#: An account of a message broker, not a name in a module.
_ACCOUNTS = {'guestagent.INSTANCE'}

#: It is about others' trees.
_OF_OTHERS = 'doc/source/contributor/contracts-measured.rst'

#: Of files, whose names look like one of a module and what is in it.
_ENDINGS = {'conf', 'inc', 'ini', 'json', 'py', 'rst', 'toml', 'txt', 'yaml'}


def is_there(name: str) -> bool:
    """Whether a dotted name is a module, or what is in one."""
    try:
        return pkgutil.resolve_name(name) is not None
    except (ImportError, AttributeError):
        return False


def templates() -> Iterator[str]:
    """Every text of the sources, with a NUL for each value in it."""
    for module in import_rules.modules():
        if module.name.startswith('trove.tests'):
            continue
        for node in ast.walk(ast.parse(module.source)):
            match node:
                case ast.JoinedStr():
                    text = ''.join(
                        part.value
                        if isinstance(part, ast.Constant)
                        and isinstance(part.value, str)
                        else '\0'
                        for part in node.values
                    )
                case ast.Constant(value=str(text)):
                    text = re.sub(r'%(?:\(\w+\))?[.\d]*[sdrf]', '\0', text)
                case _:
                    continue
            yield ' '.join(text.split())


def quotes(text: str) -> Iterator[str]:
    """What a page quotes of errors and logs.

    The terms of "What an error means", and what is in italics elsewhere.
    """
    _, _, means = text.partition('\nWhat an error means\n===')
    section = re.split(r'\n[^\n]+\n={4,}\n', means.partition('\n')[2])[0]
    for terms in re.findall(r'(?m)^(``.*)\n    \S', section):
        yield from re.findall(r'``(.+?)``', terms)
    if text.startswith('===============\nTroubleshooting\n'):
        table = text.partition('\nThe errors\n')[0]
        for each in re.findall(r'(?<![*\w])\*(?=\S)([^*]+?)(?<=\S)\*', table):
            yield ' '.join(each.split())


class TestApiReference(base.TestCase):
    """The API reference against the table of routes."""

    def text(self) -> str:
        pages = sorted(API_REF.glob('*.inc'))
        return '\n'.join(page.read_text('utf-8') for page in pages)

    def test_paths(self) -> None:
        described = re.findall(
            r'^\.\. rest_method:: (\w+) (\S+)$', self.text(), re.M
        )

        served = {(r.verb, f'/v1.0{r.path}') for r in routes.ROUTES}
        served |= {(r.verb, r.path) for r in routes.VERSIONS}
        missing = ', '.join(sorted(map(' '.join, served - set(described))))
        self.assertEqual(
            served,
            set(described),
            missing and f'Describe {missing} in a page of api-ref/source/.',
        )
        self.assertEqual(len(served), len(described))

    def test_absent_paths(self) -> None:
        page = (API_REF / 'absent.inc').read_text('utf-8')
        described = {
            (verb, path)
            for verbs, path in re.findall(r'\| ([A-Z, ]+) ``(\S+)``', page)
            for verb in verbs.split(', ')
        }

        told = {
            (route.verb, route.path.removeprefix('/{project_id}'))
            for route in absent.ROUTES
        }
        told.add(('POST', '/instances/{instance_id}/action'))
        self.assertEqual(told, described)

    def test_parameters(self) -> None:
        used = re.findall(r'^   - [\w.-]+: ([\w-]+)$', self.text(), re.M)

        described = yaml.safe_load(
            (API_REF / 'parameters.yaml').read_text('utf-8')
        )
        missing = ', '.join(sorted(set(used) - set(described)))
        self.assertEqual(
            '',
            missing,
            f'Add {missing} to api-ref/source/parameters.yaml.',
        )
        unused = ', '.join(sorted(set(described) - set(used)))
        self.assertEqual(
            '',
            unused,
            f'List {unused} under rest_parameters of a page in api-ref/'
            'source/, or remove it from parameters.yaml there.',
        )

    def test_statuses(self) -> None:
        sections = re.split(r'^\.\. rest_method:: ', self.text(), flags=re.M)
        for section in sections[1:]:
            verb, path = section.split('\n', 1)[0].split()
            for route in routes.ROUTES:
                found = (route.verb, f'/v1.0{route.path}') == (verb, path)
                if found and '   - 501\n' not in section:
                    with self.subTest(f'{verb} {path}'):
                        self.assertIn(f'   - {route.status}\n', section)


class TestGuides(base.TestCase):
    """Names of options, rules and files in the guides."""

    def pages(self) -> dict[str, str]:
        return {
            str(page.relative_to(TOP)): page.read_text('utf-8')
            for page in [*DOC.rglob('*.rst'), *TOP.glob('*.rst')]
        }

    def test_files_are_there(self) -> None:
        missing = {}
        for name, text in self.pages().items():
            for path in re.findall(
                r'``((?:trove|doc|tools)/[\w./-]+)``', text
            ):
                if not (TOP / path).exists():
                    missing[path] = name

        self.assertEqual({}, missing)

    def test_quotes_are_what_is_said(self) -> None:
        """Each part between values: an ellipsis, N or a number in a quote."""
        said = '\n'.join(templates())
        missing = {}
        found = 0
        for name, text in self.pages().items():
            for quote in quotes(text):
                found += 1
                for part in re.split(r'\.{3}|…|\bN\b|\b\d[\d.]*', quote):
                    if (text := part.strip(' .')) not in said:
                        missing[text] = name

        self.assertEqual({}, missing)
        self.assertGreater(found, 30)

    def test_commands_are_there(self) -> None:
        """Also in release notes, but for the one that tells of their end."""
        points = metadata.entry_points(group='trove.rpcadmin')
        known = {
            'trove-rpc': {re.split('[_ ]', each.name)[0] for each in points}
            | {'help', 'complete'},
            'rpc-contract': set(commands.COMMANDS),
        }
        notes = {
            path.name: path.read_text('utf-8')
            for path in (TOP / 'releasenotes/notes').glob('*.yaml')
            if not path.name.startswith('rpc-contract-is-its-own-program-')
        }
        missing = {
            f'{program} {command}': name
            for name, text in [*self.pages().items(), *notes.items()]
            for program, command in re.findall(
                r'``(trove-rpc|rpc-contract)\s+([a-z-]+)', text
            )
            if command not in known[program]
            and not command.startswith('-')
        }

        self.assertEqual({}, missing)

    def test_files_without_a_directory_are_there(self) -> None:
        known = {
            path.name
            for top in ('trove', 'benchmarks', 'doc', 'rpc-contract', 'tools')
            for path in (TOP / top).rglob('*.py')
        }
        missing = {
            file: name
            for name, text in self.pages().items()
            for file in re.findall(r'``(\w+\.py)``', text)
            if file not in known | _EXAMPLES
        }

        self.assertEqual({}, missing)

    def test_modules_are_there(self) -> None:
        """And what is named of them."""
        missing = {
            each: name
            for name, text in self.pages().items()
            for each in re.findall(r'[`~ ](trove(?:\.\w+)+)(?:\(\))?`', text)
            if not is_there(each)
        }

        self.assertEqual({}, missing)

    def test_names_in_modules_are_there(self) -> None:
        """Those given with the last part of their module: ``tasks.begin``."""
        known: dict[str, set[str]] = {}
        for module in import_rules.modules():
            words = known.setdefault(module.name.rpartition('.')[2], set())
            words |= set(re.findall(r'\w+', module.source))
        missing = {
            f'{module}.{found}': name
            for name, text in self.pages().items()
            for module, found in re.findall(
                r'``(?:\w+\.)*(\w+)\.(\w+)(?:\(\))?``', text
            )
            if module in known
            and found not in known[module] | known.keys() | _ENDINGS
        }

        self.assertEqual(set(), missing.keys() - _ACCOUNTS, missing)

    def test_names_are_there(self) -> None:
        """Of what contributors read: functions, classes, variables."""
        known = {
            word
            for path in (
                *(TOP / 'trove').rglob('*.py'),
                *(TOP / 'rpc-contract').rglob('*.py'),
                *(TOP / 'doc').rglob('*.py'),
                *(TOP / 'etc').rglob('*.*'),
                *(TOP / 'tools').glob('*.*'),
                *TOP.glob('*.*'),
            )
            if path.is_file() and path.suffix != '.rst'
            for word in re.findall(r'\w+', path.read_text('utf-8'))
        }
        missing = {
            found: name
            for name, text in self.pages().items()
            if name.startswith('doc/source/contributor') or '/' not in name
            if name != _OF_OTHERS
            for found in re.findall(r'``(\w*(?:_|[a-z][A-Z])\w*)``', text)
            if found not in known and not guides.adds(text, found)
        }

        self.assertEqual({}, missing)

    def test_names_are_in_the_files_beside_them(self) -> None:
        """In the way of a message, each step by itself."""
        text = (DOC / 'contributor/architecture.rst').read_text('utf-8')
        _, _, way = text.partition('One message, there and back\n')
        steps = re.split(r'\n(?=\d+\. )|\n\n', way.partition('\n===')[0])
        missing = set()
        for step in steps:
            files = re.findall(r'``(trove/[\w./]+)``', step)
            words = {
                word
                for path in (TOP / file for file in files)
                for each in ([path] if path.is_file() else path.rglob('*.py'))
                for word in re.findall(r'\w+', each.read_text('utf-8'))
            }
            names = set(re.findall(r'``(\w+)``', step))
            packages = {path.name for path in (TOP / 'trove').rglob('_*')}
            if files:
                missing |= names - words - packages

        self.assertEqual(set(), missing)

    def test_the_layers_are_there(self) -> None:
        """What the picture of the tree names, each below its directory."""
        text = (DOC / 'contributor/architecture.rst').read_text('utf-8')
        (tree,) = re.findall(r'^::\n\n((?:    .*\n|\n)+)', text, re.M)
        above: list[str] = []
        missing = []
        for line in filter(str.strip, tree.splitlines()):
            depth = (len(line) - len(line.lstrip())) // 2 - 2
            if depth < 3:
                above[depth:] = [line.split()[0]]
            for found in re.findall(r'\b[\w/-]+\.py\b|\b[\w-]+/', line):
                directory = ''.join(above[: min(depth, len(above) - 1)])
                paths = (TOP / directory / found, TOP / ''.join(above) / found)
                if not any(path.exists() for path in paths):
                    missing.append(f'{"".join(above)}: {found}')

        self.assertEqual([], missing)

    def test_options_are_there(self) -> None:
        known = {
            (group, option.dest)
            for group, options in (
                *trove_conf.list_opts(),
                # Which oslo.db lists by itself.
                ('database', database_options.database_opts),
            )
            for option in options
        }
        groups = {group for group, _ in known} - {'DEFAULT'}
        missing = {}
        for name, text in self.pages().items():
            for group, option in re.findall(r'\[(\w+)\]\s+(\w+)\b', text):
                if guides.adds(text, option):
                    continue
                if group in groups and (group, option) not in known:
                    missing[f'[{group}] {option}'] = name

        self.assertEqual({}, missing)

    def test_every_rule_has_operations_and_a_description(self) -> None:
        for rule in policies.list_rules():
            with self.subTest(rule.name):
                self.assertTrue(rule.description)
