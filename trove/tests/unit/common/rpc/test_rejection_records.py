# SPDX-License-Identifier: Apache-2.0
"""What is written down of a message that was not taken."""

from __future__ import annotations

import json

from trove.common import rpc
from trove.tests import base


class RecordTest(base.TestCase):
    def rejection(self, **values):
        return rpc.Rejection(
            **{
                'interface': 'guestagent',
                'peer': None,
                'sender': None,
                'method': 'm',
                'version': '1.0',
                'kind': 'cast',
                'cause': 'method',
                'reason': 'r',
                'arguments': {},
            }
            | values
        )

    def test_secrets_are_masked_at_any_depth(self):
        found = self.rejection(
            arguments={
                'users': [{'_name': 'jane', '_password': 'hunter2'}],
                'root_password': 'hunter2',
                'key': 'hunter2',
                'config': 'password = hunter2',
                'sizes': [1, {'tokens': ['hunter2']}],
            }
        )

        self.assertNotIn('hunter2', json.dumps(found.masked()))
        self.assertIn('jane', json.dumps(found.masked()))
        self.assertNotIn('hunter2', repr(found))

    def test_secrets_of_other_names_and_in_texts(self):
        secret = 'hunter2'
        for arguments in (
            {'masterauth': secret},
            {'requirepass': secret},
            {'pwd': secret},
            {'credentials': {'x': secret}},
            {'private': secret},
            {'passphrase': secret},
            {'config_contents': f'x = {secret}'},
            {'overrides': {'x': secret}},
            {'list': [{'name': 'requirepass', 'value': secret}]},
            {'text': f'instance_rpc_encr_key = {secret}'},
            {'text': f'a\nrequirepass {secret}\nb'},
            {'text': f'see https://user:{secret}@host/x'},
            {'text': f'GET /x?temp_url_sig={secret}&expires=1'},
            {'text': f"CREATE USER x IDENTIFIED BY '{secret}'"},
            {'text': f'password {secret * 500}'},
            {'text': json.dumps(json.dumps({'password': secret}))},
            {'text': json.dumps({'auths': {'host': {'auth': secret}}})},
            {'text': f'Authorization: Bearer {secret}'},
            {'text': f'authorization = "Basic {secret}"'},
            {'text': f'curl -H "Bearer {secret}"'},
            {'list': [['password', secret]]},
            {'modules': [{'module': {'name': 'm', 'contents': secret}}]},
            {'modules': secret},
            {'module': {'name': 'm', 'contents': secret}},
            {'slave_config': f'x = {secret}'},
            {'replica_source_config': {'x': secret}},
            {'config_overrides': {'x': secret}},
            {'cluster_configuration': f'x = {secret}'},
            {'upgrade_info': {'x': secret}},
        ):
            found = self.rejection(arguments=arguments)
            self.assertNotIn(secret, json.dumps(found.masked()), arguments)

    def test_private_keys_in_texts(self):
        for kind in (
            *('PRIVATE KEY', 'RSA PRIVATE KEY', 'ENCRYPTED PRIVATE KEY'),
            *('OPENSSH PRIVATE KEY', 'PGP PRIVATE KEY BLOCK'),
        ):
            begin, end = f'-----BEGIN {kind}-----', f'-----END {kind}-----'
            lines = f'DEK-Info: AES-128-CBC,F0\n\nhunter2\nhunter2=\n{end}'
            found = self.rejection(
                arguments={
                    'whole': f'{begin}\n{lines}\nand more',
                    'cut off': f'x\n{begin}\nhunter2',
                }
            ).masked()

            self.assertNotIn('hunter2', json.dumps(found))
            self.assertIn('and more', found['whole'])

    def test_what_is_no_secret_is_shown(self):
        arguments = {
            'name': 'db',
            'author': 'author: jane',
            'size': [2, 3],
            'pair': ['name', 'jane'],
            'mixed': [['a'], 'b'],
            'url': 'https://host/path',
        }

        found = self.rejection(arguments=arguments).masked()

        self.assertEqual(arguments | {'author': '***'}, found)

    def test_masking_ends_soon(self):
        for value in ('password ' * 100_000, ['short'] * 100_000):
            found = self.rejection(arguments={'x': value})

            (size,) = found.masked().values()

            self.assertGreater(size, 65_536)

    def test_what_is_nested_too_deeply_is_not_shown(self):
        nested = 0
        for _ in range(5000):
            nested = [nested]

        found = self.rejection(arguments={'x': nested})

        self.assertEqual({'left out': 'nested too deeply'}, found.masked())

    def test_it_reads_back_what_it_writes(self):
        found = self.rejection(arguments={'a': [1, {'b': None}]})

        text = json.dumps(found.to_dict())

        self.assertEqual(found, rpc.Rejection.from_dict(json.loads(text)))

    def test_the_instance_that_it_concerns(self):
        named = {'instance_id': 'c'}
        for peer, sender, arguments, concerned in (
            ('a', None, named, 'a'),
            (None, 'b', named, 'b'),
            (None, None, named, 'c'),
            (None, None, {'instance_id': 7}, None),
            (None, None, {'instance_id': 'x' * 99}, None),
        ):
            found = self.rejection(
                peer=peer, sender=sender, arguments=arguments
            )
            self.assertEqual(concerned, found.instance_id)
