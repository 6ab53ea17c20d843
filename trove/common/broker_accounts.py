# SPDX-License-Identifier: Apache-2.0
"""Accounts at RabbitMQ, one for each guest agent, by its HTTP API.

https://www.rabbitmq.com/docs/management#http-api has its paths. An account is
named after the instance, and permitted what ``rpc.permissions`` says.
"""

from __future__ import annotations

import dataclasses
import secrets
from typing import Any
from urllib import parse

from oslo_config import cfg
import requests

from trove.common import exception
from trove.common import rpc

_PREFIX = 'trove-guest-'

_GUEST_OPTION = '[taskmanager] guest_transport_url'

#: The name of the policies.
_POLICY = 'trove-guests'

#: Channels of a connection; oslo.messaging uses one or two.
_CHANNELS = 4

#: Queues that are asked for at once, and how often.
_PAGE = 500
_PAGES = 200

#: OK, created, no content.
_DONE = (200, 201, 204)


def exposed(conf: cfg.ConfigOpts) -> str | None:
    """Warn of the shared account of new guest agents.

    :returns: a text for an operator; None when it is not the services' own
    :raises trove.common.exception.ConfigurationError: one of the URLs makes
        no sense
    """
    managed = _management_url(conf)
    own = rpc.parse_url(conf)
    within = 'memory' in own.transport or own.transport == 'fake'
    if within or managed:
        return None
    given = rpc.parse_url(
        conf, conf.taskmanager.guest_transport_url, _GUEST_OPTION
    )
    if _users(own).isdisjoint(_users(given)):
        return None
    return (
        'Guest agents use the broker account of the services, so an attacker '
        'in one guest can read, send and delete all messages of Trove. Create '
        'an account for guests and set [taskmanager] guest_transport_url, or '
        'one for each guest with [guest_accounts] management_url; the '
        'installation guide has the commands.'
    )


def _management_url(conf: cfg.ConfigOpts) -> str:
    """Return the address of the HTTP API, without a slash at its end.

    :returns: empty when there is none
    :raises trove.common.exception.ConfigurationError: it makes no sense; the
        error does not show it
    """
    given: str = conf.guest_accounts.management_url or ''
    try:
        url = parse.urlsplit(given)
        valid = url.scheme in ('http', 'https') and bool(url.hostname)
        # Reading it is what checks it.
        valid = valid and '@' not in given and url.port != 0
    except ValueError:
        valid = False
    if given and not valid:
        raise exception.ConfigurationError(
            option='[guest_accounts] management_url',
            value='(not shown)',
            remedy='use http://HOST:PORT or https://HOST:PORT. Set the '
            'account in management_user and management_password.',
        )
    return given.rstrip('/')


def _users(url: Any) -> set[str | None]:
    return {host.username for host in url.hosts} or {None}


@dataclasses.dataclass(frozen=True)
class Account:
    """Settings of a guest agent for an account.

    :param url: its ``transport_url``, with the password
    """

    name: str
    url: str = dataclasses.field(repr=False)


