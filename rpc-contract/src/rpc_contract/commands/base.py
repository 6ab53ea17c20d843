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

#: What another state of a tree is given as.
STATE = 'PATH|GITREV|PACKAGE'
STATES = 'a directory, a revision of its git repository, a wheel or an sdist'


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
            help=f'Which of the interfaces that the {projects.FILE} of the '
            'tree names (default: all); with --client or --endpoint, the '
            'name of that interface.',
        )
        parser.add_argument(
            '--tree',
            default='.',
            metavar='PATH',
            help=f'The directory of {projects.FILE} (default: the current '
            'one).',
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
            help='With --client or --endpoint: accept that parts of the '
            'classes, or all of them, cannot be read.',
        )
        parser.add_argument(
            '--allow-unread-of',
            action='append',
            default=[],
            metavar='METHOD',
            help='With --client or --endpoint: accept that parts of this '
            'method, or what a report calls so, cannot be read (may be '
            'repeated).',
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
            option = f'--allow-unread{"" if given.allow_unread else "-of"}'
            raise reading.Unusable(
                f'{option} requires --client or --endpoint. For an interface '
                f'that {projects.FILE} names, set "allow-unread" there.'
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
