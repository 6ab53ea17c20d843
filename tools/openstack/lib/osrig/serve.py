# SPDX-License-Identifier: Apache-2.0
"""Serve one OpenStack API with waitress.

Usage: python -m osrig.serve NAME MODULE PORT [ARGUMENT...]

MODULE has the WSGI ``application``; the arguments are what the service's own
command line would be (its --config-file, say).
"""

import importlib
import sys

import waitress

from osrig import faults

name, module, port = sys.argv[1:4]
# Services read their options from sys.argv when they are imported.
sys.argv = [name, *sys.argv[4:]]
application = importlib.import_module(module).application
waitress.serve(
    faults.middleware(application, name),
    host='127.0.0.1',
    port=int(port),
    threads=8,
    ident=name,
    channel_timeout=300,
)
