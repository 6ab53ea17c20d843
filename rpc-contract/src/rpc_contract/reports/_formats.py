# SPDX-License-Identifier: Apache-2.0
"""Which formats there are, and how a report gets to its reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from rpc_contract.reports import _github
from rpc_contract.reports import _json
from rpc_contract.reports import _junit
from rpc_contract.reports import _report
from rpc_contract.reports import _sarif
from rpc_contract.reports import _text

_WRITERS: dict[str, Callable[[_report.Report, TextIO], None]] = {
    'text': _text.write,
    'json': _json.write,
    'junit': _junit.write,
    'github': _github.write,
    'sarif': _sarif.write,
}

#: Names of the formats; the first is for people.
FORMATS = tuple(_WRITERS)


def write(report: _report.Report, form: str, stream: TextIO) -> None:
    """Write a report.

    :param form: one of :data:`FORMATS`
    """
    _WRITERS[form](report, stream)
