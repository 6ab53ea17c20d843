# SPDX-License-Identifier: Apache-2.0
"""Certificates in a directory, for all services on one host."""

from __future__ import annotations

import os
import pathlib

from trove.cloud.certificates import base
from trove.common import context as trove_context
from trove.common import exception


class Directory(base.Certificates):
    """References are names of files in the directory, without consumers."""

    def read(
        self, context: trove_context.TroveContext, reference: str, name: str
    ) -> bytes:
        directory = pathlib.Path(self._conf.certificates.directory)
        safe = (
            reference != ''
            and reference == pathlib.PurePath(reference).name
            and not reference.startswith('.')
            and '\0' not in reference
        )
        if not safe:
            raise _missing(name)
        try:
            handle = os.open(
                directory / reference,
                os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK,
            )
            with open(handle, 'rb') as file:
                data = file.read(base.MOST + 1)
        except OSError:
            raise _missing(name) from None
        if len(data) > base.MOST:
            raise _missing(name)
        return data

    def register(
        self,
        context: trove_context.TroveContext,
        reference: str,
        instance_id: str,
    ) -> None:
        return

    def release(
        self,
        context: trove_context.TroveContext,
        reference: str,
        instance_id: str,
    ) -> None:
        return


def _missing(name: str) -> exception.BadRequest:
    return exception.BadRequest(
        f'{name} is not the name of a file of at most {base.MOST} bytes in '
        'the directory of certificates. Ask the operator for the names.'
    )
