# SPDX-License-Identifier: Apache-2.0
"""``.. command-help:: trove-manage db_sync`` shows what ``--help`` says."""

from __future__ import annotations

from importlib import metadata
import os
import subprocess
import sys
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx


class CommandHelpDirective(Directive):
    """A literal block with the output of a console script of Trove."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        name, *arguments = self.arguments[0].split()
        (script,) = metadata.entry_points(group='console_scripts', name=name)
        code = (
            f'import sys\nfrom {script.module} import {script.attr}\n'
            f'sys.argv[0] = {name!r}\nsys.exit({script.attr}())'
        )
        done = subprocess.run(
            [sys.executable, '-c', code, *arguments, '--help'],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, 'COLUMNS': '79'},
        )
        if done.returncode:
            raise self.error(f'{name} --help failed: {done.stderr}')
        block = nodes.literal_block(done.stdout, done.stdout)
        block['language'] = 'text'
        return [block]


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive('command-help', CommandHelpDirective)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
