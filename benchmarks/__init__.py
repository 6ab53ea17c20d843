# SPDX-License-Identifier: Apache-2.0
"""Measurements with limits; see README.rst."""

import logging

# Before anything imports oslo.messaging: it chooses the threading backend.
from trove.common import service as _service  # noqa: F401

# Its word on every connection that is closed says nothing here.
logging.getLogger('amqp').setLevel(logging.ERROR)
