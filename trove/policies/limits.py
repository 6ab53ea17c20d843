# SPDX-License-Identifier: Apache-2.0
"""Policies for the limits of a project."""

from __future__ import annotations

from oslo_policy import policy

from trove.policies import base

RULES: list[policy.RuleDefault] = [
    base.rule(
        'limits:index',
        base.READER,
        'Show the limits of the project.',
        ('GET', '/v1.0/{project_id}/limits'),
    ),
]


def list_rules() -> list[policy.RuleDefault]:
    return RULES
