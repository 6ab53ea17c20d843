# SPDX-License-Identifier: Apache-2.0
"""Whose token a released guest agent may get.

Whoever is root in the guest can read it, and use it for whatever its user
may do.
"""

from __future__ import annotations

from trove.common import context as trove_context
from trove.common import exception


def check(context: trove_context.TroveContext, project_id: str) -> None:
    """Check that a released guest of a project may get the token of a user.

    :raises trove.common.exception.NotSupported: it may not, or there is none
    """
    if not context.auth_token:
        reason = 'this token is not kept'
        remedy = 'repeat the request'
    elif context.is_admin:
        reason = 'that of an administrator is not given to a guest'
        remedy = 'have a user of the project, who is no administrator, do it'
    elif context.project_id != project_id:
        reason = 'that of another project is not given to a guest'
        remedy = 'have a user of its project do it'
    else:
        return
    raise exception.NotSupported(
        'The guest agent of the instance is of a release up to 26, which uses '
        f'the object store with the token of the user, and {reason}. Upgrade '
        f'the guest agent, or {remedy}.'
    )
