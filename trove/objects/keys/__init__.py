# SPDX-License-Identifier: Apache-2.0
"""Keys, and the secrets that are encrypted with them.

* :mod:`instance_keys`: what messages to and from each guest are encrypted
  with
* :mod:`database_key`: what the secrets in the database are encrypted with
* :mod:`workflow_secrets`: those in the details of unfinished work
* :mod:`reencryption`: all of them, when the key of the database changes
"""
