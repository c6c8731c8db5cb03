// Nobody is ever sent to an address that was not registered, whatever else the request says.

import assert from 'node:assert/strict';
import { Person } from '../person.mjs';

/** Addresses that a careless comparison takes for `http://127.0.0.1:9999/callback`, or that lead elsewhere. */
function lookAlikes({ origin, host, port, path }) {
  return [
    ...['/', '?x=1', '#x', ' ', '\t', '\n', '\0', '%00', '%20', '%2f', '/..', '/../..', ';x', '.', '%23'].map((tail) => origin + path + tail),
    ...[' ', '\t', '\n', 'x'].map((head) => head + origin + path),
    `${origin}/`, origin, `${origin}/${path}`, `${origin}/.${path}`, `${origin}/x/..${path}`, `${origin}/\t${path.slice(1)}`,
    origin + path.toUpperCase(), `${origin}/%63${path.slice(2)}`, `${origin}\\${path.slice(1)}`, `${origin}/%5c..${path}`,
    `HTTP://${host}:${port}${path}`, `https://${host}:${port}${path}`, `http:/${host}:${port}${path}`,
    `http:${host}:${port}${path}`, `//${host}:${port}${path}`, `http:\\\\${host}:${port}${path}`, path,
    `http://${host}${path}`, `http://${host}:${Number(port) + 1}${path}`, `http://${host}:0${port}${path}`,
    `http://${host}.:${port}${path}`, `http://${host}.elsewhere.example:${port}${path}`,
    `http://localhost:${port}${path}`, `http://127.1:${port}${path}`, `http://2130706433:${port}${path}`,
    `http://0x7f.0.0.1:${port}${path}`, `http://0177.0.0.1:${port}${path}`, `http://[::1]:${port}${path}`,
    `http://[::ffff:127.0.0.1]:${port}${path}`, `http://[fe80::1%25eth0]:${port}${path}`,
    `http://user@${host}:${port}${path}`, `http://user:x@${host}:${port}${path}`, `http://a@b@${host}:${port}${path}`,
    `http://${host}:${port}@elsewhere.example${path}`, `http://elsewhere.example\\@${host}:${port}${path}`,
    `http://elsewhere.example%5c@${host}:${port}${path}`, `http://elsewhere.example#@${host}:${port}${path}`,
    `http://elsewhere.example?@${host}:${port}${path}`, `http://elsewhere.example/${host}:${port}${path}`,
    'javascript:alert(1)', 'data:text/html,x', 'about:blank', 'http://elsewhere.example/callback',
  ];
}

export async function redirects({ demo, report, web, spa }) {
  const alice = new Person(demo.user('alice'));
  await web.signIn(alice);
  const { origin, hostname: host, port, pathname: path } = new URL(web.redirectUri);
  const aliases = lookAlikes({ origin, host, port, path });

  for (const mode of ['query', 'fragment', 'form_post']) {
    // Someone who is signed in would get a code at once, the other requests an error: neither may travel.
    const paths = { code: {}, error: { prompt: 'none', scope: 'nonsense' }, type: { response_type: 'token' } };
    await report.check(`${aliases.length} look-alike redirect URIs, ${mode}: a page here, no redirect`, async () => {
      for (const uri of aliases) {
        for (const [name, parameters] of Object.entries(paths)) {
          const { url } = await web.request({ ...parameters, response_mode: mode, redirect_uri: uri });
          const page = await alice.open(url, { site: 'cross-site' });
          const what = `${JSON.stringify(uri)}, ${name}`;
          assert.equal(page.location, undefined, `${what} was redirected`);
          assert.ok(!page.form('form-post'), `${what} was posted to`);
          assert.equal(page.status, 400, what);
        }
      }
      await web.signIn(alice);
    });
  }

  await report.check('an unknown client gets a page, no redirect', async () => {
    const { url } = await web.request({ client_id: 'nobody' });
    const page = await alice.open(url);
    assert.deepEqual([page.status, page.location], [400, undefined]);
    assert.ok(page.heading);
  });

  await report.check('a redirect URI of another client gets a page, no redirect', async () => {
    const { url } = await web.request({ redirect_uri: spa.redirectUri });
    const page = await alice.open(url);
    assert.deepEqual([page.status, page.location], [400, undefined]);
  });

  await report.check('a loopback address may vary its port, and nothing else', async () => {
    for (const uri of ['http://localhost:5000/callback', 'http://[::1]:5000/callback', 'http://127.0.0.1:5000/callback/',
      'http://127.0.0.1:5000/callback?x', 'https://127.0.0.1:5000/callback', 'http://127.0.0.1:65536/callback',
      'http://127.0.0.1:5000@elsewhere.example/callback', 'http://127.0.0.2:5000/callback']) {
      const { url } = await spa.request({ redirect_uri: uri });
      const page = await alice.open(url);
      assert.deepEqual([page.status, page.location], [400, undefined], uri);
    }
    await spa.signIn(alice);
  });
}
