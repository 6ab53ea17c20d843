# SPDX-License-Identifier: Apache-2.0
"""How the source of a module is measured, and what is not written there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
import dataclasses
import functools


@dataclasses.dataclass(frozen=True)
class Facts:
    """What the rules need to know of a source, which is parsed once.

    :param functions: name, line and lines of the body of each
    :param unpacked: the lines where a literal is unpacked into a call
    :param idle_texts: the lines of texts that are statements, and no
        docstrings
    """

    functions: tuple[tuple[str, int, int], ...]
    unpacked: tuple[int, ...]
    idle_texts: tuple[int, ...]


@functools.cache
def read(source: str) -> Facts:
    """Return the facts of a source."""
    nodes = list(ast.walk(ast.parse(source)))
    return Facts(
        tuple(
            (node.name, node.lineno, _own_lines(node))
            for node in nodes
            if isinstance(node, ast.FunctionDef)
        ),
        tuple(line for node in nodes for line in _unpacked(node)),
        tuple(line for node in nodes for line in _idle_texts(node)),
    )


def _own_lines(node: ast.FunctionDef) -> int:
    """Count the lines of the body, without the docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    if not body:
        return 0
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def _unpacked(node: ast.AST) -> Iterator[int]:
    for argument in node.args if isinstance(node, ast.Call) else ():
        if isinstance(argument, ast.Starred) and isinstance(
            argument.value, ast.Tuple | ast.List
        ):
            yield argument.lineno


_DOCUMENTED = (
    ast.Module,
    ast.ClassDef,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
)


def _idle_texts(node: ast.AST) -> Iterator[int]:
    for field in ('body', 'orelse', 'finalbody'):
        block = getattr(node, field, None)
        if not isinstance(block, list):
            continue
        first = field == 'body' and isinstance(node, _DOCUMENTED)
        for line in block[1 if first else 0 :]:
            if isinstance(line, ast.Expr) and isinstance(
                line.value, ast.Constant
            ):
                if isinstance(line.value.value, str):
                    yield line.lineno