class Accounts:
    """The accounts, at the broker that guests are told of.

    :raises trove.common.exception.ConfigurationError: there is no
        ``management_url``, or no ``transport_url``
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._options = conf.guest_accounts
        self._api = _management_url(conf)
        if not self._api:
            raise exception.ConfigurationError(
                option='[guest_accounts] management_url',
                value='',
                remedy='set it to the URL of the HTTP API of RabbitMQ, for '
                'example http://controller:15672. "rabbitmq-plugins enable '
                'rabbitmq_management" enables the API.',
            )
        self._url = rpc.parse_url(conf)
        self._conf = conf
        guest_url = self._parse_guest_url()
        # oslo.messaging registers it when a URL is read.
        self._exchange = conf.control_exchange
        self._vhost = guest_url.virtual_host or '/'

    def create(self, instance_id: str, topic: str) -> Account:
        """Make the account of an instance, or give it a new password.

        :param topic: of its guest agent
        :raises trove.common.exception.BrokerError: RabbitMQ refuses, or does
            not answer; nothing that was made is left
        """
        name = _name(instance_id)
        password = secrets.token_urlsafe(32)
        allowed = rpc.permissions(self._exchange, topic)
        new = instance_id not in self.instances()
        try:
            # Without a permission first: a password is not yet known.
            self._put(f'users/{name}', password=password, tags='')
            self._put(
                f'user-limits/{name}/max-connections',
                value=self._options.max_connections,
            )
            self._put(
                f'user-limits/{name}/max-channels',
                value=self._options.max_connections * _CHANNELS,
            )
            self._bound()
            self._put(
                f'topic-permissions/{_quote(self._vhost)}/{name}',
                exchange=allowed.exchange,
                write='^$',
                read=allowed.bind,
            )
            self._put(
                f'permissions/{_quote(self._vhost)}/{name}',
                configure=allowed.configure,
                write=allowed.write,
                read=allowed.read,
            )
        except exception.BrokerError:
            if new:
                self._forget(name)
            raise
        return Account(name, self._url_of(name, password))

    def delete(self, instance_id: str) -> bool:
        """Delete the account of an instance, and end its connections.

        :returns: whether there was one
        :raises trove.common.exception.BrokerError: see :meth:`create`
        """
        answer = self._ask('DELETE', f'users/{_name(instance_id)}', (404,))
        self._delete_all('queues', instance_id)
        self._delete_all('exchanges', instance_id)
        return answer.status_code != 404

    def _delete_all(self, kind: str, instance_id: str) -> None:
        """Delete what a guest agent, which may be hostile, has left."""
        where = f'{kind}/{_quote(self._vhost)}'
        named = parse.urlencode(
            {
                'columns': 'name',
                'name': rpc.of_instance(instance_id),
                'use_regex': 'true',
                'page': 1,
                'page_size': _PAGE,
            }
        )
        for _ in range(_PAGES):
            found = self._ask('GET', f'{where}?{named}').json()['items']
            for each in found:
                self._ask('DELETE', f'{where}/{_quote(each["name"])}', (404,))
            if len(found) < _PAGE:
                return

    def _bound(self) -> None:
        """Have RabbitMQ bound the queues that guests can fill.

        An operator policy holds beside any other; one of those makes the
        broker refuse what is too much, instead of dropping what is old.
        """
        about = {
            'pattern': rpc.bounded(self._conf.conductor_queue),
            'apply-to': 'queues',
        }
        most = {'max-length-bytes': self._options.max_queue_bytes}
        for kind, priority, definition in (
            ('operator-policies', 0, most),
            # Below those of operators, whose others would not hold then.
            ('policies', -1, {**most, 'overflow': 'reject-publish'}),
        ):
            path = f'{kind}/{_quote(self._vhost)}/{_POLICY}'
            wanted = {**about, 'priority': priority, 'definition': definition}
            known = self._ask('GET', path, (404,)).json()
            # RabbitMQ looks at all queues after each change.
            if any(known.get(key) != wanted[key] for key in wanted):
                self._put(path, **wanted)

    def instances(self) -> list[str]:
        """Return the ids of the instances that have an account.

        :raises trove.common.exception.BrokerError: see :meth:`create`
        """
        users = self._ask('GET', 'users?columns=name').json()
        return sorted(
            each['name'].removeprefix(_PREFIX)
            for each in users
            if each['name'].startswith(_PREFIX)
        )

    def _parse_guest_url(self) -> Any:
        return rpc.parse_url(
            self._conf,
            self._conf.taskmanager.guest_transport_url,
            _GUEST_OPTION,
        )

    def _url_of(self, name: str, password: str) -> str:
        # No copy of another one: it would hold a copy of all options, which
        # takes from the original what it needs to be read again.
        url = self._parse_guest_url()
        for host in url.hosts:
            host.username, host.password = name, password
        return str(url)

    def _forget(self, name: str) -> None:
        try:
            self._ask('DELETE', f'users/{name}', (404,))
        except exception.BrokerError:
            # What was the matter at first is what is told.
            pass

    def _put(self, path: str, **content: Any) -> None:
        self._ask('PUT', path, json=content)

    def _ask(
        self,
        verb: str,
        path: str,
        besides: tuple[int, ...] = (),
        json: Any = None,
    ) -> requests.Response:
        options = self._options
        host = self._url.hosts[0]
        try:
            answer = requests.request(
                verb,
                f'{self._api}/api/{path}',
                json=json,
                auth=(
                    options.management_user or host.username,
                    options.management_password or host.password,
                ),
                timeout=options.timeout,
                verify=options.cafile or True,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise exception.BrokerError(
                action=f'{verb} {path}',
                reason=f'no answer ({type(error).__name__})',
                remedy='Check that its management plugin is enabled and that '
                '[guest_accounts] management_url is correct.',
            ) from error
        code = answer.status_code
        if code not in (*besides, *_DONE):
            raise exception.BrokerError(
                action=f'{verb} {path}',
                reason=f'it answered {code}',
                remedy='Check that [guest_accounts] management_user and '
                'management_password name an account with the tag '
                'administrator.',
            )
        return answer


def _name(instance_id: str) -> str:
    return f'{_PREFIX}{instance_id}'


def _quote(text: str) -> str:
    return parse.quote(text, safe='')
