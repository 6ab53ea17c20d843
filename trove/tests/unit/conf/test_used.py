# SPDX-License-Identifier: Apache-2.0
"""Each option is declared, explained and read, or it is told where not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
import pathlib
import re

from oslo_config import cfg

import trove
from trove import conf
from trove.objects import quota
from trove.tests import base

_TOP = pathlib.Path(trove.__file__).parent

#: Read by a name that is put together, in trove/objects/quota.py.
_PUT_TOGETHER = {f'max_{name}_per_tenant' for name in quota.RESOURCES}

#: Registered when they are needed, by libraries or by the commands.
_OTHERS = {
    'command',
    'executor_thread_pool_size',
    'keystone_authtoken',
    'oslo_middleware',
    'prog',
}

#: What the help of a number says of it.
_UNIT = re.compile(
    r'\b(seconds?|minutes?|[KMG]iB|bytes|how (many|often)|(number|most) of|'
    r'the most|characters|times|a minute)\b',
    re.IGNORECASE,
)


def sources() -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each module that may read options."""
    for path in sorted(_TOP.rglob('*.py')):
        if path.relative_to(_TOP).parts[0] not in ('conf', 'tests'):
            yield str(path.relative_to(_TOP.parent)), path.read_text('utf-8')


def reads(source: str) -> Iterator[tuple[int, list[str]]]:
    """Yield what is read of ``conf``: the line and the names after it."""
    tree = ast.parse(source)
    modules = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree):
        names: list[str] = []
        found: ast.expr | ast.AST = node
        while isinstance(found, ast.Attribute):
            if found.attr.strip('_') == 'conf' and names:
                yield node.lineno, names
                break
            names.insert(0, found.attr)
            found = found.value
        if isinstance(found, ast.Name) and found.id not in modules:
            if found.id == 'conf' and names:
                yield found.lineno, names


class UsedTest(base.TestCase):
    def test_each_option_is_read(self) -> None:
        text = '\n'.join(source for _, source in sources())

        unused = {
            f'[{group}] {option.name}'
            for group, options in conf.list_opts()
            for option in options
            if option.dest not in _PUT_TOGETHER
            and not re.search(rf"\.{option.dest}\b|'{option.dest}'", text)
        }

        self.assertEqual(
            set(),
            unused,
            f'Nothing under trove/ reads {", ".join(sorted(unused))}: use '
            'it, or remove it from trove/conf/.',
        )

    def test_what_is_read_is_declared(self) -> None:
        groups = {group for group, _ in conf.list_opts()}
        unknown = []
        for path, source in sources():
            for line, (name, *rest) in reads(source):
                if name in _OTHERS:
                    continue
                if not hasattr(cfg.CONF, name):
                    unknown.append(f'[DEFAULT] {name} in {path}:{line}')
                elif name in groups and rest:
                    if not hasattr(cfg.CONF[name], rest[0]):
                        unknown.append(f'[{name}] {rest[0]} in {path}:{line}')

        self.assertEqual(
            [],
            unknown,
            f'Nothing declares {", ".join(unknown)}: add it to a module of '
            'trove/conf/.',
        )

    def test_each_module_is_registered(self) -> None:
        missing = [
            path.stem
            for path in sorted((_TOP / 'conf').glob('*.py'))
            if '\ndef register_opts(' in path.read_text('utf-8')
            and path.stem not in (*conf.GROUPS, '__init__')
        ]

        self.assertEqual(
            [],
            missing,
            f'Add {", ".join(missing)} to GROUPS in trove/conf/__init__.py.',
        )

    def test_each_option_is_explained(self) -> None:
        for group, options in conf.list_opts():
            for option in options:
                name, told = f'[{group}] {option.name}', option.help or ''
                if not told.rstrip().endswith('.'):
                    self.fail(f'{name}: say in its help what the value does.')
                number = isinstance(option, cfg.IntOpt | cfg.FloatOpt)
                if number and not isinstance(option, cfg.PortOpt):
                    self.assertTrue(
                        _UNIT.search(told),
                        f'{name}: name in its help the unit of the number.',
                    )
