# SPDX-License-Identifier: Apache-2.0
"""Reads the modules of a tree, each when it is first asked for."""

from __future__ import annotations

import ast
from collections.abc import Sequence
import functools
import pathlib
import re
import tokenize

import griffe

from rpc_contract import model


class Unusable(Exception):
    """What is to be checked is not there, or cannot be read at all."""


class Absent(Unusable):
    """A class is not where it is said to be."""


class _Modules(griffe.ModulesCollection):
    """The modules of a tree as griffe wants them, but read one by one."""

    def __init__(self, top: pathlib.Path) -> None:
        super().__init__()
        self.top = top
        self._read: dict[str, griffe.Module | None] = {}

    def get_member(self, key: str | Sequence[str]) -> griffe.Object:
        parts = key.split('.') if isinstance(key, str) else list(key)
        for end in range(len(parts), 0, -1):
            module = self.module('.'.join(parts[:end]))
            if module is not None:
                rest = parts[end:]
                found = module.get_member(rest) if rest else module
                return found
        raise KeyError('.'.join(parts))

    __getitem__ = get_member

    @property
    def files(self) -> list[pathlib.Path]:
        """The files that were read so far."""
        modules = filter(None, self._read.values())
        return [
            module.filepath
            for module in modules
            if isinstance(module.filepath, pathlib.Path)
        ]

    def module(self, name: str) -> griffe.Module | None:
        """Return a module, None where the tree has none of that name.

        :raises Unusable: it is no Python
        """
        if name not in self._read:
            self._read[name] = None
            base = self.top.joinpath(*name.split('.'))
            for path in (base.with_suffix('.py'), base / '__init__.py'):
                if path.is_file():
                    found = self._read[name] = self._visit(name, path)
                    self._add_submodules(found)
                    break
        return self._read[name]

    def _add_submodules(self, module: griffe.Module) -> None:
        # What a package imports of itself griffe takes for members of it.
        for name, path in module.imports.items():
            if path == f'{module.path}.{name}' and name not in module.members:
                submodule = self.module(path)
                if submodule is not None:
                    module.set_member(name, submodule)

    def _visit(self, name: str, path: pathlib.Path) -> griffe.Module:
        package, _dot, own = name.rpartition('.')
        # Relative imports are relative to it.
        parent = self.module(package) if package else None
        try:
            return griffe.visit(
                own if parent else name,
                filepath=path,
                code=source(path),
                parent=parent,
                modules_collection=self,
            )
        except (
            SyntaxError,
            UnicodeDecodeError,
            ValueError,
            # What is nested too deep is either to the compiler.
            RecursionError,
            MemoryError,
        ) as error:
            where = path.relative_to(self.top)
            raise Unusable(
                f'{where} is not readable Python: {error}.'
            ) from None


class Tree:
    """A directory with sources.

    :param top: what the paths of places are relative to
    :param source: the directory in it that packages are in; where it has
        none of that name, as in a wheel, they are in ``top``
    """

    def __init__(self, top: pathlib.Path, source: str = '.') -> None:
        self.top = top
        directory = top / source
        self._modules = _Modules(directory if directory.is_dir() else top)

    @property
    def files(self) -> list[pathlib.Path]:
        """The files that were read so far."""
        return self._modules.files

    def find_class(self, spec: str) -> griffe.Class:
        """Return a class.

        :param spec: ``package.module:Class``
        :raises Absent: it is not there
        :raises Unusable: the text names no class
        """
        module, colon, name = spec.partition(':')
        names = [*module.split('.'), *name.split('.')]
        if not (colon and all(each.isidentifier() for each in names)):
            raise Unusable(
                f'"{spec}" is not a class: use package.module:Class.'
            )
        found = self.find(f'{module}.{name}')
        if not isinstance(found, griffe.Class):
            raise Absent(
                f'There is no class {name} in {module} below '
                f'{self._modules.top}. Check the spelling, and that --tree, '
                'or "source" in the settings, is the directory of its package.'
            )
        return found

    def find(self, path: str) -> griffe.Object | None:
        """Return what a dotted path names, None where it is not there."""
        try:
            found = self._modules.get_member(path)
            if found.is_alias:
                found = found.final_target  # type: ignore[attr-defined]
        except (KeyError, AttributeError, griffe.GriffeError):
            return None
        return found

    def classes(
        self, own: griffe.Class, known: tuple[str, ...] = ()
    ) -> tuple[list[griffe.Class], list[model.Unread]]:
        """Return a class and its bases as they are looked up, first wins.

        :param known: bases that need not be read, for they add nothing
        :returns: the classes, and the bases that could not be read
        """
        where = self.location(own)
        try:
            order = [own, *own.mro()]
        except ValueError as error:
            text = f'the order of its bases: {error}'
            return [own], [model.Unread(where, text)]
        there = {each.path for each in order} | {'object', 'abc.ABC', *known}
        missing = []
        for each in order:
            for base in each.bases:
                path = canonical(base)
                target = self.find(path)
                if (target.path if target else path) not in there:
                    text = f'the base class {path}'
                    missing.append(model.Unread(where, text, path))
        return order, missing

    def location(
        self, what: griffe.Object, pattern: str | None = None
    ) -> model.Location:
        """Say where something is defined.

        :param pattern: a regular expression; its first line within it counts
        """
        path = what.filepath
        if isinstance(path, list):
            return model.Location(what.path)
        first, last = what.lineno or 1, what.endlineno or what.lineno or 1
        line = first
        if pattern is None and isinstance(what, griffe.Function):
            pattern = rf'\s*(async\s+)?def\s+{what.name}\b'
        if pattern is not None:
            lines = self._lines(path)[first - 1 : last]
            for number, text in enumerate(lines, first):
                if re.match(pattern, text):
                    line = number
                    break
        return model.Location(path.relative_to(self.top).as_posix(), line)

    @functools.cache  # noqa: B019 (it lives as long as the check)
    def _lines(self, path: pathlib.Path) -> list[str]:
        # Not splitlines: a form feed begins no line.
        return source(path).split('\n')


def source(path: pathlib.Path) -> str:
    """Return a module as Python decodes it: by its mark or coding line.

    :raises SyntaxError: its coding line names none
    :raises UnicodeDecodeError: it is in another encoding
    """
    with tokenize.open(path) as stream:
        return stream.read()


def canonical(expression: griffe.Expr | str) -> str:
    """Return the dotted path that an expression names, imports resolved."""
    if isinstance(expression, str):
        return expression
    return expression.canonical_path


def parse(expression: griffe.Expr | str) -> ast.expr:
    """Return the syntax of an expression."""
    return ast.parse(str(expression), mode='eval').body


def resolve(scope: griffe.Object, node: ast.expr) -> str | None:
    """Return the dotted path that a name or an attribute stands for.

    :param scope: the module or class that it is written in
    :returns: None for any other expression
    """
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.insert(0, node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    try:
        first = scope.resolve(node.id)
    except griffe.NameResolutionError:
        first = node.id
    return '.'.join([first, *names])
