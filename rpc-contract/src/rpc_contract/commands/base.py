# SPDX-License-Identifier: Apache-2.0
"""What the commands have in common."""

from __future__ import annotations

import abc
import argparse
from collections.abc import Iterator
import pathlib
from typing import TextIO

from rpc_contract import checks
from rpc_contract import projects
from rpc_contract import reading

#: What a command ends with besides 0.
FOUND = 1


class Command(abc.ABC):
    """What a command takes and does; its docstring is its help."""

    @abc.abstractmethod
    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Say what it takes."""

    @abc.abstractmethod
    def run(self, given: argparse.Namespace, stdout: TextIO) -> int:
        """Do it.

        :param given: what the command line says
        :returns: the exit status
        :raises reading.Unusable: nothing can be said
        :raises OSError: a file cannot be read, or written
        """


class TreeCommand(Command):
    """A command about the interfaces of a tree."""

    def configure(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            'interface',
            nargs='*',
            help='Interfaces to check, of those in the pyproject.toml of the '
            'tree (default: all); with --client or --endpoint, the name of '
            'the interface.',
        )
        parser.add_argument(
            '--tree',
            default='.',
            metavar='PATH',
            help='The directory of the packages (default: the current one).',
        )
        parser.add_argument(
            '--client',
            metavar='MODULE:CLASS',
            help='The client class, of an interface that pyproject.toml does '
            'not name; its other settings apply.',
        )
        parser.add_argument(
            '--endpoint',
            action='append',
            metavar='MODULE:CLASS',
            help='The endpoint class; may be repeated, in the order of the '
            'server.',
        )
        parser.add_argument(
            '--allow-unread',
            action='store_true',
            help='With --client or --endpoint: accept that parts of a class, '
            'or all of it, cannot be read.',
        )
        parser.add_argument(
            '--allow-unread-of',
            action='append',
            default=[],
            metavar='METHOD',
            help='The same for one method, or for a symbol of a report (may '
            'be repeated).',
        )

    def project(
        self, given: argparse.Namespace
    ) -> tuple[pathlib.Path, projects.Project]:
        """Return the tree, and what of it the command is about.

        :raises reading.Unusable: that is not there
        """
        top = pathlib.Path(given.tree).resolve()
        if not top.is_dir():
            raise reading.Unusable(f'{top} is not a directory.')
        names = list(given.interface)
        endpoint = tuple(given.endpoint or ())
        spec = given.client or next(iter(endpoint), None)
        if spec is not None:
            if len(names) > 1:
                raise reading.Unusable(
                    f'{", ".join(names)}: --client and --endpoint apply to '
                    'one interface only.'
                )
            subject = projects.Subject(
                names[0] if names else _name(spec),
                given.client,
                endpoint or None,
                given.allow_unread
                or frozenset(given.allow_unread_of),
            )
            return top, projects.of(top, subject)
        if given.allow_unread or given.allow_unread_of:
            raise reading.Unusable(
                '--allow-unread requires --client or --endpoint; set '
                f'allow-unread of interfaces in {projects.FILE} there.'
            )
        return top, projects.read(top).only(names)


def _name(spec: str) -> str:
    # Of package.service.module:Class the service.
    return spec.partition(':')[0].split('.')[-2:][0]


def sides(
    top: pathlib.Path, project: projects.Project
) -> Iterator[checks.Sides]:
    """Read the interfaces of a project."""
    tree = reading.Tree(top, project.source)
    for subject in project.subjects:
        yield checks.read(tree, subject)
