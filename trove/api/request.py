# SPDX-License-Identifier: Apache-2.0
"""The request, as handlers see it."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import dataclasses
import re
from typing import Any
from urllib import parse

from oslo_utils import strutils

from trove.api import runtime as api_runtime
from trove.cloud import base as cloud_base
from trove.cloud import certificates
from trove.cloud.certificates import base as certificate_base
from trove.common import context as trove_context
from trove.common import exception
from trove.common import names
from trove.guestagent import api as guest_api
from trove.objects.instance import entities
from trove.objects.instance import instances
from trove.objectstore import storage
from trove.taskmanager import api as task_api

_UUID = re.compile(r'[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}')


def is_uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


@dataclasses.dataclass
class Request:
    """A request that passed token, policy and schema.

    :ivar params: the variable parts of the path, decoded
    :ivar query: the value of each query parameter
    :ivar body: the decoded JSON; None when the route takes none
    :ivar base_url: where the API is, without a slash at the end:
        ``https://db.example.org/v1.0``
    :ivar path: the path below ``base_url`` as it was asked, quoted
    :ivar held: closed when the request is answered
    :ivar holds: whether it has a place among those that wait for others
    :ivar asked: the instance whose guest is asked
    """

    context: trove_context.TroveContext
    runtime: api_runtime.Runtime
    rule: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    base_url: str
    path: str
    held: contextlib.ExitStack = dataclasses.field(
        default_factory=contextlib.ExitStack
    )
    holds: bool = False
    asked: str | None = None

    @property
    def cloud(self) -> cloud_base.Cloud:
        """The cloud, which is waited for."""
        self._hold()
        return self.runtime.cloud

    def storage(self, driver: str | None) -> storage.Storage:
        """Return a storage driver for the project, which is waited for.

        :raises ServiceUnavailable: too many requests wait
        """
        self._hold()
        return storage.load(self.runtime.conf, driver, self.project_id)

    def certificates(self) -> certificate_base.Certificates:
        """Return where certificates are, which is waited for.

        :raises ServiceUnavailable: too many requests wait
        """
        self._hold()
        return certificates.load(self.runtime.conf)

    def hold_for_job(self) -> None:
        """Hold a place until the answer, which waits for the end of a job.

        :raises ServiceUnavailable: too many requests wait for jobs
        """
        gate = self.runtime.gate
        self.held.enter_context(gate.place_of_job(self.project_id))

    def taskmanager(self) -> task_api.API:
        """Return the client of the task managers.

        :raises ServiceUnavailable: too many requests wait
        """
        self._hold()
        return self.runtime.taskmanager()

    def guest(self, instance_id: str) -> guest_api.API:
        """Return the client of a guest, whose answers are waited for.

        :raises ServiceUnavailable: it did not answer a moment ago, or too
            many requests wait for it
        """
        self.runtime.check_answers(instance_id)
        self._hold(instance_id)
        self.asked = instance_id
        return self.runtime.guest(instance_id)

    def _hold(self, instance_id: str | None = None) -> None:
        if not self.holds:
            self.holds = True
            self.held.enter_context(
                self.runtime.gate.place(self.project_id, instance_id)
            )

    @property
    def project_id(self) -> str:
        return self.context.project_id or ''

    @property
    def seer(self) -> trove_context.TroveContext:
        """Who looks for what the request names.

        Whom a rule of the management lets in sees all projects.
        """
        if self.rule.startswith('mgmt:') and not self.context.is_admin:
            return trove_context.make_admin_context(
                user_id=self.context.user_id,
                project_id=self.context.project_id,
                request_id=self.context.request_id,
            )
        return self.context

    def allows(self, rule: str, project_id: str) -> bool:
        """Return whether the policy allows ``rule`` in a project."""
        return self.runtime.enforcer.allows(
            self.context, rule, {'tenant': project_id}
        )

    def authorize_any(self, rules: Sequence[str]) -> None:
        """Check that the policy allows one of these in the project.

        :raises Forbidden: it allows none; Unauthorized likewise
        """
        if not any(self.allows(rule, self.project_id) for rule in rules):
            self.authorize(rules[0])

    def authorize(self, rule: str, project_id: str | None = None) -> None:
        """Return when the user may do ``rule`` in a project.

        :raises Forbidden: denied; Unauthorized for administrators' rules
        """
        self.runtime.enforcer.authorize(
            self.context, rule, {'tenant': project_id or self.project_id}
        )

    def instance(
        self, rule: str | None = None, include_deleted: bool = False
    ) -> entities.Instance:
        """Return the instance that the path names.

        :param rule: checked against the project of the instance; the rule
            of the route by default
        :raises InstanceNotFound: there is none, or it is another project's
        """
        instance_id = self.params['instance_id']
        if not is_uuid(instance_id):
            # A name; clients ask for names first and list then.
            raise exception.InstanceNotFound(id=instance_id)
        instance = instances.get(
            self.seer, instance_id, include_deleted=include_deleted
        )
        self.authorize(rule or self.rule, instance.tenant_id)
        return self.judged(instance)

    def judged(
        self, instance: entities.Instance
    ) -> entities.Instance:
        """Return an instance whose guest is silent as one like that."""
        return instance.judged(self.runtime.conf.agent_heartbeat_expiry)

    def flag(self, name: str) -> bool | None:
        """Return a boolean query parameter, None when it is not given.

        :raises BadRequest: it is neither true nor false
        """
        value = self.query.get(name)
        if not value:
            return None
        try:
            return strutils.bool_from_string(value, strict=True)
        except ValueError:
            raise exception.BadRequest(
                f'The parameter "{name}" is {names.show(value)}; it must be '
                'true or false.'
            ) from None

    def link(self, *segments: str) -> str:
        """Return the URL of a resource of this project."""
        return '/'.join(
            (self.base_url, parse.quote(self.project_id, safe=''))
            + tuple(parse.quote(s, safe='') for s in segments)
        )

    def links(self, *segments: str) -> list[dict[str, str]]:
        """Return the links "self" and "bookmark" of a resource."""
        root = self.base_url.rpartition('/')[0]
        bookmark = '/'.join(
            (root, *(parse.quote(s, safe='') for s in segments))
        )
        return [
            {'href': self.link(*segments), 'rel': 'self'},
            {'href': bookmark, 'rel': 'bookmark'},
        ]
