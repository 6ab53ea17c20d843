# SPDX-License-Identifier: Apache-2.0
"""Instances, their states and their workflows.

* :mod:`instances`: create, get, list, update and delete
* :mod:`entities`: an instance as it was read
* :mod:`states`: tasks, service statuses, and their rules
* :mod:`tasks`: begin and end of a task
* :mod:`rejected_tasks`: tasks whose message was rejected
* :mod:`workflows`: the queue of jobs and their owners
"""
