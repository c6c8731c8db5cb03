// The same secret many times at once: exactly one winner, and afterwards nobody has anything.

import assert from 'node:assert/strict';
import * as client from 'openid-client';
import { refusal } from '../application.mjs';
import { Person } from '../person.mjs';

const RACERS = 50;

/** Sends `request` many times at once; returns the one winner's tokens. */
async function race(request) {
  const answers = await Promise.all(Array.from({ length: RACERS }, request));
  const tally = {};
  for (const { status, json } of answers) {
    const outcome = `${status} ${json?.error ?? ''}`.trim();
    tally[outcome] = (tally[outcome] ?? 0) + 1;
  }
  assert.deepEqual(tally, { 200: 1, '400 invalid_grant': RACERS - 1 });
  return answers.find(({ status }) => status === 200).json;
}

export async function races({ demo, report, web }) {
  const alice = new Person(demo.user('alice'));
  const allDead = async (tokens) => {
    assert.deepEqual(await web.introspect(tokens.access_token), { active: false });
    const refused = await refusal(client.refreshTokenGrant(web.config, tokens.refresh_token));
    assert.equal(refused.error, 'invalid_grant');
  };

  await report.check(`one code ${RACERS} times at once: one winner, and then its tokens are dead`, async () => {
    const { callback, checks } = await web.ask(alice);
    const won = await race(() => web.redeemByHand(callback, checks.pkceCodeVerifier));
    await allDead(won);
  });

  await report.check(`one refresh token ${RACERS} times at once: one winner, and then the family is dead`, async () => {
    const { refresh_token: token } = await web.signIn(alice);
    const fields = { grant_type: 'refresh_token', refresh_token: token };
    const won = await race(() => web.post(web.server.token_endpoint, fields));
    await allDead(won);
  });

  await report.check('after all that a fresh sign-in works', async () => {
    const tokens = await web.signIn(alice);
    assert.equal((await web.introspect(tokens.access_token)).active, true);
  });
}
