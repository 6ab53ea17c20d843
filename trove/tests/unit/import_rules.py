# SPDX-License-Identifier: Apache-2.0
"""The rules of who may import whom, and how their breach reads."""

from __future__ import annotations

import ast
from collections.abc import Callable
from collections.abc import Iterator
import dataclasses
import functools
import pathlib

import trove

TOP = pathlib.Path(trove.__file__).parent.parent
#: A distribution of its own; see ``test_rpc_contract.py``.
CHECKER = TOP / 'rpc-contract'

#: What the modules below a name may import of trove, besides themselves.
#: The longest name that fits counts.
ALLOWED: dict[str, tuple[str, ...]] = {
    'trove': (),
    'trove.common': ('trove.conf', 'trove.version'),
    'trove.conf': ('trove.common', 'trove.version'),
    'trove.conductor.api': ('trove.common', 'trove.conf'),
    'trove.guestagent.api': ('trove.common', 'trove.conf'),
    'trove.taskmanager.api': ('trove.common', 'trove.conf'),
    'trove.db': ('trove.common', 'trove.conf'),
    'trove.objects': ('trove.common', 'trove.conf', 'trove.db'),
    'trove.cloud': ('trove.common', 'trove.conf'),
    'trove.objectstore': ('trove.common', 'trove.conf'),
    'trove.policies': ('trove.common', 'trove.conf'),
    'trove.peers': (
        'trove.common',
        'trove.conductor.api',
        'trove.conf',
        'trove.guestagent.api',
        'trove.objects',
        'trove.taskmanager.api',
        'trove.version',
    ),
    'trove.rehearsal': (
        'trove.common',
        'trove.conductor.api',
        'trove.conf',
        'trove.guestagent.api',
        'trove.guestagent.conductors',
        'trove.peers',
        'trove.taskmanager.api',
        'trove.version',
    ),
    'trove.api': (
        'trove.cloud',
        'trove.common',
        'trove.conf',
        'trove.guestagent.api',
        'trove.objects',
        'trove.objectstore',
        'trove.peers',
        'trove.policies',
        'trove.taskmanager.api',
        'trove.version',
    ),
    'trove.taskmanager': (
        'trove.cloud',
        'trove.common',
        'trove.conf',
        'trove.guestagent.api',
        'trove.objects',
        'trove.objectstore',
        'trove.peers',
        'trove.version',
    ),
    'trove.conductor': (
        'trove.common',
        'trove.conf',
        'trove.objects',
        'trove.peers',
        'trove.version',
    ),
    'trove.guestagent': (
        'trove.common',
        'trove.conductor.api',
        'trove.conf',
        'trove.objectstore',
        'trove.version',
    ),
}

#: These put the others together.
MAY_IMPORT_ALL = ('trove.cmd', 'trove.rpcadmin', 'trove.standalone')

#: Where the tests are of the packages that are made here.
TESTS_OF = {'trove': 'trove.tests.unit', 'rpc_contract': 'tests'}

#: Layers below RPC: they neither send nor receive.
WITHOUT_RPC = (
    'trove.api.schemas',
    'trove.cloud',
    'trove.conf',
    'trove.db',
    'trove.objects',
    'trove.objectstore',
    'trove.policies',
)

#: What takes memory and start time that a guest does not have.
NOT_IN_A_GUEST = ('alembic', 'falcon', 'oslo_db', 'oslo_policy', 'sqlalchemy')

#: The declaration of options is light: it loads none of those.
LIGHT = ('oslo_db.options',)

#: The only modules that name the global configuration object.
MAY_NAME_CONF = ('trove.api.wsgi', 'trove.cmd', 'trove.tests', 'trove.wsgi')

#: The driver that is loaded by its entry point, if it is chosen.
OPENSTACK_DRIVER = 'trove.cloud.openstack'

OSLO_SERVICE_IMPORTER = 'trove.common.service'


@dataclasses.dataclass(frozen=True)
class Import:
    """One imported name, for instance ``trove.common.rpc.Transport``."""

    importer: str
    place: str
    name: str
    in_function: bool


@dataclasses.dataclass(frozen=True)
class Module:
    """A module's source.

    :ivar name: dotted, for instance ``trove.api.app``
    :ivar path: relative to the top directory
    """

    name: str
    path: str
    source: str

    # Modules live as long as the process of the tests.
    @functools.cache  # noqa: B019
    def imports(self) -> tuple[Import, ...]:
        return tuple(self._walk(ast.parse(self.source), in_function=False))

    def _walk(self, node: ast.AST, in_function: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import | ast.ImportFrom):
                for name in self._names(child):
                    yield Import(
                        self.name,
                        f'{self.path}:{child.lineno}',
                        name,
                        in_function,
                    )
            yield from self._walk(
                child,
                in_function
                or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef),
            )

    def _names(self, node: ast.Import | ast.ImportFrom) -> list[str]:
        if isinstance(node, ast.Import):
            return [alias.name for alias in node.names]
        origin = node.module or ''
        if node.level:
            package = self.name.split('.')
            if not self.path.endswith('__init__.py'):
                package.pop()
            package = package[: len(package) - node.level + 1]
            origin = '.'.join([*package, *filter(None, [node.module])])
        return [f'{origin}.{alias.name}' for alias in node.names]


def below(name: str, *prefixes: str) -> bool:
    """Tell whether a dotted name is one of the prefixes or below one."""
    return any(name == p or name.startswith(f'{p}.') for p in prefixes)


