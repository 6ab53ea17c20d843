# SPDX-License-Identifier: Apache-2.0
"""The message broker, by way of oslo.messaging, kombu and py-amqp.

On the way out:

- ``connection.py``: what a process holds open; its clients and servers
- ``waits.py``: bounds the waits for the broker
- ``replies.py``: the queue for replies, and how replies go out
- ``questions.py``: questions to many peers at once

On the way in:

- ``frames.py``: what is taken of what comes, before anything is done for it;
  ``redelivery.py`` for what comes a second time
- ``reader.py``: waits until something comes; ``buffer.py`` reads and writes
  as much as there is at a time, and ``memory.py`` is the broker in memory
- ``listener.py``: takes no more messages than there is room for

Besides: ``needs.py`` declares all that is not public of those libraries and
is used here, ``accounts.py`` keeps a guest to its own queues, which
``queue_names.py`` names, and ``errors.py`` names the option that an error of
the broker is about.
"""
