// The demo file: who can sign in, and which clients there are.

import { mkdirSync, readFileSync } from 'node:fs';

/** Reads the file that `rsp demo --credentials` wrote. */
export function readDemo() {
  const { RSP_CREDENTIALS: file, RSP_OUT: out = 'target/test-output/interop' } = process.env;
  if (!file) throw new Error('set RSP_CREDENTIALS to the file written by `rsp demo --credentials FILE`');
  mkdirSync(out, { recursive: true });
  const content = JSON.parse(readFileSync(file, 'utf8'));
  const named = (list, key, value) => {
    const found = list.find((item) => item[key].split('@')[0] === value);
    if (!found) throw new Error(`the demo file has no ${value}`);
    return found;
  };
  return {
    issuer: content.issuer,
    out,
    /** `user('alice')`: email, password, sub. */
    user: (name) => named(content.users, 'email', name),
    /** `client('demo-web')`: client_id, client_secret, redirect_uris and so on. */
    client: (name) => named(content.clients, 'name', name),
  };
}
