# SPDX-License-Identifier: Apache-2.0
"""Static checks of RPC contracts.

Nothing of a checked tree is imported or run: its source is read, and what
cannot be read is said. The way of a check, by the files to open in order:

1. ``projects.py``: what a tree says is to be checked; ``checks.py``: a check
   as a whole
2. ``sources.py``: makes a path, a git revision or a wheel a directory to read
3. ``reading.py``: the modules of a tree; ``values.py``: constants;
   ``hints.py``: types
4. ``declared.py``: an interface that is declared, not written by hand;
   ``endpoints.py``: who serves it; ``idioms``: the hand-written clients and
   endpoints of other projects
5. ``model.py``: what they give: a :class:`~rpc_contract.model.Contract`
6. ``locks.py``: the frozen contracts of what was released; ``frozen.py``:
   whether they were edited
7. ``compare``: an older contract against the one of now; ``serving.py``: a
   declaration against its endpoint; ``hygiene.py``: history and releases;
   ``cross``: what is sent by hand against what is served
8. ``findings.py``: what they find, each by a rule of the table in ``rules``
9. ``suppressions.py``: what was decided to be borne, and until when
10. ``reports``: how it is told

Besides, ``changes.py`` says what differs and judges nothing.
"""

from __future__ import annotations

VERSION = '1.0.0'
