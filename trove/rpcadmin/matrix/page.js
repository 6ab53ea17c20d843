
'use strict';
{
  const data = JSON.parse(document.getElementById('data').textContent);
  const releases = data.releases;
  const at = (id) => document.getElementById(id);
  const dialog = at('details');
  const search = at('search');
  let shown = data.interfaces[0];
  let opened = null;

  // What a message's fate is called, worst last; its mark and its class.
  const KINDS = [
    { name: 'same', mark: '✓', css: 'same' },
    { name: 'left out', mark: '◐', css: 'left' },
    { name: 'refused', mark: '▲', css: 'told' },
    { name: 'no reply', mark: '✕', css: 'silent' },
    { name: 'lost', mark: '✕', css: 'silent' },
  ];
  const LEARNS = {
    sender: 'the sender is told',
    operator: 'the receiver writes it down',
    lost: 'the receiver drops it with a line in its log; nobody is told',
    'no reply': 'it is done, but the sender waits until it times out',
  };

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === 'class') element.className = value;
      else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
      else if (value !== null && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  const called = (release) => `${release.number} (${release.series})`;

  const kindOf = ([outcome]) => KINDS.findIndex((kind) => kind.name === outcome);

  // The messages between two releases, of the methods that are searched for.
  function messages(one, client, server, wanted) {
    const found = one.lists[one.cells[client][server]];
    return wanted ? found.filter(([method]) => wanted.has(method)) : found;
  }

  // Whether it does not matter what becomes of a message.
  const isVain = (one, [, , fate]) => Boolean(one.fates[fate][6]);

  function count(one, found) {
    const counts = KINDS.map(() => 0);
    for (const each of found) if (!isVain(one, each)) counts[kindOf(one.fates[each[2]])] += 1;
    return counts;
  }

  // Which methods the search finds; null where nothing is searched for.
  function wantedIn(one) {
    const text = search.value.trim().toLowerCase();
    if (!text) return null;
    const names = one.methods.map(([name]) => name);
    const exact = names.indexOf(text);
    if (exact >= 0) return new Set([exact]);
    return new Set(names.flatMap((name, i) => (name.includes(text) ? [i] : [])));
  }

  // --- the grids ---------------------------------------------------------

  // A number with its mark for the eye, and its word for the ear.
  const tally = ([mark, number, name]) => [
    make('span', { 'aria-hidden': 'true' }, `${mark} `), String(number), unseen(` ${name}`),
  ];
  const unseen = (text) => make('span', { class: 'hidden' }, text);

  function fill(cell, one, client, server, wanted) {
    const counts = count(one, messages(one, client, server, wanted));
    const [same, left, refused, unanswered, lost] = counts;
    const silent = unanswered + lost;
    const total = counts.reduce((a, b) => a + b);
    const parts = [
      ['✕', silent, [lost && 'lost', unanswered && 'no reply'].filter(Boolean).join(' or ')],
      ['▲', refused, 'refused'],
      ['◐', left, 'left out'],
    ].filter(([, number]) => number);
    let css = silent ? 'silent' : refused ? 'told' : left ? 'left' : same ? 'same' : 'none';
    const share = (silent || refused) / total;
    css += share > 0.25 ? ' h3' : share > 0.045 ? ' h2' : ' h1';
    const noted = one.notes[client][server].length;
    cell.className = css + (noted ? ' has-note' : '');
    const [first, second, third] = parts;
    cell.replaceChildren(
      unseen(`From ${called(releases[client])} to ${called(releases[server])}: `),
      ...(first ? tally(first) : [make('span', { 'aria-hidden': 'true' }, same ? '✓' : '–')]),
      ...(second ? [make('small', {}, ...tally(second))] : []),
      unseen(`${third ? `, ${third[1]} ${third[2]}` : ''}, ${same} same${noted ? ', with notes' : ''}`),
    );
  }

  function heading(release, scope) {
    const name = make('b', {}, String(release.number));
    const order = scope === 'row' ? [release.series, name] : [name, release.series];
    return make('th', { scope, class: release.ours ? 'ours' : '', title: release.ours ? 'this release' : null }, ...order);
  }

  function grid(one) {
    const body = make('tbody');
    releases.forEach((client, c) => {
      const row = make('tr', {}, heading(client, 'row'));
      releases.forEach((server, s) => {
        const cell = make('td', { role: 'gridcell', tabindex: c + s ? -1 : 0, 'data-at': `${c} ${s}` });
        row.append(cell);
      });
      body.append(row);
    });
    const corner = make('th', { class: 'corner', scope: 'col' }, 'sends ↓  receives →');
    const table = make(
      'table', { role: 'grid', class: 'grid', 'aria-label': `${one.name}: rows are ${one.sends}, columns are ${one.takes}` },
      make('thead', {}, make('tr', {}, corner, ...releases.map((each) => heading(each, 'col')))), body,
    );
    const place = (cell) => cell.dataset.at.split(' ').map(Number);
    table.addEventListener('click', (event) => {
      const cell = event.target.closest('td');
      if (cell) { step(table, cell); open(one, ...place(cell), cell); }
    });
    table.addEventListener('keydown', (event) => {
      const cell = event.target.closest('td');
      if (!cell) return;
      const [c, s] = place(cell);
      const last = releases.length - 1;
      const all = event.ctrlKey || event.metaKey;
      const moves = {
        ArrowUp: [c - 1, s], ArrowDown: [c + 1, s], ArrowLeft: [c, s - 1], ArrowRight: [c, s + 1],
        Home: [all ? 0 : c, 0], End: [all ? last : c, last], PageUp: [0, s], PageDown: [last, s],
      };
      if (event.key === 'Enter' || event.key === ' ') open(one, c, s, cell);
      else if (moves[event.key]) {
        const [row, column] = moves[event.key].map((n) => Math.max(0, Math.min(last, n)));
        step(table, body.rows[row].cells[column + 1]).focus();
      } else return;
      event.preventDefault();
    });
    table.addEventListener('focusin', (event) => mark(table, event.target.closest('td')));
    table.addEventListener('focusout', () => mark(table, null));
    return table;
  }

  // Only one cell of a grid is reached by Tab.
  function step(table, cell) {
    table.querySelector('td[tabindex="0"]').tabIndex = -1;
    cell.tabIndex = 0;
    return cell;
  }

  function mark(table, cell) {
    for (const head of table.querySelectorAll('th.at')) head.classList.remove('at');
    if (!cell) return;
    cell.parentNode.cells[0].classList.add('at');
    table.tHead.rows[0].cells[cell.cellIndex].classList.add('at');
  }

  // --- the messages of a cell --------------------------------------------

  function line(one, [method, argument, number]) {
    const [name, kind] = one.methods[method];
    const fate = one.fates[number];
    const [, told, sent, needs, why, remedy, vain] = fate;
    const { name: outcome, mark: sign, css } = KINDS[kindOf(fate)];
    const result = make('td', {}, make('b', { class: `chip ${css}` }, `${sign} ${outcome}`));
    if (vain) result.append(make('b', { class: 'chip vain' }, 'in vain'));
    const learns = LEARNS[told ?? outcome];
    if (learns) result.append(make('small', {}, learns));
    const because = make('td', {}, why || 'arrives as it was meant');
    const rest = [remedy, vain,
      needs && !why.includes(needs) ? `Needs revision ${needs}.` : '', sent ? `Sent as version ${sent}.` : ''];
    because.append(make('small', {}, rest.filter(Boolean).join(' ')));
    return make(
      'tr', {},
      make('td', {}, make('code', {}, name), make('small', {}, argument ? `${kind}, with ${argument}` : kind)),
      result, because,
    );
  }

  function list(one, found) {
    const head = ['Message', 'Outcome', 'Why, and what to do'].map((text) => make('th', { scope: 'col' }, text));
    return make('table', { class: 'list' }, make('thead', {}, make('tr', {}, ...head)),
      make('tbody', {}, ...found.map((each) => line(one, each))));
  }

  function open(one, client, server, cell) {
    const wanted = wantedIn(one);
    const found = messages(one, client, server, wanted);
    const counts = count(one, found);
    const worst = (each) => {
      const kind = kindOf(one.fates[each[2]]);
      return isVain(one, each) ? kind / 10 : kind;
    };
    const odd = found.filter(worst).sort((a, b) => worst(b) - worst(a));
    const chips = KINDS.map((kind, i) => counts[i] && make('b', { class: `chip ${kind.css}` }, `${kind.mark} ${counts[i]} ${kind.name}`));
    const vain = found.filter((each) => isVain(one, each)).length;
    if (vain) chips.push(make('b', { class: 'chip vain' }, `${vain} in vain`));
    const content = make('div');
    const choose = make('div', { class: 'choose' });
    const show = (all) => {
      const rows = all ? [...odd, ...found.filter((each) => !worst(each))] : odd;
      content.replaceChildren(rows.length ? list(one, rows) : make('p', {}, found.length ? 'All of them arrive as they were meant.' : 'There are none.'));
      for (const button of choose.querySelectorAll('.switch button')) {
        button.setAttribute('aria-pressed', String((button.value === 'all') === all));
      }
    };
    choose.append(make('div', { class: 'switch', role: 'group', 'aria-label': 'Messages' },
      make('button', { type: 'button', value: 'odd', onclick: () => show(false) }, `Not the same (${odd.length})`),
      make('button', { type: 'button', value: 'all', onclick: () => show(true) }, `All (${found.length})`)));
    if (wanted) {
      choose.append(make('span', {}, `Only “${search.value.trim()}”. `, make('button', {
        type: 'button', class: 'plain', onclick: () => { search.value = ''; refresh(); open(one, client, server, cell); },
      }, 'Show all methods')));
    }
    const kind = (note) => (note.kind ? `${note.kind[0].toUpperCase()}${note.kind.slice(1)}s: ` : '');
    at('title').replaceChildren(`${one.name}: from ${called(releases[client])} to ${called(releases[server])}`);
    at('body').replaceChildren(
      make('p', { class: 'chips' }, ...chips.filter(Boolean)),
      ...one.notes[client][server].map((n) => make('p', { class: 'note' }, kind(data.notes[n]) + data.notes[n].text)),
      choose, content,
    );
    show(!odd.length && found.length < 8);
    opened = cell;
    if (!dialog.open) dialog.showModal();
    at('body').scrollTop = 0;
    remember(`${one.name}/${releases[client].number}/${releases[server].number}`);
  }

  dialog.addEventListener('close', () => { opened?.focus(); remember(shown.name); });
  dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
  at('close').addEventListener('click', () => dialog.close());

  // --- what is shown -----------------------------------------------------

  function refresh() {
    for (const one of data.interfaces) {
      const wanted = wantedIn(one);
      for (const cell of at(`panel-${one.name}`).querySelectorAll('td')) {
        fill(cell, one, ...cell.dataset.at.split(' ').map(Number), wanted);
      }
    }
    const wanted = wantedIn(shown);
    const names = [...(wanted ?? [])].map((i) => shown.methods[i]);
    at('hits').replaceChildren(...names.slice(0, 40).map(([name, kind, doc]) => make('li', {},
      make('button', { type: 'button', onclick: () => { search.value = name; refresh(); } }, make('code', {}, name)),
      make('span', {}, ` ${kind}. ${doc}`))));
    at('status').textContent = summary(wanted, names);
  }

  function summary(wanted, names) {
    const text = search.value.trim();
    const about = `${shown.name}: ${shown.sends} send, ${shown.takes} receive.`;
    if (!wanted) return `${about} ${shown.methods.length} methods.`;
    if (!names.length) {
      const elsewhere = data.interfaces.filter((one) => wantedIn(one).size).map((one) => one.name);
      return `${shown.name} has no method “${text}”${elsewhere.length ? `; ${elsewhere.join(' and ')} does` : ''}.`;
    }
    let pairs = 0;
    releases.forEach((_, c) => releases.forEach((__, s) => {
      const found = messages(shown, c, s, wanted);
      if (count(shown, found).slice(1).some(Boolean)) pairs += 1;
    }));
    const what = names.length === 1 ? names[0][0] : `${names.length} methods with “${text}”`;
    return `${about} ${what}: not the same between ${pairs} of ${releases.length ** 2} pairs of releases.`;
  }

  function choose(one) {
    shown = one;
    for (const each of data.interfaces) {
      const tab = at(`tab-${each.name}`);
      tab.setAttribute('aria-selected', String(each === one));
      tab.tabIndex = each === one ? 0 : -1;
      at(`panel-${each.name}`).hidden = each !== one;
    }
    at('names').replaceChildren(...one.methods.map(([name]) => make('option', { value: name })));
    refresh();
    remember(one.name);
  }

  function remember(place) {
    history.replaceState(null, '', `#${place}`);
  }

  function theme(name) {
    if (name) document.documentElement.dataset.theme = name;
    else delete document.documentElement.dataset.theme;
    try { localStorage.setItem('trove-rpc-matrix-theme', name); } catch { /* not kept then */ }
  }

  function start() {
    for (const one of data.interfaces) {
      at('tabs').append(make('button', {
        type: 'button', role: 'tab', id: `tab-${one.name}`, 'aria-controls': `panel-${one.name}`, onclick: () => choose(one),
      }, one.name));
      at('grids').append(make('section', { class: 'panel', role: 'tabpanel', id: `panel-${one.name}`, 'aria-labelledby': `tab-${one.name}` },
        make('h2', { class: 'hidden' }, `${one.name}: ${one.sends} send, ${one.takes} receive`),
        make('div', { class: 'scroll' }, grid(one))));
    }
    at('tabs').addEventListener('keydown', (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by) return;
      const all = data.interfaces;
      choose(all[(all.indexOf(shown) + by + all.length) % all.length]);
      at(`tab-${shown.name}`).focus();
    });
    search.addEventListener('input', refresh);
    document.addEventListener('keydown', (event) => {
      if (event.key !== '/' || dialog.open || event.target === search) return;
      event.preventDefault();
      search.focus();
    });
    at('theme').addEventListener('change', (event) => theme(event.target.value));
    let kept = '';
    try { kept = localStorage.getItem('trove-rpc-matrix-theme') ?? ''; } catch { /* as the system has it */ }
    const radio = at('theme').querySelector(`input[value="${CSS.escape(kept)}"]`);
    if (kept && radio) { radio.checked = true; theme(kept); }
    const [name, ...numbers] = location.hash.slice(1).split('/');
    const one = data.interfaces.find((each) => each.name === name) ?? data.interfaces.at(-1);
    const [client, server] = numbers.map((n) => releases.findIndex((each) => String(each.number) === n));
    choose(one);
    if (client >= 0 && server >= 0) {
      const table = at(`panel-${one.name}`).querySelector('table');
      open(one, client, server, step(table, table.tBodies[0].rows[client].cells[server + 1]));
    }
  }

  start();
}
