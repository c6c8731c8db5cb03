// What becomes of tokens: refresh, introspection, revocation, and tokens for machines.

import assert from 'node:assert/strict';
import * as client from 'openid-client';
import { audienceOf, claimsOf, refusal } from '../application.mjs';
import { Person } from '../person.mjs';

const INACTIVE = { active: false };

export async function tokens(world) {
  const alice = new Person(world.demo.user('alice'));
  await refresh(world, alice);
  await introspection(world, alice);
  await revocation(world, alice);
  await machines(world);
}

async function refresh({ report, web, spa }, alice) {
  const use = (token, parameters) => client.refreshTokenGrant(web.config, token, parameters);

  await report.check('refresh: new tokens, a new refresh token, the same sign-in', async () => {
    const first = await web.signIn(alice);
    const next = await use(first.refresh_token);
    assert.notEqual(next.refresh_token, first.refresh_token);
    assert.notEqual(next.access_token, first.access_token);
    assert.equal(next.claims().sub, first.claims().sub);
    assert.equal(next.claims().auth_time, first.claims().auth_time);
    assert.equal(next.claims().nonce, undefined);
    await client.fetchUserInfo(web.config, next.access_token, next.claims().sub);
  });

  await report.check('refresh: the used token is refused, and then the whole family is dead', async () => {
    const first = await web.signIn(alice);
    const next = await use(first.refresh_token);
    assert.equal((await web.introspect(next.access_token)).active, true);
    assert.equal((await refusal(use(first.refresh_token))).error, 'invalid_grant');
    assert.equal((await refusal(use(next.refresh_token))).error, 'invalid_grant');
    assert.deepEqual(await web.introspect(next.access_token), INACTIVE);
    assert.deepEqual(await web.introspect(first.access_token), INACTIVE);
  });

  await report.check('refresh: fewer scopes are given, more are refused and change nothing', async () => {
    const first = await web.signIn(alice, { scope: 'openid email' });
    const wider = await refusal(use(first.refresh_token, { scope: 'openid email profile' }));
    assert.equal(wider.error, 'invalid_scope');
    const narrow = await use(first.refresh_token, { scope: 'openid' });
    assert.equal(narrow.scope, 'openid');
  });

  await report.check('refresh: the token is of no use to another client, and stays good for its own', async () => {
    const first = await web.signIn(alice);
    const foreign = await refusal(client.refreshTokenGrant(spa.config, first.refresh_token));
    assert.equal(foreign.error, 'invalid_grant');
    await use(first.refresh_token);
  });
}

async function introspection({ demo, report, web, spa, service, api }, alice) {
  const resource = demo.client('demo-api').resource;

  await report.check('introspection: the client the token was issued to', async () => {
    const got = await web.signIn(alice);
    const seen = await web.introspect(got.access_token);
    assert.equal(seen.active, true);
    assert.equal(seen.client_id, web.record.client_id);
    assert.equal(seen.sub, demo.user('alice').sub);
    assert.ok(seen.exp > seen.iat && seen.scope.includes('openid'));
    assert.equal((await web.introspect(got.refresh_token)).active, true);
  });

  await report.check('introspection: an API sees tokens meant for it, and only those', async () => {
    const meant = await web.signIn(alice, { resource });
    assert.ok(audienceOf(claimsOf(meant.access_token)).includes(resource));
    const seen = await api.introspect(meant.access_token);
    assert.equal(seen.active, true);
    assert.ok([seen.aud].flat().includes(resource));
    assert.deepEqual(await api.introspect(meant.refresh_token), INACTIVE);
    const other = await spa.signIn(alice);
    assert.ok(!audienceOf(claimsOf(other.access_token)).includes(resource));
    assert.deepEqual(await api.introspect(other.access_token), INACTIVE);
  });

  await report.check('introspection: to everybody else exactly active:false, as for nonsense', async () => {
    const { access_token: token } = await web.signIn(alice);
    assert.deepEqual(await service.introspect(token), INACTIVE);
    assert.deepEqual(await web.introspect('nonsense'), INACTIVE);
    assert.equal((await web.introspect(token)).active, true);
  });

  await report.check('introspection: not without proof of who asks', async () => {
    const { access_token: token } = await web.signIn(alice);
    const endpoint = web.server.introspection_endpoint;
    const stranger = await web.post(endpoint, { token }, { authenticated: false });
    assert.equal(stranger.status, 401);
    const unproven = await spa.post(endpoint, { token });
    assert.equal(unproven.status, 401);
  });
}

async function revocation({ report, web, service }, alice) {
  const revoke = (application, token) => client.tokenRevocation(application.config, token);

  await report.check('revocation: an access token dies alone', async () => {
    const got = await web.signIn(alice);
    await revoke(web, got.access_token);
    assert.deepEqual(await web.introspect(got.access_token), INACTIVE);
    const dead = await refusal(client.fetchUserInfo(web.config, got.access_token, got.claims().sub));
    assert.equal(dead.status, 401);
    await client.refreshTokenGrant(web.config, got.refresh_token);
  });

  await report.check('revocation: a refresh token takes its access tokens along', async () => {
    const got = await web.signIn(alice);
    await revoke(web, got.refresh_token);
    const dead = await refusal(client.refreshTokenGrant(web.config, got.refresh_token));
    assert.equal(dead.error, 'invalid_grant');
    assert.deepEqual(await web.introspect(got.access_token), INACTIVE);
  });

  await report.check('revocation: a foreign token stays alive, an unknown one is no error', async () => {
    const got = await web.signIn(alice);
    await revoke(service, got.access_token);
    await revoke(service, got.refresh_token);
    await revoke(web, 'nonsense');
    assert.equal((await web.introspect(got.access_token)).active, true);
    await client.refreshTokenGrant(web.config, got.refresh_token);
  });
}

async function machines({ demo, report, web, spa, service, api }) {
  const resource = demo.client('demo-api').resource;
  const forItself = (application, parameters) => client.clientCredentialsGrant(application.config, parameters);

  for (const [name, application] of Object.entries({ 'demo-web': web, 'demo-service': service })) {
    await report.check(`client credentials: ${name} gets a token for itself`, async () => {
      const got = await forItself(application);
      assert.equal(claimsOf(got.access_token).sub, application.record.client_id);
      assert.equal(got.refresh_token, undefined);
      assert.equal(got.id_token, undefined);
      assert.equal((await application.introspect(got.access_token)).active, true);
    });
  }

  await report.check('client credentials: for a resource, which then can look at the token', async () => {
    const got = await forItself(service, { resource });
    assert.deepEqual(audienceOf(claimsOf(got.access_token)), [resource]);
    assert.equal((await api.introspect(got.access_token)).active, true);
  });

  await report.check('client credentials: not for a resource of nobody', async () => {
    const error = await refusal(forItself(service, { resource: 'https://nobody.example' }));
    assert.equal(error.error, 'invalid_target');
  });

  await report.check('client credentials: not for scopes of others, not for a client without the grant', async () => {
    assert.equal((await refusal(forItself(service, { scope: 'rsp.admin' }))).error, 'invalid_scope');
    const unproven = await refusal(forItself(spa));
    assert.ok(['unauthorized_client', 'invalid_client'].includes(unproven.error), unproven.error);
  });
}
