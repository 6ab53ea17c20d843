# SPDX-License-Identifier: Apache-2.0
"""All commands of ``openstack database``, as the released client has them."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
from importlib import metadata
import io
import json
import logging
import re
import shlex
from typing import Any
import uuid

import fixtures
from openstackclient import shell

from trove.tests.functional.deployed import base

#: What a refusal is: the status and the text of the answer, in a line.
_REFUSAL = re.compile(r'\(HTTP (4\d\d|501)\)')

#: They tell an error of Trove, or one of their own, without its status.
_OWN_WORDS = ('database log save', 'database log tail')

#: They need what is built elsewhere, and are tested there; here they must
#: work or be refused well.
ELSEWHERE = (
    'database instance promote cli-1',
    'database instance eject cli-1',
    'database instance detach cli-1',
    'database instance upgrade cli-1 {version}',
    'database log list cli-1',
    'database log show cli-1 general',
    'database log set cli-1 general --publish',
    'database log tail cli-1 general',
    'database log save cli-1 general --file {directory}/log',
    'database ssl show cli-1',
    'database ssl enable cli-1 {uuid}',
    'database ssl disable cli-1',
    'database ssl rollback cli-1',
)

#: What this release does not do, and a word of the answer.
REFUSED = {
    'database cluster create c postgresql {version} '
    '--instance flavor=1,volume=1': '501',
    'database cluster show {uuid}': 'No cluster',
    'database cluster list instances {uuid}': 'No cluster',
    'database cluster grow {uuid} --instance flavor=1,volume=1': 'No cluster',
    'database cluster shrink {uuid} {uuid}': 'No cluster',
    'database cluster upgrade {uuid} {version}': 'No cluster',
    'database cluster modules {uuid}': 'No cluster',
    'database cluster reset status {uuid}': 'No cluster',
    'database cluster delete {uuid}': 'No cluster',
    'database cluster force delete {uuid}': 'No cluster',
    # A workflow of Mistral, not of Trove.
    'database backup execution delete {uuid}': '',
}

LOOK = (
    'datastore list',
    'datastore show postgresql',
    'datastore version list postgresql',
    'datastore version show {version} --datastore postgresql',
    'database flavor list',
    'database flavor show 1',
    'database limit list',
    'database cluster list',
    'database instance list',
    'database instance show cli-1',
    'database configuration default cli-1',
    'database configuration parameter list {version} --datastore postgresql',
    'database configuration parameter show {version} work_mem '
    '--datastore postgresql',
)

USE = (
    'database db create cli-1 shop',
    'database db list cli-1',
    'database user create cli-1 clerk secret --databases shop',
    'database user list cli-1',
    'database user show cli-1 clerk',
    'database user show access cli-1 clerk',
    'database user revoke access cli-1 clerk shop',
    'database user grant access cli-1 clerk shop',
    'database user update attributes cli-1 clerk --new_password other',
    'database user delete cli-1 clerk',
    'database db delete cli-1 shop',
    'database root enable cli-1',
    'database root show cli-1',
    'database root disable cli-1',
    'database configuration list',
    'database configuration show {group}',
    'database configuration attach cli-1 {group}',
    'database configuration instances {group}',
    """database configuration parameter set {group} '{{"work_mem": "7MB"}}'""",
    """database configuration set {group} '{{"work_mem": "8MB"}}'""",
    'database configuration detach cli-1',
    'database configuration delete {group}',
    'database backup strategy create --instance-id {instance} '
    '--swift-container mine',
    'database backup strategy list',
    'database backup strategy delete --instance-id {instance}',
)

#: After each of them the instance is ACTIVE again.
CHANGE = (
    'database instance update cli-1 --name cli-1',
    'database instance restart cli-1',
    'database instance resize flavor cli-1 2',
    'database instance resize volume cli-1 2',
)

ADMIN = (
    'database quota show {project}',
    'database quota update {project} instances 20',
    'database instance reboot {instance}',
    'database instance rebuild {instance} {uuid}',
)


class CommandsTest(base.DeployedTestCase):
    """Each command once, mostly in this process: a new one takes seconds."""

    def setUp(self) -> None:
        super().setUp()
        self.load_rules()
        self.said: set[str] = set()
        self.words: dict[str, str] = {
            'version': self.deployment.VERSION,
            'project': self.deployment.keystone.member.project_id,
            'uuid': str(uuid.uuid4()),
            'directory': self.useFixture(fixtures.TempDir()).path,
        }

    def run_command(
        self, line: str, admin: bool = False
    ) -> tuple[int, str, str]:
        """Return the exit status, and what a command says.

        One of an administrator runs in a process of its own, because the
        client logs in only once.
        """
        arguments = shlex.split(line.format(**self.words))
        if admin:
            done = self.run_openstack(*arguments, admin=True)
            self.said.add(line)
            return done.returncode, done.stdout, done.stderr
        keystone = self.deployment.keystone
        environment = keystone.environment(keystone.member)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.ExitStack() as stack:
            for name, value in environment.items():
                stack.enter_context(
                    fixtures.EnvironmentVariable(name, value)
                )
            stack.enter_context(_own_logging())
            stack.enter_context(contextlib.redirect_stdout(out))
            stack.enter_context(contextlib.redirect_stderr(err))
            try:
                status = shell.main(arguments)
            except SystemExit as error:
                status = int(error.code or 0)
        self.said.add(line)
        self.assertNotIn('Traceback', err.getvalue(), line)
        return status, out.getvalue(), err.getvalue()

    def works(self, line: str, admin: bool = False) -> str:
        status, out, err = self.run_command(line, admin)
        self.assertEqual(0, status, f'{line}: {out}{err}')
        return out

    def reads(self, line: str, admin: bool = False) -> Any:
        return json.loads(self.works(f'{line} -f json', admin))

    def active(self) -> None:
        self.wait_active(self.words['instance'])

    def test_all(self) -> None:
        self.given_an_instance_and_a_group()
        for line in LOOK + USE:
            self.works(line)
        for line in CHANGE:
            self.works(line)
            self.active()
        self.when_backed_up()
        for line in ADMIN:
            self.works(line, admin=True)
            self.active()
        self.when_refused()
        self.when_versions_are_managed()
        self.when_deleted()
        self.then_none_is_left_out()

    def given_an_instance_and_a_group(self) -> None:
        made = self.reads(
            'database instance create cli-1 --flavor 1 --size 1 '
            '--datastore postgresql --datastore-version {version} '
            '--databases first --users first:secret'
        )
        self.words['instance'] = made['id']
        self.addCleanup(self.delete, made['id'])
        group = self.reads(
            """database configuration create mine '{{"work_mem": "6MB"}}' """
            '--datastore postgresql --datastore-version {version}'
        )
        self.words['group'] = group['id']
        self.active()

    def when_backed_up(self) -> None:
        made = self.reads(
            'database backup create saved --instance {instance}'
        )
        self.words['backup'] = made['id']
        self.eventually(
            lambda: self.member.backups.get(made['id']).status == 'COMPLETED',
            'the backup is complete',
        )
        for line in (
            'database backup list',
            'database backup list instance cli-1',
            'database backup show {backup}',
            'database backup delete {backup}',
        ):
            self.works(line)
        self.active()

    def when_refused(self) -> None:
        for line in ELSEWHERE:
            status, _, err = self.run_command(line)
            if status and not line.startswith(_OWN_WORDS):
                self.assertRegex(err, _REFUSAL, line)
            self.active()
        for line, word in REFUSED.items():
            status, _, err = self.run_command(line)
            self.assertNotEqual(0, status, line)
            self.assertIn(word, err, line)

    def when_versions_are_managed(self) -> None:
        self.works(
            'datastore version create cli-v cli-ds postgresql {uuid} '
            '--active --version-number 18.1',
            admin=True,
        )
        (made,) = self.reads('datastore version list cli-ds', admin=True)
        self.words['made'] = made['ID']
        for line in (
            'datastore version set {made} --disable',
            'datastore version delete {made}',
            'datastore delete cli-ds',
        ):
            self.works(line, admin=True)

    def when_deleted(self) -> None:
        self.works('database instance reset status {instance}', admin=True)
        self.wait_error(self.words['instance'])
        self.works('database instance delete cli-1')
        self.eventually(
            lambda: self.is_gone(self.words['instance']), 'it is gone'
        )
        forced = self.create('cli-2')
        self.works(f'database instance force delete {forced.id}', admin=True)
        self.eventually(lambda: self.is_gone(forced.id), 'it is gone')

    def then_none_is_left_out(self) -> None:
        known = metadata.entry_points(group='openstack.database.v1')
        names = {each.name.replace('_', ' ') for each in known}
        self.assertEqual(84, len(names))
        left = {
            name
            for name in names
            if not any(f'{line} '.startswith(f'{name} ') for line in self.said)
        }
        self.assertEqual(set(), left)


@contextlib.contextmanager
def _own_logging() -> Iterator[None]:
    """Undo what the command does to logging."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
