# SPDX-License-Identifier: Apache-2.0
"""Who may do what: the rules and their enforcer (oslo.policy).

Names are those of released Trove, and its defaults come back with
``[oslo_policy] enforce_new_defaults = false``. An operator changes rules in
``policy.yaml`` beside ``trove.conf``; a change is in force within a second.
"""

from __future__ import annotations

from collections.abc import Mapping
import itertools
import threading
import time
from typing import Any

from oslo_config import cfg
from oslo_policy import opts
from oslo_policy import policy

from trove.common import context as trove_context
from trove.common import exception
from trove.policies import backups
from trove.policies import base
from trove.policies import clusters
from trove.policies import configurations
from trove.policies import databases
from trove.policies import datastores
from trove.policies import flavors
from trove.policies import instances
from trove.policies import limits
from trove.policies import mgmt
from trove.policies import modules
from trove.policies import root
from trove.policies import user_access
from trove.policies import users

_MODULES = (
    base,
    instances,
    databases,
    users,
    user_access,
    root,
    datastores,
    flavors,
    limits,
    backups,
    configurations,
    clusters,
    modules,
    mgmt,
)

#: Seconds.
_LOOK_EVERY = 1.0


def list_rules() -> list[policy.RuleDefault]:
    """All rules, for the sample file and the reference."""
    return list(
        itertools.chain.from_iterable(m.list_rules() for m in _MODULES)
    )


class _Enforcer(policy.Enforcer):
    """Looks for changed rules once a second.

    oslo.policy looks for the files in all configuration directories at each
    request, which is a tenth of the processor time of a small one.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf)
        self._next_look = 0.0
        # While one thread reads a file, rules of which it says nothing are
        # missing: those that skip the look must not meet a second reader.
        self._looking = threading.Lock()

    def load_rules(self, force_reload: bool = False) -> None:
        if not force_reload and time.monotonic() < self._next_look:
            return
        with self._looking:
            now = time.monotonic()
            if force_reload or now >= self._next_look:
                super().load_rules(force_reload)
                self._next_look = now + _LOOK_EVERY


class Enforcer:
    """Answers whether somebody may do something.

    :param conf: says where the operator's rules are
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        opts.set_defaults(conf)
        self._enforcer = _Enforcer(conf)
        # Who sets enforce_new_defaults = false has been told in the notes.
        self._enforcer.suppress_default_change_warnings = True
        self._enforcer.suppress_deprecation_warnings = True
        self._enforcer.register_defaults(list_rules())

    def allows(
        self,
        context: trove_context.TroveContext,
        rule: str,
        target: Mapping[str, Any],
    ) -> bool:
        """Say whether ``context`` may do ``rule`` to ``target``.

        :param target: ``{'tenant': <project that owns it>}``
        """
        who = {
            **context.to_policy_values(),
            'is_admin': context.is_admin,
            'tenant': context.project_id,
        }
        # Rules of operators may call the project as other services do.
        target = {**target, 'project_id': target.get('tenant')}
        return bool(self._enforcer.authorize(rule, target, who))

    def authorize(
        self,
        context: trove_context.TroveContext,
        rule: str,
        target: Mapping[str, Any],
    ) -> None:
        """Return when ``context`` may do ``rule`` to ``target``.

        :param target: ``{'tenant': <project that owns it>}``
        :raises Unauthorized: an administrator's request by somebody else,
            which released Trove answers with 401
        :raises Forbidden: every other request that is not allowed
        """
        if self.allows(context, rule, target):
            return
        if rule.startswith('mgmt:') and rule != 'mgmt:quota:show':
            raise exception.Unauthorized()
        raise exception.Forbidden(action=rule)
