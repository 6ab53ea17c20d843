# SPDX-License-Identifier: Apache-2.0
"""Guests that keep in memory what they are told."""

from __future__ import annotations


class Guest:
    """Databases and users of one guest, as its agent would keep them."""

    def __init__(self):
        self.databases = {}
        self.users = {}
        #: Those of the users whom an interrupted deletion has left.
        self.hidden = set()
        self.root = False
        self.stopped = False
        self.overrides = {'max_connections': 9}
        self.applied = None
        self.logs = []
        self.modules = []
        self.refuses = None
        self.ssl = {'status': 'off', 'mode': None, 'certificate': None}

    def module_list(self, include_contents=False):
        return self.modules

    def module_apply(self, modules=None):
        return self.modules

    def module_remove(self, module=None):
        if self.refuses is not None:
            raise self.refuses

    def rpc_ping(self):
        return True

    def list_databases(self, limit=None, marker=None, include_marker=False):
        found = [
            {'_name': name, '_character_set': 'UTF8', '_collate': 'C'}
            for name in self.databases
        ]
        return self._page(found, limit, marker)

    def list_users(self, limit=None, marker=None, include_marker=False):
        shown = [u for n, u in self.users.items() if n not in self.hidden]
        return self._page(shown, limit, marker)

    @staticmethod
    def _page(found, limit, marker):
        found = sorted(found, key=lambda item: item['_name'])
        if marker is not None:
            found = [item for item in found if item['_name'] > marker]
        if limit is None or len(found) <= limit:
            return [found, None]
        return [found[:limit], found[limit - 1]['_name']]

    def create_database(self, databases):
        for item in databases:
            self.databases[item['_name']] = item

    def delete_database(self, database):
        del self.databases[database['_name']]

    def create_user(self, users):
        for item in users:
            self.users[item['_name']] = item

    def get_user(self, username, hostname):
        return None if username in self.hidden else self.users.get(username)

    def delete_user(self, user):
        self.users.pop(user['_name'], None)

    def update_attributes(self, username, hostname, user_attrs):
        user = self.users.pop(username)
        for name, value in user_attrs.items():
            user[f'_{name}'] = value
        self.users[user['_name']] = user

    def change_passwords(self, users):
        for item in users:
            self.users[item['name']]['_password'] = item['password']

    def list_access(self, username, hostname):
        return self.users[username]['_databases']

    def grant_access(self, username, hostname, databases):
        self.users[username]['_databases'].extend(
            {'_name': name} for name in databases
        )

    def revoke_access(self, username, hostname, database):
        access = self.users[username]['_databases']
        access.remove({'_name': database})

    def update_overrides(self, overrides, remove=False):
        self.overrides = overrides

    def apply_overrides(self, overrides):
        self.applied = overrides

    def stop_db(self):
        self.stopped = True

    def enable_root(self):
        self.root = True
        return {'_name': 'root', '_password': 'made-up-by-guest'}

    def enable_root_with_password(self, root_password=None):
        self.root = True
        return {'_name': 'root', '_password': root_password}

    def disable_root(self):
        self.root = False

    def is_root_enabled(self):
        return self.root

    def get_filesystem_stats(self, fs_path):
        return {'total': 1.0, 'free': 0.75, 'used': 0.25}

    def get_diagnostics(self):
        return {
            'version': '27.0.0',
            'fds': 12,
            'threads': 5,
            'vm_size': 100,
            'vm_peak': 120,
            'vm_rss': 50,
            'vm_hwm': 60,
        }

    def get_hwinfo(self):
        return {'hwinfo': {'mem_total': 2048, 'num_cpus': 2}}

    def guest_log_list(self):
        return self.logs

    def guest_log_action(self, log_name, store=None, **flags):
        if self.refuses is not None:
            raise self.refuses
        (log,) = [each for each in self.logs if each['name'] == log_name]
        return log

    def ssl_show(self):
        return self.ssl
