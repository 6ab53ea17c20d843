# SPDX-License-Identifier: Apache-2.0
"""Policies for the root user of an instance."""

from __future__ import annotations

from oslo_policy import policy

from trove.policies import base

RULES: list[policy.RuleDefault] = [
    base.rule(
        'instance:extension:root:create',
        base.MEMBER,
        'Enable the root user.',
        ('POST', f'{base.INSTANCE}/root'),
    ),
    base.rule(
        'instance:extension:root:delete',
        base.MEMBER,
        'Disable the root user.',
        ('DELETE', f'{base.INSTANCE}/root'),
    ),
    base.rule(
        'instance:extension:root:index',
        base.READER,
        'Show whether the root user was ever enabled.',
        ('GET', f'{base.INSTANCE}/root'),
    ),
]


def list_rules() -> list[policy.RuleDefault]:
    return RULES
