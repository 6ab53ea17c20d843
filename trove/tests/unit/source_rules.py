# SPDX-License-Identifier: Apache-2.0
"""How the source of a module is measured, and what is not written there."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def own_lines(node: ast.FunctionDef) -> int:
    """Count the lines of the body, without the docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    if not body:
        return 0
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def unpacked(source: str) -> Iterator[int]:
    """Return the lines where a literal is unpacked into a call."""
    for node in ast.walk(ast.parse(source)):
        for argument in node.args if isinstance(node, ast.Call) else ():
            if isinstance(argument, ast.Starred) and isinstance(
                argument.value, ast.Tuple | ast.List
            ):
                yield argument.lineno


def idle_texts(source: str) -> Iterator[int]:
    """Return the lines of texts that are statements, and no docstrings."""
    documented = ast.Module | ast.ClassDef | ast.FunctionDef
    for node in ast.walk(ast.parse(source)):
        for field in ('body', 'orelse', 'finalbody'):
            block = getattr(node, field, None)
            if not isinstance(block, list):
                continue
            first = field == 'body' and isinstance(
                node, documented | ast.AsyncFunctionDef
            )
            for line in block[1 if first else 0 :]:
                if isinstance(line, ast.Expr) and isinstance(
                    line.value, ast.Constant
                ):
                    if isinstance(line.value.value, str):
                        yield line.lineno
