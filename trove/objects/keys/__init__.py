# SPDX-License-Identifier: Apache-2.0
"""Keys, and the secrets that are encrypted with them.

* :mod:`instance_keys`: the keys of messages to and from guests
* :mod:`database_key`: the key of secrets in the database
* :mod:`workflow_secrets`: secrets in the details of jobs
* :mod:`reencryption`: encrypts all secrets again with a new key
"""
