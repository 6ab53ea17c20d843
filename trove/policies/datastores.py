# SPDX-License-Identifier: Apache-2.0
"""Policies for datastores."""

from __future__ import annotations

from oslo_policy import policy

from trove.policies import base

RULES: list[policy.RuleDefault] = [
    base.rule(
        'datastore:index',
        base.ANYBODY,
        'List the datastores.',
        ('GET', base.DATASTORES),
    ),
    base.rule(
        'datastore:show',
        base.ANYBODY,
        'Show a datastore.',
        ('GET', f'{base.DATASTORES}/{{datastore}}'),
    ),
    base.rule(
        'datastore:version_index',
        base.ANYBODY,
        'List the versions of a datastore.',
        ('GET', f'{base.DATASTORES}/{{datastore}}/versions'),
    ),
    base.rule(
        'datastore:version_show',
        base.ANYBODY,
        'Show a version of a datastore.',
        ('GET', f'{base.DATASTORES}/{{datastore}}/versions/{{version}}'),
    ),
    base.rule(
        'datastore:version_show_by_uuid',
        base.ANYBODY,
        'Show a version by its ID alone.',
        ('GET', f'{base.DATASTORES}/versions/{{version}}'),
    ),
    base.rule(
        'datastore:list_associated_flavors',
        base.ANYBODY,
        'List the flavors for a version.',
        (
            'GET',
            f'{base.DATASTORES}/{{datastore}}/versions/{{version}}/flavors',
        ),
    ),
    base.rule(
        'datastore:list_associated_volume_types',
        base.ANYBODY,
        'List the volume types for a version.',
        (
            'GET',
            f'{base.DATASTORES}/{{datastore}}/versions/{{version}}'
            '/volume-types',
        ),
    ),
    base.rule(
        'datastore:delete',
        base.ADMIN,
        'Delete a datastore.',
        ('DELETE', f'{base.DATASTORES}/{{datastore}}'),
    ),
]


def list_rules() -> list[policy.RuleDefault]:
    return RULES
