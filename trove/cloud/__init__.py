# SPDX-License-Identifier: Apache-2.0
"""The cloud that instances live in, behind one door: :func:`load`."""

from __future__ import annotations

from importlib import metadata
from typing import Any

from oslo_config import cfg

from trove.cloud import base
from trove.common import drivers

NAMESPACE = 'trove.cloud'


def load(conf: cfg.ConfigOpts) -> base.Cloud:
    """Return the driver that ``[cloud] driver`` names.

    :raises trove.common.exception.ConfigurationError: no installed package
        offers such a driver, or it cannot be loaded
    """
    cls: Any = drivers.find(
        NAMESPACE,
        conf.cloud.driver,
        option='[cloud] driver',
        parent=base.Cloud,
        missing='no installed package provides this driver. Use one of '
        f'{", ".join(_offered())}, or install the package that provides '
        'it. If Trove was updated in place, reinstall it.',
    )
    cloud: base.Cloud = cls(conf)
    return cloud


def _offered() -> list[str]:
    return sorted(metadata.entry_points(group=NAMESPACE).names)
