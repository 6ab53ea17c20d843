# SPDX-License-Identifier: Apache-2.0
"""Static checks of RPC contracts.

Nothing of a checked tree is imported or run: its source is read, and what
cannot be read is said. The way of a check, by the files to open in order:

1. ``main.py`` and ``commands``: the command line
2. ``projects.py``: what a tree says is to be checked, read with
   ``settings.py`` and ``selection.py``; ``checks.py``: a check as a whole
3. ``sources.py``: makes a directory, a git revision, a wheel or an sdist a
   directory to read; ``git.py`` and ``documents.py``: git, YAML and TOML
4. ``reading.py``: the modules of a tree; ``values.py``: constants;
   ``hints.py``: types; ``versions.py``: versions
5. ``declared.py``: an interface that is declared, not written by hand;
   ``endpoints.py``: who serves it; ``idioms``: the hand-written clients and
   endpoints of other projects; ``completeness.py``: whether all was read
6. ``model.py``: what they give, a ``Contract``
7. ``locks.py``: the frozen contracts of what was released; ``frozen.py``:
   whether they were edited
8. ``compare``: an older contract against the one of now; ``serving.py``: a
   declaration against its endpoint; ``hygiene.py``: history and releases;
   ``cross``: what is sent by hand against what is served; ``jsonable.py``:
   values that JSON changes
9. ``findings.py``: what they find, each by a rule of the table in ``rules``
10. ``suppressions.py``: what was decided to be borne, and until when
11. ``reports``: how it is told

Besides, ``changes.py`` says what differs and judges nothing.
"""

from __future__ import annotations

VERSION = '1.0.0'
