# SPDX-License-Identifier: Apache-2.0
"""Instances, their states, and the work that goes on with them.

* :mod:`instances`: how they are made, found, changed and gone
* :mod:`entities`: what there is to know of one
* :mod:`states`: tasks, service statuses, and what follows from them
* :mod:`tasks`: how a task begins and ends
* :mod:`rejected_tasks`: tasks whose message its receiver could not take
* :mod:`workflows`: the work of a task, and who does it
"""
