# SPDX-License-Identifier: Apache-2.0
"""Each option is declared, explained and read, or it is told where not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from collections.abc import Mapping
import functools
import pathlib
import re

from oslo_config import cfg

import trove
from trove import conf
from trove.guestagent.datastores import registry
from trove.objects import quota
from trove.tests import base

_TOP = pathlib.Path(trove.__file__).parent

#: Read by names that are put together or handed over: group, name, and a part
#: of the module that does it.
_BY_NAME = {
    **{
        ('DEFAULT', f'max_{name}_per_tenant'): (
            'trove/objects/quota.py',
            "conf[f'max_{resource}_per_tenant']",
        )
        for name in quota.RESOURCES
    },
    **{
        (name, f'{name}_port'): (
            'trove/guestagent/datastores/mysql_common/home.py',
            "conf[group][f'{group}_port']",
        )
        for name in ('mariadb', 'mysql')
    },
    **{
        ('DEFAULT', f'{service}_{name}'): (
            'trove/cloud/openstack/session.py',
            f"conf[f'{{prefix}}_{name}']",
        )
        for service in ('cinder', 'glance', 'neutron', 'nova_compute')
        for name in ('endpoint_type', 'service_type', 'url')
    },
    **{
        ('DEFAULT', f'{service}_api_insecure'): (
            'trove/cloud/openstack/session.py',
            "conf[f'{short}_api_insecure']",
        )
        for service in ('cinder', 'glance', 'neutron', 'nova')
    },
    **{
        (datastore, f'{protocol}_ports'): (
            'trove/cloud/openstack/rules.py',
            'conf[datastore][name]',
        )
        for datastore in registry.DRIVERS
        for protocol in ('tcp', 'udp')
    },
    ('DEFAULT', 'agent_call_low_timeout'): (
        'trove/common/rpc/_contract.py',
        "'agent_call_low_timeout'",
    ),
    ('DEFAULT', 'agent_call_high_timeout'): (
        'trove/guestagent/api/__init__.py',
        "'agent_call_high_timeout'",
    ),
    ('conductor', 'database_retries'): (
        'trove/peers/retrying.py',
        'conf[group].database_retries',
    ),
    **{
        ('upgrade_levels', name): (
            'trove/common/rpc/_caps/caps.py',
            'conf.upgrade_levels[interface.name]',
        )
        for name in ('conductor', 'guestagent', 'taskmanager')
    },
    **{
        (datastore, name): (
            'trove/guestagent/datastores/home.py',
            f'self._options.{name}',
        )
        for datastore in registry.DRIVERS
        for name in ('bin_dir', 'default_password_length', 'staging_dir')
    },
    **{
        (datastore, name): (
            'trove/guestagent/datastores/sql.py',
            f'group.{name}',
        )
        for datastore in registry.DRIVERS
        for name in ('ignore_dbs', 'ignore_users')
    },
    **{
        (datastore, name): (
            'trove/guestagent/datastores/sql.py',
            f'options.{name}',
        )
        for datastore in registry.DRIVERS
        for name in ('device_path', 'mount_point')
    },
    **{
        (datastore, 'guest_log_long_query_time'): (
            'trove/guestagent/datastores/mysql_common/driver.py',
            'group.guest_log_long_query_time',
        )
        for datastore in ('mariadb', 'mysql')
    },
}

#: Registered when they are needed, by libraries or by the commands.
_OTHERS = {
    'command',
    'executor_thread_pool_size',
    'keystone_authtoken',
    'log_dir',
    'log_file',
    'oslo_middleware',
    'prog',
}

#: How what has the options is called, as a slice of a list of names.
_CONF = (['conf'], ['_conf'])

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


def declared_in(name: str) -> str:
    """Return the module of ``trove/conf`` that has an option."""
    return next(
        str(path.relative_to(_TOP.parent))
        for path in sorted((_TOP / 'conf').glob('*.py'))
        if f"'{name}'" in path.read_text('utf-8')
    )


def _names(node: ast.AST) -> list[str]:
    """Return the names of ``self._conf.rpc``; "?" stands for a call."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.insert(0, node.attr)
        node = node.value
    return [node.id if isinstance(node, ast.Name) else '?', *names]


