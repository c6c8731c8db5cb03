//! The keys and clients the targets start from. All fixed, so that an input means the same in every run.

use std::sync::LazyLock;

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{
    AuthMethod, Client, ClientKind, ClientSettings, GrantType, Issuer, RedirectUri, Resource, SigningAlg,
    Timestamp, TokenHash,
};
use protocol::jose::{SigningKey, VerifyingKey};

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// An Ed25519 key in PKCS #8: its signatures are the same each time, so a target can make them again.
const ED25519: [u8; 48] = {
    let head = [
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ];
    let mut key = [7; 48];
    let (start, _) = key.split_at_mut(head.len());
    start.copy_from_slice(&head);
    key
};

/// Keys of the other kinds, made once with `openssl genpkey` and used nowhere else.
const P256: &[u8] = include_bytes!("../keys/p256.der");
const RSA: &[u8] = include_bytes!("../keys/rsa3072.der");

pub(crate) struct Keys {
    pub(crate) signing: SigningKey,
    /// The same key, to sign any bytes.
    pub(crate) pair: Ed25519KeyPair,
    pub(crate) verifying: Vec<VerifyingKey>,
}

/// The key that signs, and all that verify; `None` would be a broken sample, which [`keys`] tells.
static KEYS: LazyLock<Option<Keys>> = LazyLock::new(|| {
    let of = |alg, der| SigningKey::from_pkcs8(alg, der).ok();
    let signing = of(SigningAlg::EdDSA, &ED25519)?;
    let others = [of(SigningAlg::ES256, P256)?, of(SigningAlg::RS256, RSA)?];
    let verifying = [&signing].into_iter().chain(&others);
    let verifying = verifying.filter_map(|key| key.verifying_key().ok()).collect();
    let pair = Ed25519KeyPair::from_pkcs8(&ED25519).ok()?;
    Some(Keys {
        signing,
        pair,
        verifying,
    })
});

#[expect(clippy::expect_used, reason = "fixed keys, read in every test run")]
pub(crate) fn keys() -> &'static Keys {
    KEYS.as_ref().expect("the fixed keys can be read")
}

pub(crate) fn issuer() -> Issuer {
    Issuer::new("https://id.example.com", "/t/acme")
}

/// One client of each kind; the native one may vary the port of a loopback address.
pub(crate) static CLIENTS: LazyLock<Vec<Client>> = LazyLock::new(|| {
    [ClientKind::Confidential, ClientKind::Native, ClientKind::Spa]
        .into_iter()
        .filter_map(client)
        .collect()
});

fn client(kind: ClientKind) -> Option<Client> {
    let public = kind.is_public();
    let mut uris = vec![
        "https://app.example.com/callback",
        "https://app.example.com/callback?tenant=a",
        "https://app.example.com",
    ];
    if kind == ClientKind::Native {
        uris.extend([
            "http://127.0.0.1/cb",
            "http://[::1]:4000/cb",
            "com.example.app:/cb",
        ]);
    }
    let uris = uris
        .into_iter()
        .filter_map(|uri| RedirectUri::register(uri, true).ok());
    let uris: Vec<RedirectUri> = uris.collect();
    Some(Client {
        client_id: "web".parse().ok()?,
        name: "Web".to_owned(),
        kind,
        auth_method: if public {
            AuthMethod::None
        } else {
            AuthMethod::ClientSecretBasic
        },
        secret_hash: (!public).then(|| TokenHash::of("secret")),
        settings: ClientSettings {
            post_logout_redirect_uris: uris.clone(),
            redirect_uris: uris,
            grant_types: GrantType::ALL.to_vec(),
            scopes: "openid profile email address phone offline_access api.read"
                .parse()
                .ok()?,
            resources: vec![Resource::parse("https://api.example.com").ok()?],
            ..ClientSettings::default()
        },
        disabled_at: None,
        tokens_not_before: None,
        created_at: NOW,
        updated_at: NOW,
    })
}

/// The first line of an input and the rest of it.
pub(crate) fn line(input: &[u8]) -> (&[u8], &[u8]) {
    let mut parts = input.splitn(2, |byte| *byte == b'\n');
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
