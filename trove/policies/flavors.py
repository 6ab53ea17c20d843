# SPDX-License-Identifier: Apache-2.0
"""Policies for flavors."""

from __future__ import annotations

from oslo_policy import policy

from trove.policies import base

RULES: list[policy.RuleDefault] = [
    base.rule(
        'flavor:index',
        base.ANYBODY,
        'List the flavors.',
        ('GET', '/v1.0/{project_id}/flavors'),
    ),
    base.rule(
        'flavor:show',
        base.ANYBODY,
        'Show a flavor.',
        ('GET', '/v1.0/{project_id}/flavors/{flavor}'),
    ),
]


def list_rules() -> list[policy.RuleDefault]:
    return RULES
