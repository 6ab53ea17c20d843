# SPDX-License-Identifier: Apache-2.0
"""Barbican's WSGI application: it has a paste file and no module with one."""

import os

from paste import deploy

application = deploy.loadapp(
    'config:' + os.environ['OSRIG_PASTE'], name='main'
)
