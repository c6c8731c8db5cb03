// oidc-provider as it comes, with one client and everything in memory: what rsp is measured beside.
//
//   node server.mjs PORT
//
// The resource that a token is asked for picks its form: https://opaque.example.com, https://es256.example.com and
// so on. Keys are made at the start, of the same sizes as those of rsp.

import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const port = Number(process.argv[2]);

function jwk(type, options, alg) {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: `bench-${alg}` };
}

const keys = [
  jwk('rsa', { modulusLength: 3072 }, 'RS256'),
  jwk('ec', { namedCurve: 'P-256' }, 'ES256'),
  jwk('ed25519', {}, 'EdDSA'),
];

const FORMS = {
  opaque: { accessTokenFormat: 'opaque' },
  es256: { accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } },
  eddsa: { accessTokenFormat: 'jwt', jwt: { sign: { alg: 'EdDSA' } } },
  rs256: { accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } },
};

// One Map for each kind of thing. Only what a service's tokens need; the rest is never called here.
class InMemory {
  constructor() {
    this.rows = new Map();
  }

  async upsert(id, payload) {
    this.rows.set(id, payload);
  }

  async find(id) {
    return this.rows.get(id);
  }

  async destroy(id) {
    this.rows.delete(id);
  }
}

const provider = new Provider(`http://localhost:${port}`, {
  adapter: InMemory,
  jwks: { keys },
  scopes: ['api.read'],
  clients: [
    {
      client_id: 'bench',
      client_secret: 'Zm9yIG1lYXN1cmluZyBvbmx5LCBub3RoaW5nIHNlY3JldA',
      token_endpoint_auth_method: 'client_secret_post',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
  ],
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA'] },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_ctx, resource) => ({
        scope: 'api.read',
        audience: resource,
        ...FORMS[new URL(resource).hostname.split('.')[0]],
      }),
    },
  },
});

provider.listen(port, '127.0.0.1', () => console.log('ready'));
