# SPDX-License-Identifier: Apache-2.0
"""Static checks of RPC contracts.

Nothing of a checked tree is imported or run: its source is read, and what
cannot be read is said. The way of a check, by the files to open in order:

1. ``sources.py``: makes a path, a git revision or a wheel a directory to read
2. ``declared.py``: reads an interface that is declared with
   ``trove.common.rpc``; ``endpoints.py`` reads who serves it; ``idioms`` reads
   the hand-written clients and endpoints of other projects
3. ``model.py``: what they give: a :class:`~trove.contracts.model.Contract`
4. ``locks.py``: the frozen contracts of what was released
5. ``compare.py``: an older contract against this one; ``hygiene.py``:
   versions, aliases and frozen files; ``cross.py``: what a client sends
   against what an endpoint serves
6. ``findings.py``: what they find, each by a rule of ``rules.py``
7. ``suppressions.py``: what was decided to be borne, and until when
8. ``reports``: how it is told
"""
