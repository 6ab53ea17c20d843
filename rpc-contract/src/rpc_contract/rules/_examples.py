# SPDX-License-Identifier: Apache-2.0
"""What several rules show: changes of the example project, and modules.

As ``diff -u`` writes them, of ``cellar/api.py`` unless a line says otherwise;
``tests/example.py`` has the project.
"""

from __future__ import annotations


def added(decorator: str, signature: str, doc: str, body: str = 'pass') -> str:
    """Add a method to the client and to the endpoint.

    :param signature: from the name of the method to its result
    :param body: the only line of it in the endpoint
    """
    return f"""
+    {decorator}
+    def {signature}:
+        '''{doc}'''
+
     @rpc.cast('1.2')
@@
--- cellar/manager.py
+    def {signature}:
+        {body}
+
     def close(self, context: Context) -> None:
"""


def client(signature: str, *lines: str) -> str:
    """Write a client with one method by hand."""
    body = '\n'.join(f'        {line}' for line in lines)
    return f'\nclass API:\n    def {signature}:\n{body}\n'


def manager(version: str, signature: str) -> str:
    """Write an endpoint with one method by hand."""
    return f"""

class Manager:
    target = messaging.Target(version='{version}')

    def {signature}:
        ...
"""


def changed(old: str, new: str) -> str:
    """Change a signature in the client and in the endpoint."""
    hunk = f'-    {old}\n+    {new}\n'
    return f'\n{hunk}@@\n--- cellar/manager.py\n{hunk}'


#: A method that came with the latest revision, as it should be.
AIR = added(
    "@rpc.cast('1.2')",
    'air(self, context: Context) -> None',
    'Open the window.',
)

#: A client that sends at the first version, as it should be.
STORE = client(
    'store(self, ctxt, wine)',
    "cctxt = self.client.prepare(version='1.0')",
    "cctxt.cast(ctxt, 'store', wine=wine)",
)
