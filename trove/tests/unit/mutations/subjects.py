# SPDX-License-Identifier: Apache-2.0
"""Modules, and the changes to them that their tests must notice.

``data/SUBJECT.yaml`` has those of one module::

    module: trove.guestagent.supervisor
    tests: [trove.tests.unit.guestagent.test_supervisor]
    mutations:
      - what: the server is not started again after it has crashed
        old: delay = self._recover()
        new: delay = 0.1
        test: SupervisorTest.test_a_server_that_dies_is_started_again

``old`` stands in the module once and is replaced by ``new``: part of a line,
or several lines, whatever they are indented by. ``test`` fails then; it is in
the first of ``tests``, or says in which (``test_state:PauseTest.test_x``).
To change it, see ``trials``.
"""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import pathlib
from typing import Any

import yaml

from trove.tests.unit import import_rules
from trove.tests.unit.mutations import replacing

DATA = pathlib.Path(__file__).with_name('data')


@dataclasses.dataclass(frozen=True)
class Mutation:
    """A change to a module that its tests must notice.

    :param place: the file that describes it and what it is, for people
    :param tests: dotted names of those that fail then
    """

    what: str
    place: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def applied(self, source: str) -> str:
        """Return the source of the module with the change.

        :raises LookupError: it is not the source the change is written for
        """
        try:
            return replacing.replaced(self.file, source, self.old, self.new)
        except LookupError as error:
            raise LookupError(f'{self.place}: {error}') from error


@dataclasses.dataclass(frozen=True)
class Subject:
    """A module with its tests.

    :param tests: modules
    """

    name: str
    module: str
    tests: tuple[str, ...]
    mutations: tuple[Mutation, ...]

    @property
    def path(self) -> pathlib.Path:
        return import_rules.TOP / _file(self.module)


def names() -> list[str]:
    """Return the names of all subjects."""
    return sorted(path.stem for path in DATA.glob('*.yaml'))


def read(name: str) -> Subject:
    """Return a subject.

    :raises LookupError: there are no such modules
    """
    path = DATA / f'{name}.yaml'
    said: dict[str, Any] = yaml.safe_load(path.read_text('utf-8'))
    module, tests = said['module'], tuple(said['tests'])
    for each in (module, *tests):
        if not (import_rules.TOP / _file(each)).is_file():
            raise LookupError(
                f'{path.name}: there is no {_file(each)}. Where it was '
                f'renamed, give {path.relative_to(import_rules.TOP)} the '
                'name of now.'
            )
    return Subject(
        name,
        module,
        tests,
        tuple(_mutations(path.name, module, tests, said['mutations'])),
    )


def _mutations(
    place: str,
    module: str,
    tests: tuple[str, ...],
    items: list[dict[str, str]],
) -> Iterator[Mutation]:
    for item in items:
        where, _, test = item['test'].rpartition(':')
        own = tests[0]
        if where:
            own = next(name for name in tests if name.endswith(f'.{where}'))
        yield Mutation(
            item['what'],
            f'{place}, "{item["what"]}"',
            _file(module),
            item['old'],
            item['new'],
            (f'{own}.{test}',),
        )


def _file(module: str) -> str:
    path = module.replace('.', '/')
    if (import_rules.TOP / path).is_dir():
        return f'{path}/__init__.py'
    return f'{path}.py'
