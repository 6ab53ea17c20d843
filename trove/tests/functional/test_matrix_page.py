# SPDX-License-Identifier: Apache-2.0
"""The page of ``trove-rpc matrix --html``, in a browser."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import tempfile

from selenium.webdriver.common import by
from selenium.webdriver.common import keys

from trove.rpcadmin.matrix import rows
from trove.tests import base
from trove.tests.fixtures import chromium

Keys = keys.Keys

#: Gives the least contrast between a text and what is behind it, of all
#: elements that a selector finds, with the text itself.
_CONTRAST = """
const channel = (v) => (
  v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const parse = (text) => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => 0.2126 * channel(r / 255)
  + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
function behind(element) {
  for (let at = element; at; at = at.parentElement) {
    const found = parse(getComputedStyle(at).backgroundColor);
    if (found.length < 4 || found[3] === 1) return found;
  }
  return [255, 255, 255];
}
let worst = [99, ''];
for (const element of document.querySelectorAll(arguments[0])) {
  if (!element.textContent.trim() || !element.checkVisibility()) continue;
  const both = [parse(getComputedStyle(element).color), behind(element)];
  const [low, high] = both.map(light).sort((a, b) => a - b);
  const ratio = (high + 0.05) / (low + 0.05);
  if (ratio < worst[0]) worst = [ratio, element.outerHTML.slice(0, 200)];
}
return worst;
"""
#: What Web Content Accessibility Guidelines 2, level AA, ask of small text.
_LEAST = 4.5

_TEXTS = (
    'h1, h2, p, td, td small, th, th b, li, li i, .chip, label span, summary,'
    ' [role=tab], button, footer, dialog td, dialog small, code, .lead'
)


class PageTest(base.TestCase):
    """Opened from a file, as an operator gets it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.path = pathlib.Path(directory.name, 'matrix.html')
        subprocess.run(
            [
                *(sys.executable, '-m', 'trove.cmd.rpc'),
                *('matrix', '--html', cls.path),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        cls.browser = chromium.Chromium()
        cls.browser.setUp()
        cls.addClassCleanup(cls.browser.cleanUp)

    def setUp(self):
        super().setUp()
        self.driver = self.browser.driver
        self.browser.look()
        self.open()
        self.driver.execute_script('localStorage.clear()')
        self.open()

    def open(self, place=''):
        # Another fragment alone would not load it anew.
        self.driver.get('about:blank')
        list(self.browser.requests())
        self.driver.get(f'{self.path.as_uri()}{place and "#" + place}')

    def find(self, selector):
        return self.driver.find_element(by.By.CSS_SELECTOR, selector)

    def all(self, selector):
        """What a selector finds and is to be seen."""
        return self.driver.execute_script(
            'return [...document.querySelectorAll(arguments[0])].filter('
            'each => each.checkVisibility())',
            selector,
        )

    def texts(self, selector):
        return self.driver.execute_script(
            'return arguments[0].map(each => each.innerText)',
            self.all(selector),
        )

    def cell(self, client, server, interface='guestagent'):
        numbers = [str(each.number) for each in rows.all_releases()]
        places = numbers.index(str(client)), numbers.index(str(server))
        place = ' '.join(map(str, places))
        return self.find(f'#panel-{interface} td[data-at="{place}"]')

    def marks(self, *place):
        """What the eye sees in a cell."""
        return self.driver.execute_script(
            'const cell = arguments[0].cloneNode(true);'
            "for (const each of cell.querySelectorAll('.hidden')) "
            'each.remove();'
            "return [...cell.querySelectorAll('small')].map(small => {"
            'small.remove(); return small.textContent})'
            '.toSpliced(0, 0, cell.textContent)',
            self.cell(*place),
        )

    def press(self, *what):
        self.driver.switch_to.active_element.send_keys(*what)

    @property
    def focused(self):
        return self.driver.switch_to.active_element

    @property
    def status(self):
        return self.find('#status').text

    def rows_of_dialog(self):
        """What it says of each message: name, outcome."""
        names = self.texts('dialog tbody code')
        first = '.chip:first-child'
        return list(zip(names, self.texts(f'tbody {first}'), strict=True))


class LookTest(PageTest):
    def test_all_releases_against_all(self):
        everyone = rows.all_releases()

        self.assertEqual('Trove RPC matrix', self.driver.title)
        tabs = self.all('[role=tab]')
        self.assertEqual(
            ['taskmanager', 'conductor', 'guestagent'],
            self.texts('[role=tab]'),
        )
        for tab in tabs:
            tab.click()
            self.assertEqual(
                [str(each.number) for each in everyone],
                self.texts('.grid tbody th b'),
            )
            self.assertEqual(
                len(everyone) ** 2, len(self.all('.grid td')), tab.text
            )

    def test_nothing_leaves(self):
        self.cell(26, 14).click()
        self.find('#close').click()
        self.find('#search').send_keys('stop')

        self.assertEqual(
            {self.path.as_uri()}, set(self.browser.requests())
        )
        self.assertEqual([], self.browser.complaints())

    def test_cells_say_what_the_command_says(self):
        for client, server in ((26, 14), (12, 26), (14, 8), (26, 26)):
            found = rows.between(
                'guestagent', rows.find(str(client)), rows.find(str(server))
            )
            outcomes = [row.outcome for row in found if not row.vain]
            silent = sum(each in ('lost', 'no reply') for each in outcomes)
            marks = [f'✕ {silent}'] if silent else []
            refused = outcomes.count('refused')
            marks += [f'▲ {refused}']

            self.assertEqual(marks, self.marks(client, server))
            cell = self.cell(client, server)
            said = cell.accessible_name
            self.assertTrue(said.startswith(f'From {client} ('), said)
            self.assertIn(f'{refused} refused', said)
            self.assertIn(f'{outcomes.count("same")} same', said)
            self.assertEqual('gridcell', cell.aria_role)
        self.assertEqual(['✓'], self.marks(12, rows.find('latest').number))

    def test_colours_can_be_told_from_each_other(self):
        self.open('guestagent/26/14')
        for scheme in 'light', 'dark':
            self.browser.look(scheme=scheme)

            ratio, where = self.driver.execute_script(_CONTRAST, _TEXTS)

            self.assertGreaterEqual(ratio, _LEAST, (scheme, where))

    def background(self):
        return self.find('body').value_of_css_property('background-color')

    def test_dark_and_light(self):
        light = self.background()
        self.browser.look(scheme='dark')
        dark = self.background()
        self.assertNotEqual(light, dark)

        self.find('#theme input[value=light] + span').click()
        self.assertEqual(light, self.background())
        self.open()
        self.assertEqual(light, self.background())
        self.find('#theme input[value=dark] + span').click()
        self.browser.look(scheme='light')
        self.assertEqual(dark, self.background())
        self.find('#theme input[value=""] + span').click()
        self.assertEqual(light, self.background())

    def test_on_a_phone(self):
        self.browser.look(390, 800)
        widths = 'return [document.documentElement.scrollWidth, innerWidth]'
        self.assertEqual([390, 390], self.driver.execute_script(widths))

        self.cell(26, 14).click()

        box = self.driver.execute_script(
            'return arguments[0].getBoundingClientRect()', self.find('dialog')
        )
        self.assertEqual(
            [0, 0, 390, 800],
            [box[name] for name in ('left', 'top', 'width', 'height')],
        )
        content = self.find('#body')
        self.assertLessEqual(
            self.driver.execute_script(
                'return arguments[0].scrollWidth', content
            ),
            390,
        )

    def test_on_paper(self):
        self.browser.look(media='print', scheme='dark')

        self.assertEqual(3, len(self.all('.panel')))
        self.assertEqual([], self.all('#search, #theme, [role=tab]'))
        self.assertEqual('rgba(255, 255, 255, 1)', self.background())


class UseTest(PageTest):
    def test_a_cell_tells_its_messages(self):
        self.cell(26, 14).click()

        self.assertEqual(
            'guestagent: from 26 (2026.2) to 14 (Victoria)',
            self.find('dialog h2').text,
        )
        told = self.rows_of_dialog()
        self.assertEqual(('prepare', '✕ lost'), told[0])
        self.assertIn(('stop_db', '▲ refused'), told)
        self.assertNotIn('✓ same', {outcome for _, outcome in told})
        text = self.find('#body').text
        self.assertIn('project ID is lost', text)
        self.assertIn('nobody is told', text)
        self.assertIn('this service supports 1.0', text)
        self.assertIn('Upgrade the guest agent of the instance', text)
        self.all('dialog .switch button')[1].click()
        self.assertIn(('restart', '✓ same'), self.rows_of_dialog())
        self.find('#close').click()
        self.assertEqual([], self.all('dialog'))

    def test_by_keyboard(self):
        latest = rows.find('latest').number
        self.find('#search').send_keys(Keys.TAB)
        self.assertEqual(self.cell(8, 8), self.focused)

        self.press(Keys.ARROW_RIGHT)
        self.assertEqual(self.cell(8, 11), self.focused)
        self.press(Keys.END)
        self.press(Keys.ARROW_RIGHT)
        self.assertEqual(self.cell(8, latest), self.focused)
        self.press(Keys.PAGE_DOWN)
        self.press(Keys.HOME)
        self.assertEqual(self.cell(latest, 8), self.focused)
        self.press(Keys.ARROW_UP)
        self.assertEqual(
            1, len(self.all('#panel-guestagent td[tabindex="0"]'))
        )

        self.press(Keys.ENTER)
        self.assertIn('from 26 (2026.2) to 8', self.find('dialog h2').text)
        self.press(Keys.ESCAPE)
        self.assertEqual([], self.all('dialog'))
        self.assertEqual(self.cell(26, 8), self.focused)
        self.press(Keys.SPACE)
        self.assertEqual(1, len(self.all('dialog')))

    def test_the_interfaces_by_keyboard(self):
        self.find('#tab-guestagent').send_keys(Keys.ARROW_RIGHT)

        self.assertEqual(self.find('#tab-taskmanager'), self.focused)
        self.assertEqual('true', self.focused.get_attribute('aria-selected'))
        self.assertEqual(
            ['panel-taskmanager'],
            [each.get_attribute('id') for each in self.all('.panel')],
        )

    def test_searching_for_a_method(self):
        self.press('/')
        self.assertEqual(self.find('#search'), self.focused)
        self.press('stop_db')

        self.assertEqual(
            [['▲ 1'], ['▲ 1'], ['✓'], ['✓']],
            [
                self.marks(*pair)
                for pair in ((26, 14), (12, 26), (26, 26), (14, 12))
            ],
        )
        self.assertIn('stop_db: not the same between', self.status)
        self.cell(26, 14).click()
        self.assertEqual([('stop_db', '▲ refused')], self.rows_of_dialog())
        self.find('dialog .plain').click()
        self.assertEqual('', self.find('#search').get_property('value'))
        self.assertLess(1, len(self.rows_of_dialog()))

    def test_searching_for_a_part_of_a_name(self):
        self.find('#search').send_keys('TXN')

        self.assertEqual(
            ['get_last_txn', 'get_latest_txn_id', 'get_txn_count']
            + ['wait_for_txn'],
            sorted(self.texts('#hits code')),
        )
        self.all('#hits button')[0].click()
        self.assertEqual(1, len(self.all('#hits code')))

    def test_searching_in_vain(self):
        self.find('#search').send_keys('heartbeat')

        self.assertEqual(
            'guestagent has no method “heartbeat”; conductor does.',
            self.status,
        )
        self.assertEqual(['–'], self.marks(26, 14))
        self.find('#tab-conductor').click()
        self.assertIn('heartbeat: not the same between 0 of', self.status)

    def test_an_address_of_a_cell(self):
        self.open('conductor/26/8')

        self.assertIn('conductor: from 26', self.find('dialog h2').text)
        self.assertIn(('report_root', '✕ lost'), self.rows_of_dialog())
        self.press(Keys.ESCAPE)
        self.assertTrue(self.driver.current_url.endswith('#conductor'))
        self.cell(26, 12, 'conductor').click()
        self.assertTrue(self.driver.current_url.endswith('#conductor/26/12'))
