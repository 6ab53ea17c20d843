# SPDX-License-Identifier: Apache-2.0
"""Classes that a project sends with, instead of with a client of its own.

Where such a one is made is found while it runs, so a project names them; what
their methods do with their arguments is read.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses

import griffe

from rpc_contract import model
from rpc_contract import reading
from rpc_contract.idioms import _source
from rpc_contract.idioms import _values


@dataclasses.dataclass(frozen=True)
class Wrapped:
    """A method that sends what it is given.

    :param parameters: in their order, without ``self``
    :param method: the one with the name of what is sent
    """

    kind: model.Kind
    parameters: tuple[str, ...]
    method: str


def read(
    tree: reading.Tree, specs: Sequence[str]
) -> Mapping[str, Wrapped]:
    """Return the methods that send, by name.

    :param specs: each ``package.module:Class``
    :raises reading.Unusable: one is not there, or nothing of it sends
    """
    found: dict[str, Wrapped] = {}
    for spec in specs:
        own = dict(_of(tree, tree.find_class(spec)))
        if not own:
            raise reading.Unusable(
                f'{spec} is named in "senders", and no method of it passes '
                'a context, a method and **arguments on to call or cast.'
            )
        found |= own
    return found


def _of(
    tree: reading.Tree, own: griffe.Class
) -> Iterator[tuple[str, Wrapped]]:
    source = _source.Source(tree, own)
    for method in source.methods():
        function = source.function(method)
        if function is None or function.node.args.kwarg is None:
            continue
        spec = function.node.args
        names = [each.arg for each in (*spec.posonlyargs, *spec.args)][1:]
        passed = ast.Name(spec.kwarg.arg) if spec.kwarg else None
        for node in ast.walk(function.node):
            match node:
                case ast.Call(
                    ast.Attribute(attr=kind),
                    [_, ast.Name(name)],
                    [ast.keyword(None, ast.Name(rest))],
                ) if kind in _values.KINDS and name in names:
                    if passed is not None and rest == passed.id:
                        named = [each.arg for each in spec.kwonlyargs]
                        yield (
                            method.name,
                            Wrapped(
                                _values.KINDS[kind],
                                (*names, *named),
                                name,
                            ),
                        )
