# SPDX-License-Identifier: Apache-2.0
"""Policies: the rules and their enforcer (oslo.policy).

The rules have the names of released Trove, and its defaults apply with
``[oslo_policy] enforce_new_defaults = false``. Operators change rules in
``policy.yaml`` beside ``trove.conf``; a change takes effect within a second.
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

#: Minimum interval between two checks for changed files, in seconds.
_CHECK_INTERVAL = 1.0


def list_rules() -> list[policy.RuleDefault]:
    """Return all rules, for the sample file and the reference."""
    return list(
        itertools.chain.from_iterable(m.list_rules() for m in _MODULES)
    )


class _Enforcer(policy.Enforcer):
    """Checks for changed files once a second.

    oslo.policy searches all configuration directories at each request, which
    was 10 % of the CPU time of a small request.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf)
        self._next_check = 0.0
        # While a thread reads a file, the defaults are missing in the rules.
        # So only one thread may read at a time.
        self._checking = threading.Lock()

    def load_rules(self, force_reload: bool = False) -> None:
        if not force_reload and time.monotonic() < self._next_check:
            return
        with self._checking:
            now = time.monotonic()
            if force_reload or now >= self._next_check:
                super().load_rules(force_reload)
                self._next_check = now + _CHECK_INTERVAL


class Enforcer:
    """Checks rules of the policy.

    :param conf: with the paths of the operator's rules
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        opts.set_defaults(conf)
        self._enforcer = _Enforcer(conf)
        # The release notes tell operators what enforce_new_defaults = false
        # changes, so a warning per rule adds nothing.
        self._enforcer.suppress_default_change_warnings = True
        self._enforcer.suppress_deprecation_warnings = True
        self._enforcer.register_defaults(list_rules())

    def allows(
        self,
        context: trove_context.TroveContext,
        rule: str,
        target: Mapping[str, Any],
    ) -> bool:
        """Return whether a rule allows the context to access a target.

        :param target: ``{'tenant': <project that owns it>}``
        """
        who = {
            **context.to_policy_values(),
            'is_admin': context.is_admin,
            'tenant': context.project_id,
        }
        # Custom rules may use project_id, as in other services.
        target = {**target, 'project_id': target.get('tenant')}
        return bool(self._enforcer.authorize(rule, target, who))

    def authorize(
        self,
        context: trove_context.TroveContext,
        rule: str,
        target: Mapping[str, Any],
    ) -> None:
        """Check that a rule allows the context to access a target.

        :param target: ``{'tenant': <project that owns it>}``
        :raises Unauthorized: denied, for rules of administrators: released
            Trove answers 401
        :raises Forbidden: denied, for other rules
        """
        if self.allows(context, rule, target):
            return
        if rule.startswith('mgmt:') and rule != 'mgmt:quota:show':
            raise exception.Unauthorized()
        raise exception.Forbidden(action=rule)
