# SPDX-License-Identifier: Apache-2.0
"""Change how connections to an instance and its replicas are encrypted.

Either all of them have the new certificate in the end, or all have the former
one. An order that was not answered is given again before it is undone: its
guest may carry it out late, and one by one with others.
"""

from __future__ import annotations

import datetime
import logging
from typing import Any
from typing import Final

from cryptography import x509

from trove.common import exception
from trove.guestagent import api as guest_api
from trove.objects.instance import encryption
from trove.objects.instance import states
from trove.objects.instance import tasks
from trove.objects.keys import workflow_secrets
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import regroup

LOG = logging.getLogger(__name__)

#: What is compared of the answers of guests.
Shown = dict[str, Any]

#: Characters of a certificate with those between it and its authority.
_MOST: Final = 65_536

_UNCHANGED = 'All have the encryption of before.'


class ChangeEncryption(regroup.Regroup):
    """Changes the encryption; ``wanted`` of the job says how."""

    action = encryption.ACTION

    #: Whether a member may have another certificate than the others.
    _differs = False

    def steps(self) -> list[base.Step]:
        return [
            base.Step(
                'look at the encryption of all members',
                do=self._look,
                remedy=f'{_UNCHANGED} Repeat the request when the guest '
                'agents of all members answer.',
            ),
            base.Step(
                'change the encryption',
                do=self._change,
                undo=self._restore,
                # What a guest refuses is refused again: it says what helps.
                remedy=_UNCHANGED,
            ),
            base.Step(
                'record the encryption',
                do=self._record,
                remedy=f'{_UNCHANGED} Repeat the request.',
            ),
        ]

    def finish(self) -> bool:
        columns = {}
        if self.job.get('restart'):
            task = states.Task.RESTART_REQUIRED
            columns = {'task_id': task.code, 'task_description': task.text}
        return self.env.database(
            tasks.end_task, self.instance_id, self.owner, **columns
        )

    def fail(self, step: base.Step, message: str, details: str) -> bool:
        if self._differs:
            return super().fail(step, message, details)
        return self.end_unchanged(message, details)

    @property
    def _wanted(self) -> dict[str, Any]:
        found: dict[str, Any] = self.job['wanted']
        return found

    def _look(self) -> None:
        """Note what each member has, and see that all answer."""
        found = {each: self._shown(each) for each in sorted(self.members)}
        if 'former' not in self.job:
            self.remember(former=found)

    def _shown(self, instance_id: str) -> Shown:
        client = self.guest(instance_id=instance_id)
        said = client.ssl_show(self.context)
        try:
            certificate = said.get('certificate') or {}
            return {
                'mode': said.get('mode'),
                'certificate': certificate.get('payload'),
            }
        except AttributeError:
            raise base.StepFailed(
                reason=f'the guest agent of instance {instance_id} does not '
                'describe its encryption'
            ) from None

    def _change(self) -> None:
        wanted = self._wanted
        if wanted['action'] == 'rollback':
            self._roll_back()
            return
        container = self._container()
        others = sorted(self.members - {self.instance_id})
        for each in (self.instance_id, *others):
            self.remember(asked=each)
            self._set(each, wanted['mode'], container)
        self.remember(asked=None)

    def _container(self) -> dict[str, Any] | None:
        if self._wanted['action'] != 'enable':
            return None
        secrets = workflow_secrets.unseal(
            self.conf, self.instance_id, self.job
        )
        if not secrets:
            raise base.StepFailed(
                reason='the certificate of the request cannot be unsealed: '
                'inst_rpc_key_encr_key of this task manager is not that of '
                'the API'
            )
        found: dict[str, Any] = secrets['container']
        return found

    def _set(
        self,
        instance_id: str,
        mode: str | None,
        container: dict[str, Any] | None,
    ) -> None:
        def order(guest: guest_api.API) -> None:
            said = guest.ssl_action(
                self.context,
                mode=mode,
                container=container,  # type: ignore[arg-type]
                enable=container is not None,
                disable=container is None,
            )
            self._note(instance_id, said)

        self.give(instance_id, order)

    def _note(self, instance_id: str, said: Any) -> None:
        """Note that a guest works so after a restart only."""
        if not isinstance(said, dict) or not said.get('restart_required'):
            return
        if instance_id == self.instance_id:
            self.remember(restart=True)

    def _roll_back(self) -> None:
        """Roll the instance back, and have its replicas follow that."""
        if self._shown(self.instance_id) == self.job['former'][
            self.instance_id
        ]:
            self.give(
                self.instance_id,
                lambda guest: self._note(
                    self.instance_id, guest.ssl_rollback(self.context)
                ),
            )
        others = sorted(self.members - {self.instance_id})
        if not others:
            return
        has = self.context_of(self.instance_id)
        for each in others:
            self._set(each, has.get('ssl_mode'), has.get('cert_container'))

    def _restore(self) -> None:
        """Have all members go back that were changed.

        A rollback is not undone: the guest has nothing to go back to. Then
        members that differ are told so.
        """
        job = self.job
        self._differs = True
        for each, former in job.get('former', {}).items():
            if each == job.get('asked'):
                self._settle(each)
            if self._shown(each) == former:
                continue
            if job['wanted']['action'] == 'rollback':
                raise base.StepFailed(
                    reason='a rollback cannot be undone. Enable the '
                    'encryption with the certificate that all are to have'
                )
            self.give(
                each, lambda guest: guest.ssl_rollback(self.context)
            )
            if self._shown(each) != former:
                raise base.StepFailed(
                    reason=f'instance {each} has another certificate than '
                    'before'
                )
        self._differs = False

    def _settle(self, instance_id: str) -> None:
        """See that an order is done or refused, and not done later."""
        try:
            self._set(instance_id, self._wanted['mode'], self._container())
        except exception.PeerTimeout:
            raise
        except exception.TroveError as error:
            LOG.debug('Instance %s refuses it: %s', instance_id, error)

    def _record(self) -> None:
        wanted = self._wanted
        mode, reference = wanted['mode'], wanted['reference']
        certificate = (self._container() or {}).get('certificate')
        if wanted['action'] == 'rollback':
            shown = self._shown(self.instance_id)
            mode = encryption.known(shown['mode'])
            # Nobody verifies one that the server made itself.
            certificate = shown['certificate'] if mode else None
        expires = _expiry(certificate)
        for each in sorted(self.members):
            self.check_owner()
            self.env.database(
                encryption.record, each, mode, reference, expires
            )


def _expiry(certificate: Any) -> datetime.datetime | None:
    """Return when a certificate expires, None if it cannot be read.

    :param certificate: a guest may say anything
    """
    if not isinstance(certificate, str) or len(certificate) > _MOST:
        return None
    try:
        found = x509.load_pem_x509_certificate(certificate.encode())
    except ValueError:
        return None
    return found.not_valid_after_utc.replace(tzinfo=None)
