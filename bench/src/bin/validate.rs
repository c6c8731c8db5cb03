//! `bench-validate ROUNDS MILLISECONDS`: what the validation of access tokens costs in process, beside the signature
//! check alone. Prints a JSON object for each algorithm: CPU time of one check in microseconds, medians over rounds.
#![expect(clippy::print_stdout, reason = "its caller reads the result")]

use std::fs;
use std::hint::black_box;
use std::time::Duration;

use anyhow::{Context as _, Result};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Issuer, SigningAlg, Timestamp};
use protocol::access_token::AccessTokenClaims;
use protocol::jose::{Jwk, SigningKey};
use protocol::validation::{Bounds, Validator};
use serde_json::json;

const API: &str = "https://api.example.com";
const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
/// Different tokens.
const TOKENS: usize = 500;
/// Checks between two looks at the clock.
const BATCH: usize = 100;

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let mut number = || -> Result<u64> {
        let word = words.next().context("bench-validate ROUNDS MILLISECONDS")?;
        word.parse().context("not a number")
    };
    let (rounds, milliseconds) = (number()?, number()?);
    for alg in [SigningAlg::ES256, SigningAlg::EdDSA] {
        measure(alg, rounds, Duration::from_millis(milliseconds))?;
    }
    Ok(())
}

fn measure(alg: SigningAlg, rounds: u64, each: Duration) -> Result<()> {
    let key = SigningKey::generate(alg, 0)?;
    let tokens: Vec<String> = (0..TOKENS)
        .map(|n| Ok(claims(n)?.sign(&key)?))
        .collect::<Result<_>>()?;
    let bare = Bare::new(key.public_jwk(), alg, &tokens)?;
    let keys = vec![key.verifying_key()?];
    let validator = |tokens| {
        let bounds = Bounds {
            tokens,
            ..Bounds::default()
        };
        Validator::new(issuer(), API, keys.clone(), bounds)
    };
    // What has no room for a token meets every token for the first time.
    let (warm, cold) = (validator(4 * TOKENS), validator(0));
    for token in &tokens {
        warm.validate(token, NOW)?;
    }
    let mut found = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..rounds {
        let times = [
            timed(each, |n| bare.check(n))?,
            timed(each, |n| accepts(&cold, &tokens, n))?,
            timed(each, |n| accepts(&warm, &tokens, n))?,
        ];
        for (all, time) in found.iter_mut().zip(times) {
            all.push(time);
        }
    }
    let [bare, cold, hot] = found.map(median);
    let length = tokens.first().map_or(0, String::len);
    println!(
        "{}",
        json!({ "alg": alg.as_str(), "bare_us": bare, "cold_us": cold, "hot_us": hot, "bytes": length })
    );
    Ok(())
}

fn accepts(validator: &Validator<Vec<protocol::jose::VerifyingKey>>, tokens: &[String], n: usize) -> bool {
    tokens
        .get(n % TOKENS)
        .is_some_and(|token| black_box(validator.validate(token, NOW)).is_ok())
}

fn issuer() -> Issuer {
    Issuer::new("https://id.example.com", "/t/acme")
}

fn claims(n: usize) -> Result<AccessTokenClaims> {
    Ok(AccessTokenClaims {
        iss: issuer(),
        sub: "web".to_owned(),
        aud: vec![API.to_owned()],
        client_id: "web".parse()?,
        iat: NOW,
        exp: NOW.plus(Duration::from_hours(1)),
        jti: format!("01970000-0000-7000-8000-{n:012}"),
        scope: "api.read".parse()?,
        acr: None,
        amr: Vec::new(),
        auth_time: None,
        grant: None,
    })
}

/// Signatures alone: parsed key, message and signature at hand.
struct Bare {
    key: ParsedPublicKey,
    tokens: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Bare {
    fn new(jwk: &Jwk, alg: SigningAlg, tokens: &[String]) -> Result<Self> {
        let bytes = |text: &Option<String>| -> Result<Vec<u8>> {
            Ok(URL_SAFE_NO_PAD.decode(text.as_deref().unwrap_or_default())?)
        };
        let key = if alg == SigningAlg::EdDSA {
            ParsedPublicKey::new(&ED25519, bytes(&jwk.x)?)
        } else {
            let point = [vec![4], bytes(&jwk.x)?, bytes(&jwk.y)?].concat();
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        };
        let key = key.ok().context("the key cannot be read")?;
        let split = |token: &String| -> Result<(Vec<u8>, Vec<u8>)> {
            let (message, signature) = token.rsplit_once('.').context("no token")?;
            Ok((message.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode(signature)?))
        };
        let tokens = tokens.iter().map(split).collect::<Result<_>>()?;
        Ok(Self { key, tokens })
    }

    fn check(&self, n: usize) -> bool {
        self.tokens
            .get(n % TOKENS)
            .is_some_and(|(message, signature)| black_box(self.key.verify_sig(message, signature)).is_ok())
    }
}

/// CPU time of one check in microseconds, over as many as fit into `each`.
fn timed(each: Duration, check: impl Fn(usize) -> bool) -> Result<f64> {
    let start = cpu_ns()?;
    let mut count = 0;
    loop {
        for n in count..count + BATCH {
            anyhow::ensure!(check(n), "a good token was refused");
        }
        count += BATCH;
        let spent = cpu_ns()? - start;
        if u128::from(spent) >= each.as_nanos() {
            #[expect(
                clippy::cast_precision_loss,
                reason = "a second of nanoseconds fits a double exactly"
            )]
            return Ok(spent as f64 / 1_000.0 / count as f64);
        }
    }
}

/// CPU time of this thread: the first field of `schedstat`, see proc(5).
fn cpu_ns() -> Result<u64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").context("no CPU time of this thread")?;
    let first = text.split(' ').next().unwrap_or_default();
    first.parse().context("no CPU time of this thread")
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
