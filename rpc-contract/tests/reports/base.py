# SPDX-License-Identifier: Apache-2.0
"""A report to tell in every format."""

from __future__ import annotations

import io

from rpc_contract import findings
from rpc_contract import model
from rpc_contract import reports
from tests import base

REMOVED = findings.Finding(
    rule='method-removed',
    interface='guestagent',
    symbol='restart',
    where=model.Location('guestagent/api/server.py', 40),
    message='The method restart is gone, but guestagent 1.0 serves it.',
    fix="Declare it again; to retire it, give it until='1.4'.",
    against='guestagent 1.0',
)
RENAMED = findings.Finding(
    rule='argument-renamed',
    interface='guestagent',
    symbol='upgrade(info)',
    where=model.Location('guestagent/api/server.py', 7),
    message='The argument info is called 100 % <facts>: "a, b"\nnow.',
    fix='Name it info.',
    against='guestagent 1.4',
)
NO_CHANGE = findings.Finding(
    rule='bump-without-change',
    interface='conductor',
    symbol='',
    where=model.Location('conductor/api.py', 30),
    message='1.2 says what 1.1 says.',
    fix='Take 1.2 out of the history.',
)
UNREAD = findings.Finding(
    rule='unread',
    interface='conductor',
    symbol='heartbeat',
    where=model.Location(),
    message='What is sent is made by a function of another module.',
    fix='',
)
BORNE = findings.Finding(
    rule='default-changed',
    interface='conductor',
    symbol='heartbeat(sent)',
    where=model.Location('conductor/api.py', 62),
    message='The default of sent was None and is 0.',
    fix='Make it None.',
    against='conductor 1.0',
    suppressed='No release had a sender; until 2027-04-01.',
)
CHECKED = (
    reports.Checked(
        'guestagent', '1.5', 60, ('guestagent 1.0', 'guestagent 1.4'), 60, 61
    ),
    reports.Checked('conductor', '1.1', 7, ('conductor 1.0',), None, 7),
)


class TestCase(base.TestCase):
    def report(self, *found: findings.Finding, **kwargs) -> reports.Report:
        return reports.Report(CHECKED, found, **{'tool': '27.0.0', **kwargs})

    def everything(self, **kwargs) -> reports.Report:
        return self.report(
            BORNE, UNREAD, NO_CHANGE, REMOVED, RENAMED, **kwargs
        )

    def written(self, report: reports.Report, form: str) -> str:
        stream = io.StringIO()
        reports.write(report, form, stream)
        return stream.getvalue()
