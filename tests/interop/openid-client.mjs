// The stock client library `openid-client`, walked through a running `rsp demo`.
//
//   RSP_CREDENTIALS=demo.json node tests/interop/openid-client.mjs [walk ...]
//
// Without names every walk runs. `Application` is the library's side, `Person` the human one.

import { Application } from './application.mjs';
import { readDemo } from './demo.mjs';
import { Report } from './report.mjs';
import { discovery } from './walks/discovery.mjs';
import { logout } from './walks/logout.mjs';
import { pages } from './walks/pages.mjs';
import { races } from './walks/races.mjs';
import { redirects } from './walks/redirects.mjs';
import { refusals } from './walks/refusals.mjs';
import { signIn } from './walks/sign_in.mjs';
import { tokens } from './walks/tokens.mjs';

const WALKS = { discovery, signIn, tokens, refusals, redirects, pages, logout, races };

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in WALKS));
if (unknown.length > 0) throw new Error(`no walk is called ${unknown}; there are ${Object.keys(WALKS)}`);

const report = new Report();
const demo = readDemo();
const applications = await report.check('the library discovers the issuer for every client', async () => ({
  web: await Application.discover(demo, 'demo-web'),
  // A native client: the port of its loopback address is whatever was free (RFC 8252 section 7.3).
  spa: await Application.discover(demo, 'demo-spa', 'http://127.0.0.1:53127/callback'),
  service: await Application.discover(demo, 'demo-service'),
  api: await Application.discover(demo, 'demo-api'),
}));

if (applications) {
  for (const [name, walk] of Object.entries(WALKS)) {
    if (chosen.length === 0 || chosen.includes(name)) await walk({ demo, report, ...applications });
  }
}
report.finish();
