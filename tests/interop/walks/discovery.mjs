// What a client library learns before anybody signs in.

import assert from 'node:assert/strict';

const PRIVATE_PARTS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'];

export async function discovery({ demo, report, web }) {
  const { issuer } = demo;
  const get = (path, headers) => fetch(issuer + path, { headers });

  await report.check('both metadata documents say the same', async () => {
    const paths = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'];
    const [oidc, oauth] = await Promise.all(paths.map(async (path) => (await get(path)).json()));
    assert.deepEqual(oidc, oauth);
    assert.equal(oidc.issuer, issuer);
  });

  await report.check('metadata promises code, S256 and iss, nothing weaker', () => {
    assert.deepEqual(web.server.response_types_supported, ['code']);
    assert.deepEqual(web.server.code_challenge_methods_supported, ['S256']);
    assert.equal(web.server.authorization_response_iss_parameter_supported, true);
    assert.deepEqual([...web.server.response_modes_supported].sort(), ['form_post', 'fragment', 'query']);
    assert.ok(!web.server.id_token_signing_alg_values_supported.includes('none'));
    assert.ok(!web.server.grant_types_supported.includes('password'));
  });

  await report.check('the key set has public keys with ids, and no private part', async () => {
    const { keys } = await (await fetch(web.server.jwks_uri)).json();
    assert.ok(keys.length >= 2, 'a key for ID tokens and one for access tokens');
    for (const key of keys) {
      assert.ok(key.kid && key.alg && key.use === 'sig');
      assert.deepEqual(Object.keys(key).filter((part) => PRIVATE_PARTS.includes(part)), []);
    }
  });

  await report.check('scripts of a public client may read, without cookies; scripts of others may not', async () => {
    const own = new URL(demo.client('demo-spa').redirect_uris[0]).origin;
    for (const [origin, allowed] of [[own, own], ['https://elsewhere.example', null]]) {
      const answer = await get('/.well-known/openid-configuration', { origin });
      assert.equal(answer.headers.get('access-control-allow-origin'), allowed);
      assert.equal(answer.headers.get('access-control-allow-credentials'), null);
    }
  });

  await report.check('health says ok and nothing else', async () => {
    const answer = await get('/health');
    assert.equal(answer.status, 200);
    assert.deepEqual(await answer.json(), { status: 'ok' });
  });
}