def check_direction(item: Import) -> str | None:
    if not below(item.name, 'trove') or below(item.importer, 'trove.tests'):
        return None
    if below(item.name, 'trove.tests'):
        return 'only tests import trove.tests: move what is needed out of it'
    if below(item.importer, *MAY_IMPORT_ALL):
        return None
    layer = max(
        (name for name in ALLOWED if below(item.importer, name)), key=len
    )
    own = 'trove.' + item.importer.partition('.')[2].partition('.')[0]
    inside = below(item.name, layer if layer in CLIENTS else own)
    if inside or below(item.name, *ALLOWED[layer]) or item.name == 'trove':
        return None
    return (
        f'{layer} may import of trove only itself and '
        f'{", ".join(ALLOWED[layer]) or "nothing"}: move the shared part to '
        'a layer that both may import, or hand it in as an argument'
    )


CLIENTS = tuple(name for name in ALLOWED if name.endswith('.api'))[:3]


def check_rpc(item: Import) -> str | None:
    if below(item.name, 'trove.common.rpc') and below(
        item.importer, *WITHOUT_RPC
    ):
        return (
            'this layer sends no messages: return what is to be sent, and '
            'let trove.api or trove.taskmanager send it'
        )
    return None


def check_private(item: Import) -> str | None:
    parts = item.name.split('.')
    if parts[0] not in TESTS_OF:
        return None
    for index, part in enumerate(parts):
        if not part.startswith('_') or part.startswith('__'):
            continue
        package = '.'.join(parts[:index])
        tests = package.replace(parts[0], TESTS_OF[parts[0]], 1)
        if not below(item.importer, package, tests):
            return (
                f'{part} is private to {package}: use what '
                f'{package} offers, or let it offer more'
            )
    return None


def check_in_function(item: Import) -> str | None:
    if item.in_function and below(item.name, 'trove'):
        return (
            'trove is not imported inside functions: import it at the top, '
            'and break a circle by moving the shared part out'
        )
    return None


def check_oslo_service(item: Import) -> str | None:
    if below(item.name, 'oslo_service') and not below(
        item.importer, OSLO_SERVICE_IMPORTER
    ):
        return (
            f'only {OSLO_SERVICE_IMPORTER} imports oslo.service, for it '
            'chooses the threading backend first: use what it offers'
        )
    return None


def check_guest(item: Import) -> str | None:
    guest = below(
        item.importer,
        'trove.guestagent',
        'trove.common',
        'trove.conf',
        'trove.objectstore',
    )
    heavy = below(item.name, *NOT_IN_A_GUEST) and item.name not in LIGHT
    if guest and heavy:
        return (
            'a guest agent stays small and has no database: keep this in '
            'trove.db, trove.objects or trove.api'
        )
    return None


def check_openstack(item: Import) -> str | None:
    if below(item.importer, OPENSTACK_DRIVER, 'trove.tests') or not below(
        item.name, OPENSTACK_DRIVER, 'openstack'
    ):
        return None
    return (
        'the cloud may be another one: use what trove.cloud.base offers, or '
        'let it offer more'
    )


CHECKS: tuple[Callable[[Import], str | None], ...] = (
    check_direction,
    check_rpc,
    check_private,
    check_in_function,
    check_oslo_service,
    check_guest,
    check_openstack,
)


def names_conf(module: Module) -> Iterator[tuple[str, str]]:
    """Find the uses of the global configuration object."""
    if below(module.name, *MAY_NAME_CONF) or 'CONF' not in module.source:
        return
    for node in ast.walk(ast.parse(module.source)):
        named = (
            isinstance(node, ast.Attribute)
            and node.attr == 'CONF'
            and isinstance(node.value, ast.Name)
            and node.value.id == 'cfg'
        ) or (
            isinstance(node, ast.ImportFrom)
            and node.module == 'oslo_config.cfg'
            and any(alias.name == 'CONF' for alias in node.names)
        )
        if named:
            yield (
                f'{module.path}:{node.lineno}',
                'cfg.CONF is named only in trove.cmd, the WSGI entry and '
                'tests: take conf as a parameter',
            )


def violations(module: Module) -> list[str]:
    """Say for each broken rule where, which, and what to do about it."""
    found = []
    for item in module.imports():
        for check in CHECKS:
            remedy = check(item)
            if remedy:
                found.append(
                    f'{item.place}: {item.importer} imports {item.name}: '
                    f'{remedy}.'
                )
    for place, remedy in names_conf(module):
        found.append(f'{place}: {module.name} uses cfg.CONF: {remedy}.')
    return found


@functools.cache
def modules() -> tuple[Module, ...]:
    """Return the modules of Trove, and its tests; read once."""
    return tuple(_below(TOP, 'trove'))


@functools.cache
def checker_modules() -> tuple[Module, ...]:
    """Return the modules of rpc-contract, and its tests; read once."""
    return (
        *_below(CHECKER / 'src', 'rpc_contract'),
        *_below(CHECKER, 'tests'),
    )


def _below(directory: pathlib.Path, package: str) -> Iterator[Module]:
    for path in sorted((directory / package).rglob('*.py')):
        parts = list(path.relative_to(directory).with_suffix('').parts)
        if parts[-1] == '__init__':
            parts.pop()
        relative = path.relative_to(TOP)
        yield Module('.'.join(parts), str(relative), path.read_text('utf-8'))
