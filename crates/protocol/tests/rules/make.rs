//! The clients, keys and parameters the tests start from.

use std::sync::LazyLock;

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{
    AuthMethod, Client, ClientKind, ClientSettings, GrantType, Issuer, RedirectUri, Resource, SigningAlg,
    Timestamp, TokenHash,
};
use protocol::Params;
use protocol::jose::{SigningKey, VerifyingKey};
use url::form_urlencoded;

pub(crate) const REDIRECT: &str = "https://app.example.com/callback";
pub(crate) const SECRET: &str = "rsp_cs_correct-horse";
pub(crate) const API: &str = "https://api.example.com";
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// A 3072-bit key, made once with `openssl genpkey` and used nowhere else: making one takes seconds.
const RSA: &[u8] = include_bytes!("rsa3072.der");

pub(crate) fn client(kind: ClientKind) -> Client {
    let public = kind.is_public();
    Client {
        client_id: "web".parse().unwrap(),
        name: "Web".to_owned(),
        kind,
        auth_method: if public {
            AuthMethod::None
        } else {
            AuthMethod::ClientSecretBasic
        },
        secret_hash: (!public).then(|| TokenHash::of(SECRET)),
        settings: ClientSettings {
            redirect_uris: vec![redirect_uri(REDIRECT)],
            grant_types: GrantType::ALL.to_vec(),
            scopes: "openid profile email address phone offline_access api.read"
                .parse()
                .unwrap(),
            resources: vec![Resource::parse(API).unwrap()],
            ..ClientSettings::default()
        },
        disabled_at: None,
        tokens_not_before: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(crate) fn redirect_uri(text: &str) -> RedirectUri {
    RedirectUri::register(text, true).unwrap()
}

/// Encodes with an encoder that is not ours.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

pub(crate) fn params(pairs: &[(&str, &str)]) -> Params {
    Params::parse_form(form(pairs).as_bytes()).unwrap()
}

/// A valid code request, with some parameters replaced, added, or (by an empty value) left out.
pub(crate) fn request(changes: &[(&str, &str)]) -> Params {
    let mut pairs = vec![
        ("client_id", "web"),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("scope", "openid profile"),
        ("state", "s t&a=te"),
        ("nonce", "n-1"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
    ];
    pairs.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    pairs.extend_from_slice(changes);
    params(&pairs)
}

pub(crate) fn issuer() -> Issuer {
    Issuer::new("https://id.example.com", "/t/acme")
}

/// One key of each algorithm.
pub(crate) static KEYS: LazyLock<Vec<SigningKey>> = LazyLock::new(|| {
    let key = |alg| match alg {
        SigningAlg::ES256 | SigningAlg::EdDSA => SigningKey::generate(alg, 0).unwrap(),
        SigningAlg::PS256 | SigningAlg::RS256 => SigningKey::from_pkcs8(alg, RSA).unwrap(),
    };
    SigningAlg::ALL.into_iter().map(key).collect()
});

pub(crate) fn key(alg: SigningAlg) -> &'static SigningKey {
    KEYS.iter().find(|key| key.alg() == alg).unwrap()
}

/// The public halves of the two keys that are not RSA, so that every `kid` is another.
pub(crate) fn verifying_keys() -> Vec<VerifyingKey> {
    [SigningAlg::ES256, SigningAlg::EdDSA]
        .map(|alg| key(alg).verifying_key().unwrap())
        .to_vec()
}

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token with any header and payload, truly signed by the Ed25519 key.
pub(crate) fn signed(header: &str, payload: &str) -> String {
    let pkcs8 = key(SigningAlg::EdDSA).to_pkcs8().unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.expose()).unwrap();
    let message = format!("{}.{}", b64(header), b64(payload));
    let signature = pair.sign(message.as_bytes());
    format!("{message}.{}", b64(signature))
}
