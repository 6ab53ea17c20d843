# SPDX-License-Identifier: Apache-2.0
"""Horizon, as somebody who has only a browser uses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from selenium.common import exceptions
from selenium.webdriver.common import by
from selenium.webdriver.remote import webelement
from testtools import content

from trove.tests.fixtures import chromium
from trove.tests.fixtures import keystone
from trove.tests.fixtures import processes
from trove.tests.fixtures import waiting

Element = webelement.WebElement

_CSS = by.By.CSS_SELECTOR
#: What a page that is not there any more, or not wholly there yet, answers.
_EARLY = (
    exceptions.ElementClickInterceptedException,
    exceptions.ElementNotInteractableException,
    exceptions.NoSuchElementException,
    exceptions.StaleElementReferenceException,
)
_ALERTS = '.messages .alert, .modal.in .alert, .modal.in .has-error'
#: They come in a dialog.
_FORM = '.modal.in form'
#: Selects of Horizon are hidden behind lists of its own.
_CHOOSE = """
const [select, wanted] = arguments;
const found = [...select.options].find(
  (each) => each.value === wanted || each.text.trim() === wanted);
if (!found) return [...select.options].map((each) => each.text.trim());
$(select).val(found.value).trigger('change');
return null;
"""
#: At once: a page may come anew while it is read.
_ROWS = """
const rows = document.querySelectorAll(
  `table#${arguments[0]} tbody tr[data-object-id]`);
const cells = (row) => [...row.querySelectorAll(
  'td:not(.multi_select_column, .actions_column)')];
return Object.fromEntries([...rows].map((row) => [
  row.dataset.objectId, cells(row).map((each) => each.innerText.trim())]));
"""


class Pages:
    """The pages of one user.

    :param url: of Horizon
    """

    def __init__(
        self, browser: chromium.Chromium, url: str, timeout: float = 60
    ) -> None:
        self._driver = browser.driver
        self._url = url
        self._timeout = timeout
        browser.look(1400, 1200)

    def sign_in(self, user: keystone.User) -> None:
        """Sign in, and see the instances."""
        self._driver.get(f'{self._url}/auth/login/?next=/project/databases/')
        self._find('#id_username').send_keys(user.name)
        self._find('#id_password').send_keys(user.password)
        self._find('#loginBtn').click()
        self._wait(lambda: self.title.startswith('Instances'), 'signed in')

    @property
    def title(self) -> str:
        return str(self._driver.title)

    def detail(self) -> content.Content:
        """Return where the browser is and what is to be read there."""
        driver = self._driver
        text = driver.execute_script('return document.body.innerText')
        return processes.text_detail(f'{driver.current_url}\n{text}')

    @property
    def text(self) -> str:
        """What is to be read, menus left out."""
        return str(self._find('#content_body').text)

    def open(self, path: str) -> None:
        """Open a page of a project, as its menu does."""
        self._driver.get(f'{self._url}/project/{path}')

    def press(self, selector: str) -> None:
        """Click on what a selector finds, as soon as one can."""

        def pressed() -> bool:
            self._find(selector).click()
            return True

        self._wait(pressed, f'{selector} can be clicked')

    def fill(self, values: dict[str, Any]) -> None:
        """Fill in fields of the form, by their names.

        Of a field that offers choices a value, or what is to be read. The
        step of a form that a field is on is opened first.
        """
        for name, value in values.items():
            self._wait(
                lambda name=name, value=value: self._fill(name, value),
                f'{name} is filled in',
            )

    def _fill(self, name: str, value: Any) -> bool:
        field = self._find(f'{_FORM} [name="{name}"]')
        self._show(field)
        if field.tag_name == 'select':
            others = self._driver.execute_script(_CHOOSE, field, str(value))
            if others is not None:
                raise AssertionError(f'{name} has no {value}: {others}')
        elif field.get_attribute('type') == 'checkbox':
            if field.is_selected() != value:
                key = field.get_attribute('id')
                self._find(f'{_FORM} label[for="{key}"]').click()
        else:
            field.clear()
            field.send_keys(str(value))
        return True

    def _show(self, field: Element) -> None:
        step = self._driver.execute_script(
            'return arguments[0].closest(".tab-pane:not(.active)")?.id', field
        )
        if step:
            self._find(f'a[href="#{step}"], a[data-target="#{step}"]').click()

    def submit(self) -> str:
        """Send the form; return what the page says then."""
        self._forget()
        self.press(f'{_FORM} [type=submit]')
        return self.told()

    def _forget(self) -> None:
        """Take away what the page has said so far."""
        self._driver.execute_script(
            'document.querySelectorAll(arguments[0])'
            '.forEach((each) => each.remove())',
            _ALERTS,
        )

    def told(self) -> str:
        """Wait for a message, and return it."""

        def said() -> str:
            found = self._driver.find_elements(_CSS, _ALERTS)
            return '\n'.join(each.text for each in found if each.text)

        return str(self._wait(said, 'the page says something'))

    def details(self) -> str:
        """Return the reason that is behind "Details" of a message."""
        self.press('.messages [data-toggle=collapse]')
        return str(
            self._wait(
                lambda: self._find('.messages .collapse.in').text,
                'the reason is shown',
            )
        )

    def choose(self, table: str, row: str, action: str) -> None:
        """Choose an action of a row, which leads to a form or a page."""
        button = f'[id="{table}__row_{row}__action_{action}"]'
        more = f'tr[data-object-id="{row}"] .dropdown-toggle'

        def chosen() -> bool:
            if not self._find(button).is_displayed():
                self._find(f'#{table} {more}').click()
            self._find(button).click()
            return True

        self._wait(chosen, f'{action} of {row} is chosen')

    def act(self, table: str, row: str, action: str) -> str:
        """Choose an action of a row, confirm it if asked.

        :returns: what the page says then
        """
        self._forget()
        self.choose(table, row, action)
        confirm = '.modal.in .modal-footer .btn-danger'

        def said() -> bool:
            for button in self._driver.find_elements(_CSS, confirm):
                button.click()
            return bool(self._driver.find_elements(_CSS, _ALERTS))

        self._wait(said, f'{action} of {row} is done')
        return self.told()

    def rows(self, table: str) -> dict[str, list[str]]:
        """Return what the cells of a table say, by the ids of its rows.

        What one does with a row is left out.
        """
        found: dict[str, list[str]] = self._driver.execute_script(_ROWS, table)
        return found

    def row_of(self, table: str, name: str) -> str:
        """Return the id of the row that has a cell with this name."""

        def found() -> str:
            rows = self.rows(table)
            return next((each for each in rows if name in rows[each]), '')

        return str(self._wait(found, f'{table} has a row of {name}'))

    def tab(self, name: str) -> None:
        """Open a tab of a page, and wait until it has come."""
        self.press(f'a[data-target$="__{name}"], a[href$="__{name}"]')
        there = f'.tab-pane.active:not(.tab-loading)[id$="__{name}"] > *'
        self._wait(
            lambda: self._driver.find_elements(_CSS, there),
            f'the tab {name} is there',
        )

    def _find(self, selector: str) -> Element:
        return self._driver.find_element(_CSS, selector)

    def _wait(self, condition: Callable[[], Any], what: str) -> Any:
        return waiting.until(
            condition, what, timeout=self._timeout, ignore=_EARLY
        )