def _groups_in(scope: ast.AST, known: Mapping[str, str]) -> dict[str, str]:
    """Return the variables and attributes that are a group of options."""
    groups = _groups()
    found = dict(known)
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            *owner, name = _names(node.value)
            group = found.get('.'.join([*owner, name])) or name
            if group in groups and (owner[-1:] in _CONF or group != name):
                found['.'.join(_names(node.targets[0]))] = group
    return found


@functools.cache
def reads(source: str) -> tuple[tuple[int, str, str], ...]:
    """Return the options that a module reads: line, group, name.

    What has them is called ``conf``. An attribute of the module's classes, or
    a variable of one function, may be one of its groups.
    """
    return tuple(_reads(ast.parse(source)))


@functools.cache
def _groups() -> frozenset[str]:
    return frozenset(group for group, _ in conf.list_opts())


def _reads(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    groups = _groups()
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    attributes = {
        name: group
        for name, group in _groups_in(tree, {}).items()
        if '.' in name
    }
    for scope in ast.walk(tree):
        if isinstance(scope, ast.FunctionDef):
            known = _groups_in(scope, attributes)
        elif isinstance(scope, ast.Lambda):
            known = attributes
        else:
            continue
        for node in ast.walk(scope):
            *owner, name = _names(node)
            if not owner or owner[0] in imported:
                continue
            if '.'.join(owner) in known:
                yield node.lineno, known['.'.join(owner)], name
            elif owner[-1:] in _CONF and name not in groups:
                yield node.lineno, 'DEFAULT', name
            elif owner[-2:-1] in _CONF and owner[-1] in groups:
                yield node.lineno, owner[-1], name


class UsedTest(base.TestCase):
    measured = False

    def test_each_option_is_read(self) -> None:
        read = {
            (group, name)
            for _, source in sources()
            for _, group, name in reads(source)
        }

        unused = {
            f'[{group}] {option.name} of {declared_in(option.name)}'
            for group, options in conf.list_opts()
            for option in options
            if (group, option.dest) not in read | _BY_NAME.keys()
        }

        self.assertEqual(
            set(),
            unused,
            f'Nothing under trove/ reads {", ".join(sorted(unused))}: use '
            'it, or remove it there. If its name is put together, add it to '
            '_BY_NAME in trove/tests/unit/conf/test_used.py.',
        )

    def test_what_reads_by_name_is_there(self) -> None:
        declared = {
            (group, option.dest)
            for group, options in conf.list_opts()
            for option in options
        }
        for option, (path, part) in _BY_NAME.items():
            text = (_TOP.parent / path).read_text('utf-8')
            if part not in text or option not in declared:
                self.fail(
                    f'{path} has not {part}: correct or remove {option} in '
                    '_BY_NAME of trove/tests/unit/conf/test_used.py.'
                )

    def test_an_option_of_another_group_does_not_count(self) -> None:
        found = reads(
            'def f(self):\n'
            '    c = self._conf.postgresql\n'
            '    self.d = c\n'
            '    print(conf.postgresql)\n'
            '    return c.one, conf.postgresql.two, conf.three\n'
            'def g(self, c):\n'
            '    return self.d.four, c.five, f(c).conf.database.six\n'
            'g(lambda conf: conf.seven)\n'
        )

        self.assertEqual(
            {
                ('postgresql', 'one'),
                ('postgresql', 'two'),
                ('DEFAULT', 'three'),
                ('postgresql', 'four'),
                ('database', 'six'),
                ('DEFAULT', 'seven'),
            },
            {(group, name) for _, group, name in found},
        )

    def test_what_is_read_is_declared(self) -> None:
        unknown = []
        for path, source in sources():
            for line, group, name in reads(source):
                owner = cfg.CONF if group == 'DEFAULT' else cfg.CONF[group]
                if name not in _OTHERS and not hasattr(owner, name):
                    unknown.append(f'[{group}] {name} in {path}:{line}')

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
