# SPDX-License-Identifier: Apache-2.0
"""The cloud that instances live in, behind one door: :func:`load`."""

from __future__ import annotations

from importlib import metadata
from typing import Any

from oslo_config import cfg
from stevedore import driver
from stevedore import exception as stevedore_exception

from trove.cloud import base
from trove.common import exception

NAMESPACE = 'trove.cloud'


def load(conf: cfg.ConfigOpts) -> base.Cloud:
    """Return the driver that ``[cloud] driver`` names.

    :raises ConfigurationError: no installed package offers such a driver
    """
    name = conf.cloud.driver
    try:
        manager: driver.DriverManager[Any] = driver.DriverManager(
            NAMESPACE, name
        )
    except stevedore_exception.NoMatches as error:
        raise exception.ConfigurationError(
            option='[cloud] driver',
            value=name,
            remedy='no installed package provides this driver. Use one of '
            f'{", ".join(_offered())}, or install the package that provides '
            'it. If Trove was updated in place, reinstall it.',
        ) from error
    cls: Any = manager.driver
    cloud: base.Cloud = cls(conf)
    return cloud


def _offered() -> list[str]:
    return sorted(metadata.entry_points(group=NAMESPACE).names)
