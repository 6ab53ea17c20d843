# SPDX-License-Identifier: Apache-2.0
"""Certificates in Barbican, read with the token of the user."""

from __future__ import annotations

import re

import requests

from trove.cloud.certificates import base
from trove.common import context as trove_context
from trove.common import exception

_SECRET = re.compile(r'(?:https?://[^/?#]+.*/secrets/)?([0-9a-f-]{36})/?')


class Barbican(base.Certificates):
    """References are those of secrets.

    The token is sent to no other address than that of the options or of the
    service catalog, whatever a reference says.
    """

    def read(
        self, context: trove_context.TroveContext, reference: str, name: str
    ) -> bytes:
        found = _SECRET.fullmatch(reference)
        if found is None:
            raise exception.BadRequest(
                f'{name} is not the reference of a secret in Barbican, such '
                'as https://barbican.example.org/v1/secrets/UUID.'
            )
        if not context.auth_token:
            raise exception.BadRequest(
                f'{name} cannot be read, as the request has no token. Use '
                'auth_strategy = keystone, or the driver "directory" of '
                '[certificates].'
            )
        url = f'{self._url(context)}/v1/secrets/{found.group(1)}/payload'
        try:
            with requests.get(
                url,
                headers={
                    'X-Auth-Token': context.auth_token,
                    'Accept': 'application/octet-stream, text/plain',
                },
                timeout=self._conf.certificates.timeout,
                verify=self._conf.certificates.cafile or True,
                allow_redirects=False,
                stream=True,
            ) as answer:
                self._check(answer.status_code, name)
                data: bytes = answer.raw.read(
                    base.MOST + 1, decode_content=True
                )
        except (requests.RequestException, OSError) as error:
            raise exception.ServiceUnavailable(
                f'Barbican did not answer ({type(error).__name__}). Repeat '
                'the request later.'
            ) from None
        if len(data) > base.MOST:
            raise exception.BadRequest(
                f'{name} names a secret of more than {base.MOST} bytes. Name '
                'a PKCS#12 archive, or its password.'
            )
        return data

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
