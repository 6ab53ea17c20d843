# SPDX-License-Identifier: Apache-2.0
"""Faults on demand, read anew from $OSRIG/faults.json at every step.

The file holds a list of rules. A rule of a driver:

    {"at": "nova.spawn", "match": "regex of the name", "do": "error",
     "text": "...", "times": 1}

``at`` is one of nova.spawn, nova.destroy, nova.attach_volume,
nova.detach_volume, nova.plug, nova.resize, nova.reboot, cinder.create,
cinder.delete, cinder.extend, cinder.attach, cinder.snapshot, neutron.bind. A
rule of the APIs:

    {"at": "api.nova", "match": "POST /v2.1/servers$", "do": "status",
     "status": 503, "times": 2}

``at``: api.keystone, api.nova, api.neutron, api.cinder, api.glance,
api.placement. ``do``: error (drivers), status (APIs), delay (``seconds``),
and for the APIs also drop (the request is carried out, the answer lost: 504)
and hang (``seconds``, then 504, not carried out). ``times``: how often (0:
always).
"""

import fcntl
import json
import os
import re
import time

HOME = os.environ.get('OSRIG', '/tmp/osrig')


class Fault(Exception):
    """What a rule asked for."""


def find(at, text):
    """Return the rule for this step and use it up, None when there is none."""
    path = os.path.join(HOME, 'faults.json')
    if not os.path.exists(path):
        return None
    with open(path, 'r+') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            rules = json.load(file)
        except ValueError:
            return None
        for rule in rules:
            if rule.get('at') == at and re.search(rule.get('match', ''), text):
                break
        else:
            return None
        if rule.get('times', 0) == 1:
            rules.remove(rule)
        elif rule.get('times', 0) > 1:
            rule['times'] -= 1
        file.seek(0)
        file.truncate()
        json.dump(rules, file)
    return rule


def check(at, text):
    """Do what a rule for this step of a driver says."""
    rule = find(at, text)
    if rule is None:
        return
    if rule['do'] == 'delay':
        time.sleep(rule.get('seconds', 5))
    else:
        raise Fault(rule.get('text', f'fault injected at {at}'))


def middleware(application, name):
    """Wrap a WSGI application so that it obeys the rules for its API."""

    def answer(start_response, status, text):
        body = json.dumps(
            {'error': {'code': status, 'message': text}}
        ).encode()
        start_response(
            f'{status} Injected',
            [
                ('Content-Type', 'application/json'),
                ('Content-Length', str(len(body))),
            ],
        )
        return [body]

    def faulty(environ, start_response):
        path = environ.get('SCRIPT_NAME', '') + environ.get('PATH_INFO', '')
        rule = find(f'api.{name}', f'{environ["REQUEST_METHOD"]} {path}')
        if rule is None:
            return application(environ, start_response)
        do = rule['do']
        if do == 'delay':
            time.sleep(rule.get('seconds', 5))
            return application(environ, start_response)
        if do == 'hang':
            time.sleep(rule.get('seconds', 60))
            return answer(start_response, 504, 'injected: no answer in time')
        if do == 'drop':
            result = application(environ, lambda *args: lambda data: None)
            for _ in result:
                pass
            if hasattr(result, 'close'):
                result.close()
            return answer(start_response, 504, 'injected: the answer was lost')
        return answer(
            start_response,
            rule.get('status', 503),
            rule.get('text', 'injected'),
        )

    return faulty
