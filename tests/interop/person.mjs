// A person at a browser, as far as a server can tell: keeps cookies by the browser's rules, follows redirects one at a
// time, fills in forms. It also watches: whatever a page or a cookie lacks for safety is noted in `complaints`.

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"' };

/** Which cookies go along, by SameSite, with a request that another site caused. */
const SENT_ACROSS_SITES = { GET: ['lax', 'none'], POST: ['none'] };

/** More steps than any sign-in has. */
const MOST_STEPS = 12;

function unescape(text) {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(amp|lt|gt|quot));/gi, (_, hex, decimal, name) =>
    name ? ENTITIES[name.toLowerCase()] : String.fromCodePoint(parseInt(hex ?? decimal, hex ? 16 : 10)),
  );
}

function attributes(tag) {
  const pairs = [...tag.matchAll(/([\w-]+)(?:="([^"]*)")?/g)];
  return Object.fromEntries(pairs.map(([, name, value = '']) => [name, unescape(value)]));
}

/** What came back for one request. */
class Page {
  constructor(url, response, html) {
    this.url = url;
    this.status = response.status;
    this.headers = response.headers;
    this.html = html;
  }

  /** Where the server sends the browser next. */
  get location() {
    const target = this.headers.get('location');
    return target === null ? undefined : new URL(target, this.url);
  }

  /** The form with this id: its action, method and filled-in fields. */
  form(id) {
    const found = new RegExp(`<form\\b([^>]*\\bid="${id}"[^>]*)>([\\s\\S]*?)</form>`).exec(this.html);
    if (!found) return undefined;
    const { action, method } = attributes(found[1]);
    const inputs = [...found[2].matchAll(/<input\b([^>]*)>/g)].map(([, tag]) => attributes(tag));
    const fields = Object.fromEntries(inputs.filter(({ name }) => name).map(({ name, value = '' }) => [name, value]));
    return { action: new URL(action || this.url, this.url), method: method?.toUpperCase() ?? 'GET', fields };
  }

  /** Text of the main heading. */
  get heading() {
    return unescape(/<h1[^>]*>([\s\S]*?)<\/h1>/.exec(this.html)?.[1] ?? '').trim();
  }
}

export class Person {
  #cookies = new Map();

  /** `account` has `email` and `password`. */
  constructor(account) {
    this.account = account;
    /** Rules broken by what the server sent. */
    this.complaints = [];
    /** Ids of the forms shown during the last `answer`. */
    this.shown = [];
  }

  /**
   * One request, no redirect followed. `site` says who caused it: `none` (typed in), `same-origin`, or `cross-site`,
   * where cookies stay home by their SameSite rule unless `allCookies`, as in a browser without that rule.
   */
  async open(url, { form, site = form ? 'same-origin' : 'none', allCookies = false, language = 'en' } = {}) {
    const target = new URL(url);
    const method = form ? 'POST' : 'GET';
    const headers = {
      accept: 'text/html',
      'accept-language': language,
      'sec-fetch-site': site,
      'sec-fetch-dest': 'document',
      cookie: this.#cookieHeader(method, site === 'cross-site' && !allCookies),
    };
    if (form) headers.origin = site === 'cross-site' ? 'https://elsewhere.example' : target.origin;
    const body = form && new URLSearchParams(form);
    const response = await fetch(target, { method, headers, body, redirect: 'manual' });
    response.headers.getSetCookie().forEach((line) => this.#keep(line));
    const page = new Page(target, response, await response.text());
    this.#inspect(page, method);
    page.site = site;
    return page;
  }

  /** Fills in the form `id` of `page` and presses one of its buttons. */
  submit(page, id, values = {}, options = {}) {
    const form = page.form(id);
    if (!form) throw new Error(`no form ${id} on "${page.heading}" (${page.status})`);
    return this.open(form.action, { form: { ...form.fields, ...values }, ...options });
  }

  /**
   * Does what a person does after an application sent them to `url`: signs in, agrees or refuses, until the browser is
   * sent back to `redirectUri`. Returns that URL, or a Request for an answer by form post, or the page where it ended.
   */
  async answer(url, redirectUri, { decide = 'accept', language, form } = {}) {
    this.shown = [];
    let page = await this.open(url, { site: 'cross-site', language, form });
    for (let step = 0; step < MOST_STEPS; step += 1) {
      if (page.location) {
        const next = page.location;
        if (next.href.replace(/[?#].*$/, '') === redirectUri) return next;
        page = await this.open(next, { site: page.site, language });
      } else if (page.form('login-form')) {
        if (this.shown.includes('login-form')) throw new Error('the sign-in page came a second time');
        this.shown.push('login-form');
        const { email, password } = this.account;
        page = await this.submit(page, 'login-form', { email, password }, { language });
      } else if (page.form('consent-form')) {
        this.shown.push('consent-form');
        page = await this.submit(page, 'consent-form', { [decide]: '1' }, { language });
      } else if (page.form('form-post')) {
        const { action, fields } = page.form('form-post');
        if (action.href !== redirectUri) throw new Error(`a form posts to ${action}`);
        return new Request(action, { method: 'POST', body: new URLSearchParams(fields) });
      } else {
        return page;
      }
    }
    throw new Error(`still not back after ${MOST_STEPS} steps, at ${page.url.pathname}`);
  }

  /** Value of the cookie whose name has `part` in it. */
  cookie(part) {
    return [...this.#cookies].find(([name]) => name.includes(part))?.[1].value;
  }

  /** Names of all cookies. */
  get cookieNames() {
    return [...this.#cookies.keys()];
  }

  /** Plants a cookie, as an attacker with a foot in the door would. */
  plant(name, value) {
    this.#cookies.set(name, { value, sameSite: 'lax' });
  }

  /** Everything this browser remembers, in another browser. */
  copy(account = this.account) {
    const twin = new Person(account);
    this.#cookies.forEach(({ value }, name) => twin.plant(name, value));
    return twin;
  }

  #cookieHeader(method, crossSite) {
    const goes = ({ sameSite }) => !crossSite || SENT_ACROSS_SITES[method].includes(sameSite);
    const sent = [...this.#cookies].filter(([, cookie]) => goes(cookie));
    return sent.map(([name, { value }]) => `${name}=${value}`).join('; ');
  }

  #keep(line) {
    const [pair, ...rest] = line.split(';').map((part) => part.trim());
    const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
    const rules = Object.fromEntries(rest.map((part) => part.toLowerCase().split('=')).map(([k, v = '']) => [k, v]));
    const safe = 'secure' in rules && 'httponly' in rules && rules.path === '/' && !('domain' in rules);
    if (!name.startsWith('__Host-') || !safe || !['lax', 'strict'].includes(rules.samesite)) {
      this.complaints.push(`cookie without its protection: ${name}; ${rest.join('; ')}`);
    }
    if (rules['max-age'] === '0' || value === '' || Date.parse(rules.expires) < Date.now()) this.#cookies.delete(name);
    else this.#cookies.set(name, { value, sameSite: rules.samesite ?? 'lax' });
  }

  #inspect(page, method) {
    const complain = (what) => this.complaints.push(`${method} ${page.url.pathname}: ${what}`);
    const header = (name) => page.headers.get(name) ?? '';
    if (page.location && method === 'POST' && page.status !== 303) complain(`redirect by ${page.status}, not 303`);
    if (header('access-control-allow-origin')) complain('answers to scripts of other sites');
    if (!header('cache-control').includes('no-store')) complain('may be stored by a cache');
    if (header('referrer-policy') !== 'no-referrer') complain('tells the next site where the browser was');
    if (!page.html || !header('content-type').startsWith('text/html')) return;
    const policy = header('content-security-policy');
    if (!policy.includes("frame-ancestors 'none'")) complain('may be framed');
    if (policy.includes('unsafe-inline') || policy.includes('unsafe-eval')) complain('may run injected scripts');
    const foreign = [...page.html.matchAll(/<(?:img|script|link|iframe)\b[^>]*\b(?:src|href)="(\w+:)?\/\/[^"]*"/g)];
    if (foreign.length > 0) complain(`loads from elsewhere: ${foreign[0][0]}`);
  }
}
