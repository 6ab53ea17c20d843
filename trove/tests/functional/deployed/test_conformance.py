# SPDX-License-Identifier: Apache-2.0
"""Each request of released clients: its status, and what they read."""

from __future__ import annotations

import datetime
import json
import pathlib
from typing import Any

import requests
import yaml

from trove.tests.functional.deployed import base

_TABLE = pathlib.Path(__file__).with_name('conformance.yaml')

_TYPES = {
    'bool': bool,
    'dict': dict,
    'int': int,
    'list': list,
    'str': str,
    'time': str,
}

_TIME = '%Y-%m-%dT%H:%M:%S'


class Row:
    """One request of the table, with the names that it uses filled in."""

    def __init__(self, said: dict[str, Any], names: dict[str, str]) -> None:
        self.said = said
        self.names = names
        self.verb, self.path = self._filled(said['do']).split(' ', 1)

    def _filled(self, value: Any) -> Any:
        if isinstance(value, str):
            for name, text in self.names.items():
                value = value.replace('{' + name + '}', text)
            return value
        if isinstance(value, list):
            return [self._filled(each) for each in value]
        if isinstance(value, dict):
            return {key: self._filled(each) for key, each in value.items()}
        return value

    def body(self) -> bytes | None:
        """What is sent; a whole instance where only a key differs."""
        said = self.said
        if 'raw' in said:
            text: str = said['raw']
            return text.encode('latin-1' if said.get('latin') else 'utf-8')
        if 'nested' in said:
            return b'{"instance": ' * said['nested']
        if 'instance' in said:
            whole = {'name': 'n', 'flavorRef': '1', 'volume': {'size': 1}}
            send = {'instance': {**whole, **said['instance']}}
        elif 'send' in said:
            send = said['send']
        else:
            return None
        return json.dumps(self._filled(send)).encode()

    def problems(self, response: requests.Response) -> list[str]:
        """What is not as the table says."""
        found = []
        if response.status_code != self.said['status']:
            found.append(f'it is {response.status_code}: {response.text}')
        try:
            answer = response.json() if response.content else {}
        except ValueError:
            return [*found, f'no JSON: {response.text}']
        found += [
            f'{path} is missing or wrong: {response.text}'
            for path in self.said.get('has', ())
            if not _holds(answer, self._filled(path))
        ]
        found += [
            f'{path} is there: {response.text}'
            for path in self.said.get('lacks', ())
            if _at(answer, path) is not _NOTHING
        ]
        for name, path in self.said.get('keep', {}).items():
            self.names[name] = str(_at(answer, path))
        return found


class _Nothing:
    """No value, which is not null."""


_NOTHING = _Nothing()


def _at(answer: Any, path: str) -> Any:
    for key in path.split('.'):
        if isinstance(answer, list) and key.isdigit():
            answer = dict(enumerate(answer)).get(int(key), _NOTHING)
        elif isinstance(answer, dict):
            answer = answer.get(key, _NOTHING)
        else:
            return _NOTHING
    return answer


def _holds(answer: Any, wanted: str) -> bool:
    path, equals, value = wanted.partition('=')
    if equals:
        return str(_at(answer, path)) == value
    path, colon, kind = wanted.partition(':')
    found = _at(answer, path)
    if not colon:
        return found is not _NOTHING
    if kind == 'time':
        try:
            datetime.datetime.strptime(found, _TIME)
        except (TypeError, ValueError):
            return False
        return True
    # A bool is an int to Python, and not to clients.
    if kind == 'int' and isinstance(found, bool):
        return False
    return isinstance(found, _TYPES[kind])


class ConformanceTest(base.DeployedTestCase):
    # It may also be the first that needs the deployment.

    def setUp(self) -> None:
        super().setUp()
        self.load_rules()
        self.instance('second')
        keystone = self.deployment.keystone
        self.users = {
            'member': keystone.member,
            'other': keystone.other,
            'admin': keystone.admin,
        }
        self.tokens = {
            name: keystone.session(user).get_token()
            for name, user in self.users.items()
        }
        self.names = {
            'instance': self.instance().id,
            'type': self.deployment.DATASTORE,
            'number': self.deployment.VERSION,
            'project': keystone.member.project_id,
        }

    def send(self, row: Row) -> requests.Response:
        said = row.said
        user = said.get('as', 'member')
        project = self.names['project']
        if said.get('foreign'):
            project = self.users[user].project_id
        root = '' if said.get('root') else f'/v1.0/{project}'
        headers = {'Content-Type': said.get('type', 'application/json')}
        if user in self.tokens:
            headers['X-Auth-Token'] = self.tokens[user]
        return requests.request(
            row.verb,
            f'{self.deployment.url}{root}{row.path}',
            data=row.body(),
            headers=headers,
            timeout=60,
        )

    def test_the_table(self) -> None:
        found = []
        for said in yaml.safe_load(_TABLE.read_text('utf-8')):
            row = Row(said, self.names)
            problems = row.problems(self.send(row))
            found += [f'{said["do"]} {row.body()!r}: {p}' for p in problems]
            if said.get('wait'):
                self.wait_active(self.names['instance'])

        self.assertEqual([], found, '\n'.join(found))
