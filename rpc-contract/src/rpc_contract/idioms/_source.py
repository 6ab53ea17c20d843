# SPDX-License-Identifier: Apache-2.0
"""The sources of a tree, as the reader of a client walks through them."""

from __future__ import annotations

import ast
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import functools
import pathlib

import griffe

from rpc_contract import model
from rpc_contract import reading
from rpc_contract import versions
from rpc_contract.idioms import _values

#: Bases of libraries, which have nothing to call or to send in them.
_LIBRARIES = ('oslo_', 'abc.', 'builtins.', 'typing.', 'collections.')

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclasses.dataclass(frozen=True)
class Frame:
    """A call of a function on the way.

    :param scope: what names are looked up in
    :param owner: the class that the function is a method of, by its path
    :param calls: the functions that are being run, the innermost last
    :param site: where the outermost of them is left, None in that itself
    """

    scope: griffe.Object
    owner: str = ''
    closure: Mapping[str, _values.Value] = dataclasses.field(
        default_factory=dict
    )
    calls: tuple[str, ...] = ()
    site: ast.Call | None = None


class Source:
    """The class of a client, its bases, and what they name.

    :param tree: what it is in
    :param own: the class
    :param senders: names of methods of other classes that send
    :ivar classes: it and its bases, as attributes are looked up
    :ivar missing: bases that are not in the tree
    """

    def __init__(
        self,
        tree: reading.Tree,
        own: griffe.Class,
        senders: Collection[str] = (),
    ) -> None:
        self.tree = tree
        self.own = own
        self.senders = senders
        self.classes, self.missing = tree.classes(own)

    def member(
        self, name: str, after: str = ''
    ) -> griffe.Object | griffe.Alias | None:
        """Look up an attribute of the class, behind ``after`` if given."""
        paths = [each.path for each in self.classes]
        start = paths.index(after) + 1 if after in paths else 0
        for each in self.classes[start:]:
            if name in each.members:
                return each.members[name]
        return None

    @property
    def unknown_bases(self) -> list[model.Unread]:
        """The bases that are not in the tree, nor in a library."""
        return [
            each
            for each in self.missing
            if not each.symbol.startswith(_LIBRARIES)
        ]

    def methods(self) -> Iterator[griffe.Function]:
        """Return every method once, the one that counts."""
        seen: set[str] = set()
        for each in self.classes:
            for name, member in each.members.items():
                if name not in seen and isinstance(member, griffe.Function):
                    yield member
                seen.add(name)

    def properties(self) -> Iterator[griffe.Function | griffe.Attribute]:
        """Return what is run where an attribute is read, set or deleted."""
        for name in dict.fromkeys(n for c in self.classes for n in c.members):
            found = self.member(name)
            if (
                isinstance(found, griffe.Attribute)
                and 'property' in found.labels
            ):
                yield found
                yield from filter(None, (found.setter, found.deleter))

    def function(
        self, found: griffe.Function | griffe.Attribute
    ) -> _values.Function | None:
        """Return a function that can be run, None where it has no source."""
        path = found.filepath
        if not isinstance(path, pathlib.Path) or found.endlineno is None:
            return None
        functions = _functions(reading.source(path))
        node = functions.get((found.name, found.endlineno))
        scope = found.parent
        if node is None or not isinstance(scope, griffe.Object):
            return None
        return _values.Function(node, scope)

    def definition(self, found: griffe.Class) -> ast.AST:
        """Return a class as it is written; empty where it has no source."""
        path = found.filepath
        if isinstance(path, pathlib.Path):
            for node in ast.walk(_module(reading.source(path))):
                if (
                    isinstance(node, ast.ClassDef)
                    and node.name == found.name
                    and node.end_lineno == found.endlineno
                ):
                    return node
        return ast.Module([], [])

    def bound(self, found: griffe.Class) -> dict[str, ast.AST | None]:
        """Return what the names in a class stand for in the end.

        They may be given others, or be deleted, in the class and behind it.

        :returns: the definition or the value of each; None: it was deleted
        """
        names: dict[str, ast.AST | None] = {}
        definition = self.definition(found)
        for node in getattr(definition, 'body', ()):
            match node:
                case ast.FunctionDef(name) | ast.AsyncFunctionDef(name):
                    names[name] = node
                case ast.Assign([ast.Name(name)], value):
                    names[name] = value
                case ast.Delete(targets):
                    for target in targets:
                        if isinstance(target, ast.Name):
                            names[target.id] = None
        path = found.filepath
        if isinstance(path, pathlib.Path):
            for node in _module(reading.source(path)).body:
                names |= _bound_behind(node, found.name)
        return names

    def caps(self) -> frozenset[_values.Version]:
        """Return the caps that the client may tell apart.

        They are the versions that its sources mention, and the first of
        each major version.
        """
        texts = {
            node.value
            for each in self.classes
            if isinstance(each.filepath, pathlib.Path)
            for node in ast.walk(_module(reading.source(each.filepath)))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        found = versions.all_of(text for text in texts if '/' not in text)
        return frozenset((*found, *((major, 0) for major, _minor in found)))

    def sending(
        self, function: _values.Function
    ) -> Iterator[tuple[int, ast.Attribute]]:
        """Find what looks like sending in a function, with its line."""
        for node in ast.walk(function.node):
            if (
                isinstance(node, ast.Attribute)
                and node.attr in (*_values.KINDS, *self.senders)
                and _values.PLAUSIBLE.search(ast.unparse(node.value))
            ):
                yield node.lineno, node

    def line(self, frame: Frame, node: ast.AST) -> int:
        """Say in which line of the client a message is sent."""
        return getattr(frame.site or node, 'lineno', 0)


# By their texts: each method of an interface is read with a Source of its own,
# and most are written in the same few modules.
@functools.lru_cache(maxsize=64)
def _module(text: str) -> ast.Module:
    return ast.parse(text)


@functools.lru_cache(maxsize=64)
def _functions(text: str) -> dict[tuple[str, int], FunctionNode]:
    return {
        (node.name, node.end_lineno or 0): node
        for node in ast.walk(_module(text))
        if isinstance(node, FunctionNode)
    }


def _bound_behind(node: ast.stmt, owner: str) -> dict[str, ast.AST | None]:
    """Return what a statement of a module does to a class that it has."""
    value: ast.AST | None = None
    match node:
        case ast.Assign([ast.Attribute(ast.Name(name), attribute)], given):
            value = given
        case ast.Delete([ast.Attribute(ast.Name(name), attribute)]):
            pass
        case ast.Expr(
            ast.Call(
                ast.Name('setattr' | 'delattr'),
                [ast.Name(name), ast.Constant(str(attribute)), *rest],
            )
        ):
            value = next(iter(rest), None)
        case _:
            return {}
    return {attribute: value} if name == owner else {}


def is_static(node: FunctionNode) -> bool:
    return any(
        isinstance(each, ast.Name) and each.id == 'staticmethod'
        for each in node.decorator_list
    )


def is_of_objects(member: griffe.Object) -> bool:
    """Whether a class has an attribute only in its objects."""
    return 'instance-attribute' in member.labels and (
        'class-attribute' not in member.labels
    )
