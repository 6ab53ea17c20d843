# SPDX-License-Identifier: Apache-2.0
"""Handlers of the REST API, one function per route.

Docstrings name the statuses of each. All may also answer 401 and 403, 404 for
an unknown instance, and 503 while a service that they need is down. Those that
start a task answer 409 while another task is running or if a task manager is
too old, and 422 while the instance is not ready. Those on databases and users
answer 409 while a task is running or if the guest agent is too old, 422 while
the database is not running, and 500 without an answer of the guest agent.
"""
