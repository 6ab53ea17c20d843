# SPDX-License-Identifier: Apache-2.0
"""Certificates in Barbican, read with the token of the user."""

from __future__ import annotations

import re
from typing import Any
from typing import Final

import requests

from trove.cloud.certificates import base
from trove.common import context as trove_context
from trove.common import exception

_SECRET = re.compile(r'(?:https?://[^/?#]+.*/secrets/)?([0-9a-f-]{36})/?')

#: Barbican answers 406 unless it is asked for just the type of a secret.
_TYPES: Final = ('application/octet-stream', 'text/plain')

#: The version that has consumers of secrets.
_MICROVERSION: Final = {'OpenStack-API-Version': 'key-manager 1.1'}


class Barbican(base.Certificates):
    """References are those of secrets.

    The token is sent to no other address than that of the options or of the
    service catalog, whatever a reference says.
    """

    def read(
        self, context: trove_context.TroveContext, reference: str, name: str
    ) -> bytes:
        secret = self._secret(reference, name)
        for kind in _TYPES:
            status, data = self._request(
                context,
                'GET',
                f'{secret}/payload',
                f'the secret of {name}',
                headers={'Accept': kind},
            )
            if status != 406:
                break
        self._check(status, name)
        if len(data) > base.MOST:
            raise exception.BadRequest(
                f'{name} names a secret of more than {base.MOST} bytes. Name '
                'a PKCS#12 archive, or its password.'
            )
        return data

    def register(
        self,
        context: trove_context.TroveContext,
        reference: str,
        instance_id: str,
    ) -> None:
        self._consume(context, 'POST', reference, instance_id, 200, 201)

    def release(
        self,
        context: trove_context.TroveContext,
        reference: str,
        instance_id: str,
    ) -> None:
        self._consume(context, 'DELETE', reference, instance_id, 200, 204, 404)

    def _consume(
        self,
        context: trove_context.TroveContext,
        method: str,
        reference: str,
        instance_id: str,
        *expected: int,
    ) -> None:
        status, _ = self._request(
            context,
            method,
            f'{self._secret(reference, "The reference")}/consumers',
            'a consumer',
            headers=_MICROVERSION,
            json={
                'service': 'database',
                'resource_type': 'instance',
                'resource_id': instance_id,
            },
        )
        if status not in expected:
            raise exception.Forbidden(
                f'Barbican answered {status}: consumers of a secret are for '
                'members of its project.'
            )

    def _secret(self, reference: str, name: str) -> str:
        found = _SECRET.fullmatch(reference)
        if found is None:
            raise exception.BadRequest(
                f'{name} is not the reference of a secret in Barbican, such '
                'as https://barbican.example.org/v1/secrets/UUID.'
            )
        return found.group(1)

    def _request(
        self,
        context: trove_context.TroveContext,
        method: str,
        path: str,
        what: str,
        headers: dict[str, str],
        json: Any = None,
    ) -> tuple[int, bytes]:
        """Return the status, and what fits of the body.

        :param path: below that of all secrets
        """
        if not context.auth_token:
            raise exception.BadRequest(
                f'Barbican cannot be asked for {what}, as the request has no '
                'token. Use auth_strategy = keystone, or the driver '
                '"directory" of [certificates].'
            )
        try:
            with requests.request(
                method,
                f'{self._url(context)}/v1/secrets/{path}',
                headers={'X-Auth-Token': context.auth_token, **headers},
                json=json,
                timeout=self._conf.certificates.timeout,
                verify=self._conf.certificates.cafile or True,
                allow_redirects=False,
                stream=True,
            ) as answer:
                data: bytes = answer.raw.read(
                    base.MOST + 1, decode_content=True
                )
                return answer.status_code, data
        except (requests.RequestException, OSError) as error:
            raise exception.ServiceUnavailable(
                f'Barbican did not answer for {what} '
                f'({type(error).__name__}). Repeat the request later.'
            ) from None

    def _check(self, status: int, name: str) -> None:
        if status == 200:
            return
        if status in (401, 403):
            raise exception.Forbidden(
                f'Barbican does not let you read the secret of {name} '
                f'({status}). Ask its owner for access.'
            )
        if status in (404, 406):
            raise exception.BadRequest(
                f'{name} names no secret in Barbican that has a payload '
                f'({status}). Store one, and name it.'
            )
        raise exception.ServiceUnavailable(
            f'Barbican answered {status} for the secret of {name}. Repeat '
            'the request later.'
        )

    def _url(self, context: trove_context.TroveContext) -> str:
        url = self._conf.certificates.barbican_url
        for service in context.service_catalog:
            if url or service.get('type') != 'key-manager':
                continue
            for endpoint in service.get('endpoints', ()):
                region = self._conf.os_region_name or endpoint.get('region')
                if endpoint.get('region') == region:
                    url = endpoint.get('publicURL')
        if not url:
            raise exception.ConfigurationError(
                option='[certificates] barbican_url',
                value='',
                remedy='and the service catalog of the request has no service '
                'of type key-manager. Set it, or add Barbican to the catalog.',
            )
        return str(url).rstrip('/').removesuffix('/v1')
