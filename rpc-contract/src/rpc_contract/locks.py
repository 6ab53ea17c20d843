# SPDX-License-Identifier: Apache-2.0
"""Frozen contracts: what each released revision of an interface serves.

One file per interface and revision, below the directory of the locks::

    contracts/cellar/1.0-reserve.yaml

It is written once. Its digest tells an edit of it, where there is no git
history that does.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import hashlib
import pathlib
import re
from types import NoneType
from typing import Any

import yaml

from rpc_contract import documents
from rpc_contract import model
from rpc_contract import reading
from rpc_contract import settings
from rpc_contract import versions

FORMAT = 1

_HEAD = """\
# The contract of {interface} {revision}, as released. Never edit this file:
# a change is a new revision, which "rpc-contract freeze" writes down.
"""
_DIGEST = 'digest: sha256:'

_Types = type | tuple[type, ...]
_KEYS: dict[str, _Types] = {
    'interface': str,
    'revision': (str, float),
    'releases': list,
    'topic': (str, NoneType),
    'namespace': (str, NoneType),
    'sealed': bool,
    'methods': dict,
}
_OTHER_KEYS: dict[str, _Types] = {
    'version': (str, NoneType),
    'topic': (str, NoneType),
    'namespace': (str, NoneType),
    'methods': dict,
}
_METHOD_KEYS: dict[str, _Types] = {
    'kind': (str, NoneType),
    'result': (str, NoneType),
}


@dataclasses.dataclass(frozen=True)
class Lock:
    """A frozen contract.

    :param path: of the file
    :param contract: what it says; its history is this revision alone
    :param broken: why it cannot be what was frozen; None where it can
    """

    path: pathlib.Path
    interface: str
    revision: str
    contract: model.Contract
    broken: str | None = None


def path(
    directory: pathlib.Path, interface: str, revision: str
) -> pathlib.Path:
    """Return the file of a revision.

    :raises reading.Unusable: it would be outside the directory
    """
    name = '/'.join(_names(interface, revision))
    if not settings.is_below(directory, name):
        raise reading.Unusable(
            f'The lock of {interface!r} {revision!r} would be outside '
            f'{directory}. Name the interface after its service, and remove '
            'links that lead out of the directory.'
        )
    return directory / name


def _names(interface: str, revision: str) -> tuple[str, str]:
    return interface, f'{revision.replace("/", "-")}.yaml'


def write(contract: model.Contract) -> str:
    """Return the text of the lock of a contract's last revision.

    :param contract: as of that revision, see ``Contract.as_of``
    """
    revision = contract.history[-1]
    head = _HEAD.format(interface=contract.interface, revision=revision.name)
    text = content(contract)
    return f'{head}{text}{_DIGEST}{_digest(text)}\n'


def content(contract: model.Contract) -> str:
    """Return what a lock holds, without its digest; see :func:`write`."""
    revision = contract.history[-1]
    found = {
        'format': FORMAT,
        'interface': contract.interface,
        'revision': revision.name,
        'releases': list(revision.releases),
        'topic': contract.topic,
        'namespace': contract.namespace,
        'sealed': contract.sealed,
        'methods': _write_methods(contract),
    }
    if contract.others:
        found['others'] = [
            {
                'version': other.version,
                'topic': other.topic,
                'namespace': other.namespace,
                'methods': _write_methods(other),
            }
            for other in contract.others
        ]
    return yaml.safe_dump(
        found, sort_keys=False, allow_unicode=True, width=79
    )


def _write_methods(contract: model.Contract) -> dict[str, Any]:
    return {
        name: _write_method(method)
        for name, method in sorted(contract.methods.items())
    }


def _write_method(method: model.Method) -> dict[str, Any]:
    found: dict[str, Any] = {'kind': method.kind}
    if method.sealed:
        found['sealed'] = True
    if method.arguments:
        found['arguments'] = {
            argument.name: _write_argument(argument)
            for argument in method.arguments
        }
    if method.any_fields:
        found['any_fields'] = True
    found['result'] = method.result
    return found


def _write_argument(argument: model.Argument) -> str | None:
    parts = [argument.annotation or '']
    if argument.default is not None:
        parts.append(f'= {argument.default}')
    return ' '.join(filter(None, parts)) or None


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def freeze(
    directory: pathlib.Path, contract: model.Contract, latest: bool
) -> list[pathlib.Path]:
    """Write what is not frozen yet; what is there is left alone.

    The parameters are those of :func:`missing`.

    :returns: the files that were written
    :raises reading.Unusable: as :func:`missing`; nothing is written
    """
    texts = missing(directory, contract, latest)
    for file, text in texts.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        # Never over one that has just been written.
        with file.open('x', encoding='utf-8') as stream:
            stream.write(text)
    return list(texts)


def missing(
    directory: pathlib.Path, contract: model.Contract, latest: bool
) -> dict[pathlib.Path, str]:
    """Return the files that are not there yet, with what belongs there.

    :param contract: with its history; where it has none, its version counts
    :param latest: the latest revision too, for it is released
    :raises reading.Unusable: it has neither a history nor a version, or a
        file would be outside the directory
    """
    latest = latest or not contract.history
    contract = with_history(contract)
    revisions = contract.history if latest else contract.history[:-1]
    names = {
        path(directory, contract.interface, each.name): each.name
        for each in revisions
    }
    return {
        file: write(contract.as_of(name))
        for file, name in names.items()
        if not file.exists()
    }


def with_history(contract: model.Contract) -> model.Contract:
    """Return a contract with its version for a history if it has none.

    :raises reading.Unusable: it has no version either
    """
    if contract.history:
        return contract
    if contract.version is None:
        raise reading.Unusable(
            f'{contract.interface} has no readable version, which names a '
            'frozen contract.'
        )
    revision = model.Revision(contract.version)
    return dataclasses.replace(contract, history=(revision,))


def interfaces(directory: pathlib.Path) -> list[str]:
    """Return the names of the interfaces that have locks."""
    return sorted({each.parent.name for each in directory.glob('*/*.yaml')})


def read_all(directory: pathlib.Path, interface: str) -> list[Lock]:
    """Return the locks of an interface, the oldest version first.

    :raises reading.Unusable: one is outside the directory
    """
    # Of two files of one revision the order is that of their names.
    files = sorted((directory / interface).glob('*.yaml'))
    found = [read(path(directory, interface, each.stem)) for each in files]
    return sorted(
        found,
        key=lambda lock: (
            versions.parse(lock.revision) or (0, 0),
            lock.revision,
        ),
    )


def read(file: pathlib.Path) -> Lock:
    """Read a lock; one that cannot be read says so in ``broken``."""
    interface, revision = file.parent.name, file.stem
    try:
        text = documents.text(file)
        contract = _contract(file, _document(text))
    except (documents.Malformed, ValueError) as error:
        return Lock(
            file,
            interface,
            revision,
            model.Contract(interface),
            f'cannot be read: {error}',
        )
    revision = contract.history[-1].name
    broken = None
    body, _mark, digest = text.rpartition(_DIGEST)
    body = re.sub(r'\A(#.*\n)+', '', body)
    if digest.strip() != _digest(body):
        broken = 'its digest does not match its content'
    elif (file.parent.name, file.name) != _names(contract.interface, revision):
        broken = f'it belongs to {contract.interface} {revision}'
    return Lock(file, contract.interface, revision, contract, broken)


def _document(text: str) -> dict[str, Any]:
    """Return what a lock says, of the form that :func:`content` writes.

    :raises ValueError: it is of another form
    :raises documents.Malformed: it is no YAML
    """
    data = documents.from_yaml(text)
    found: dict[str, Any] = _of_type(data, 'it', dict)
    _has(found, 'it', {'format': int})
    if found['format'] != FORMAT:
        raise ValueError(f'its format is {found["format"]}, not {FORMAT}')
    _has(found, 'it', _KEYS)
    for release in found['releases']:
        _of_type(release, 'a release', str)
    _check_methods(found['methods'])
    for other in _of_type(found.get('others', []), 'others of it', list):
        what = 'one of the others'
        _has(_of_type(other, what, dict), what, _OTHER_KEYS)
        _check_methods(other['methods'])
    return found


def _check_methods(methods: dict[Any, Any]) -> None:
    for name, method in methods.items():
        _of_type(name, 'the name of a method', str)
        _has(_of_type(method, name, dict), name, _METHOD_KEYS)
        arguments = method.get('arguments', {})
        for argument, said in _of_type(
            arguments, f'arguments of {name}', dict
        ).items():
            _of_type(argument, f'the name of an argument of {name}', str)
            _of_type(said, f'{argument} of {name}', (str, NoneType))


def _has(table: dict[str, Any], what: str, keys: Mapping[str, _Types]) -> None:
    for key, types in keys.items():
        if key not in table:
            raise ValueError(f'{what} has no {key!r}')
        _of_type(table[key], f'{key} of {what}', types)


def _of_type(value: Any, what: str, types: _Types) -> Any:
    if not isinstance(value, types):
        raise ValueError(f'{what} is a {type(value).__name__}')
    return value


def _contract(file: pathlib.Path, data: Mapping[str, Any]) -> model.Contract:
    where = model.Location(f'{file.parent.name}/{file.name}', 1)
    revision = model.Revision(
        str(data['revision']), tuple(data['releases']), where
    )
    return model.Contract(
        interface=data['interface'],
        topic=data['topic'],
        namespace=data['namespace'],
        version=revision.version,
        floor=revision.name,
        aliases=dict.fromkeys(revision.releases, revision.name),
        history=(revision,),
        methods=_read_methods(data['methods'], where),
        sealed_since=revision.name if data['sealed'] else None,
        others=tuple(
            model.Contract(
                data['interface'],
                topic=other['topic'],
                namespace=other['namespace'],
                version=other['version'],
                methods=_read_methods(other['methods'], where),
                where=where,
            )
            for other in data.get('others', ())
        ),
        where=where,
    )


def _read_methods(
    data: Mapping[str, Any], where: model.Location
) -> dict[str, model.Method]:
    return {
        name: model.Method(
            name,
            method['kind'],
            arguments=tuple(
                _read_argument(each, text or '')
                for each, text in method.get('arguments', {}).items()
            ),
            any_fields=method.get('any_fields', False),
            result=method['result'],
            sealed=method.get('sealed', False),
            where=where,
        )
        for name, method in data.items()
    }


def _read_argument(name: str, text: str) -> model.Argument:
    annotation, equals, default = f' {text}'.partition(' = ')
    return model.Argument(
        name,
        default if equals else None,
        annotation.strip() or None,
    )
