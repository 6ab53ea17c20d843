# SPDX-License-Identifier: Apache-2.0
"""Rehearsal of upgrades: predictions, and trials in miniature.

By the files to open in order:

1. ``roles.py``: the kinds of processes, and who says what to whom
2. ``inventory.py``: who is in a deployment; as a file, too
3. ``outcomes.py``: what cannot be said while it is as it is, by ``rpc.fit``
4. ``order.py``: the order of steps that costs least
5. ``steps.py``: the plan, what each step costs, and whether it can be undone
6. ``run.py``: tries the plan out, in a ``miniature.py`` of the deployment:
   ``walk.py`` follows the plan, ``chance.py`` does as it comes
7. ``report.py``: what was found, as a document; ``text.py`` and ``html.py``

What is tried out are the processes of ``world.py``, which say the
``messages.py``; what must hold of them is in ``trial.py``. ``network.py`` is
what carries their messages, ``carrier.py`` does it by oslo.messaging and
``memory.py``.
"""
