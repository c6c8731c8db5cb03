//! The least a server can do: axum on one thread, no database, no checks, no log.
//!
//! `bench-floor PORT` answers on 127.0.0.1 until it is stopped. Every route does the part of the product's work that
//! no implementation can leave out: read the request, sign where the answer is signed, write JSON.
#![expect(clippy::print_stdout, reason = "its starter waits for the line")]

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, anyhow};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let port: u16 = std::env::args()
        .nth(1)
        .context("say the port")?
        .parse()
        .context("the port is no number")?;
    let router = Router::new()
        .route("/hello", get(|| async { "hello" }))
        .route("/json", get(introspected))
        .route("/token/{alg}", post(token))
        .route("/hash/kept", post(hash_in_kept_memory))
        .route("/hash/fresh", post(hash_in_fresh_memory))
        .with_state(Arc::new(Keys::generate()?));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("ready");
    axum::serve(listener, router).await?;
    Ok(())
}

/// One key of each kind, made at the start: the same sizes as the product's defaults, RSA with 3072 bits.
struct Keys {
    random: SystemRandom,
    es256: EcdsaKeyPair,
    eddsa: Ed25519KeyPair,
    rs256: RsaKeyPair,
}

impl Keys {
    fn generate() -> Result<Self> {
        let failed = |_| anyhow!("a key cannot be generated");
        Ok(Self {
            random: SystemRandom::new(),
            es256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?,
            eddsa: Ed25519KeyPair::generate().map_err(failed)?,
            rs256: RsaKeyPair::generate(KeySize::Rsa3072).map_err(failed)?,
        })
    }

    /// A signed JWT, or random text where no signature is wanted.
    fn token(&self, alg: &str, claims: &Claims<'_>) -> Option<String> {
        let header = match alg {
            "opaque" => return Some(random_text()),
            "es256" => r#"{"typ":"at+jwt","alg":"ES256","kid":"kid-of-the-floor"}"#,
            "eddsa" => r#"{"typ":"at+jwt","alg":"EdDSA","kid":"kid-of-the-floor"}"#,
            "rs256" => r#"{"typ":"at+jwt","alg":"RS256","kid":"kid-of-the-floor"}"#,
            _ => return None,
        };
        let mut text = URL_SAFE_NO_PAD.encode(header);
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims).ok()?, &mut text);
        let signature = match alg {
            "es256" => self
                .es256
                .sign(&self.random, text.as_bytes())
                .ok()?
                .as_ref()
                .to_vec(),
            "eddsa" => self.eddsa.sign(text.as_bytes()).as_ref().to_vec(),
            _ => {
                let mut signature = vec![0; self.rs256.public_modulus_len()];
                self.rs256
                    .sign(&RSA_PKCS1_SHA256, &self.random, text.as_bytes(), &mut signature)
                    .ok()?;
                signature
            }
        };
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        Some(text)
    }
}

fn random_text() -> String {
    let mut bytes = [0; 32];
    match aws_lc_rs::rand::fill(&mut bytes) {
        Ok(()) => URL_SAFE_NO_PAD.encode(bytes),
        Err(_) => String::new(),
    }
}

/// About 300 bytes, as an access token has.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    client_id: &'a str,
    iat: u64,
    exp: u64,
    jti: String,
    scope: &'a str,
}

#[derive(Serialize)]
struct TokenAnswer<'a> {
    access_token: String,
    token_type: &'a str,
    expires_in: u32,
    scope: &'a str,
}

async fn token(State(keys): State<Arc<Keys>>, Path(alg): Path<String>, form: String) -> Response {
    let form: HashMap<_, _> = url::form_urlencoded::parse(form.as_bytes()).collect();
    let (Some(client_id), Some("client_credentials")) =
        (form.get("client_id"), form.get("grant_type").map(AsRef::as_ref))
    else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let claims = Claims {
        iss: "http://localhost:8080",
        sub: client_id,
        aud: "https://api.example.com",
        client_id,
        iat: 1_790_000_000,
        exp: 1_790_003_600,
        jti: random_text(),
        scope: "api.read",
    };
    match keys.token(&alg, &claims) {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(access_token) => (
            [(header::CACHE_CONTROL, "no-store")],
            Json(TokenAnswer {
                access_token,
                token_type: "Bearer",
                expires_in: 3_600,
                scope: "api.read",
            }),
        )
            .into_response(),
    }
}

/// The product's defaults: 64 MiB, 3 passes, 4 lanes.
fn argon2() -> Option<Argon2<'static>> {
    let params = Params::new(65_536, 3, 4, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The hash of the form's password in memory that stays from one to the next, and nothing else.
async fn hash_in_kept_memory(form: String) -> StatusCode {
    static MEMORY: Mutex<Vec<Block>> = Mutex::new(Vec::new());
    let mut memory = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    let hashed = argon2().and_then(|argon2| {
        memory.resize(argon2.params().block_count(), Block::default());
        let mut output = [0; 32];
        argon2
            .hash_password_into_with_memory(&password_in(&form), &[7; 32], &mut output, &mut *memory)
            .ok()
    });
    answer_of(hashed)
}

/// The same in memory that is asked for and given back each time.
async fn hash_in_fresh_memory(form: String) -> StatusCode {
    let hashed = argon2().and_then(|argon2| {
        let mut output = [0; 32];
        argon2
            .hash_password_into(&password_in(&form), &[7; 32], &mut output)
            .ok()
    });
    answer_of(hashed)
}

fn password_in(form: &str) -> Vec<u8> {
    url::form_urlencoded::parse(form.as_bytes())
        .find(|(name, _)| name == "password")
        .map(|(_, password)| password.as_bytes().to_vec())
        .unwrap_or_default()
}

fn answer_of(hashed: Option<()>) -> StatusCode {
    hashed.map_or(StatusCode::INTERNAL_SERVER_ERROR, |()| StatusCode::OK)
}

#[derive(Serialize)]
struct Introspected<'a> {
    active: bool,
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    client_id: &'a str,
    iat: u64,
    exp: u64,
    scope: &'a str,
}

/// A JSON object of an introspection answer's size; nothing is looked up.
async fn introspected() -> Json<Introspected<'static>> {
    Json(Introspected {
        active: true,
        iss: "http://localhost:8080",
        sub: "demo-service",
        aud: "https://api.example.com",
        client_id: "demo-service",
        iat: 1_790_000_000,
        exp: 1_790_003_600,
        scope: "api.read",
    })
}
