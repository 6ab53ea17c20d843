# SPDX-License-Identifier: Apache-2.0
"""A report as one HTML page, which needs nothing else."""

from __future__ import annotations

from typing import Any

import jinja2

from trove.rehearsal import text

_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader(__package__, ''),
    autoescape=True,
    undefined=jinja2.ChainableUndefined,
    trim_blocks=False,
)


def render(report: dict[str, Any]) -> str:
    """Write a document of ``report.py`` for a browser."""
    template = _ENVIRONMENT.get_template('report.html.j2')
    return template.render(**report, rows=text.rows(report)) + '\n'
