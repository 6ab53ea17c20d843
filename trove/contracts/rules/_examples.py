# SPDX-License-Identifier: Apache-2.0
"""Changes of the example project that several rules show.

As ``diff -u`` writes them, of ``cellar/api.py`` unless a line says otherwise;
``trove/tests/unit/contracts/example.py`` has the project.
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
