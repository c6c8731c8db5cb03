use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::{Secret, World};

/// What an opaque token is for. The prefix names it, so that leak scanners find it and no token passes as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Opaque access token.
    Access,
    /// The cookie that marks the browser of one sign-in.
    Browser,
    /// Client secret.
    ClientSecret,
    /// Authorization code.
    Code,
    /// One-time link for a first credential.
    Invitation,
    /// Single-use link in a mail.
    Link,
    /// The cookie that marks a browser its person has signed in with before.
    Device,
    /// Refresh token.
    Refresh,
    /// Session cookie.
    Session,
}

impl TokenKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Access => "rsp_at_",
            Self::Browser => "rsp_br_",
            Self::ClientSecret => "rsp_cs_",
            Self::Code => "rsp_ac_",
            Self::Device => "rsp_dv_",
            Self::Invitation => "rsp_in_",
            Self::Link => "rsp_ln_",
            Self::Refresh => "rsp_rt_",
            Self::Session => "rsp_se_",
        }
    }
}

/// SHA-256 of a whole opaque token: all that the database ever holds of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Hash of `text`, whatever it is.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// A hash that came out of the database.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash as stored.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// An id of the token that may be told to everybody (RFC 7662 section 2.2, `jti`): it leads neither to the token nor
    /// to this hash.
    pub fn public_id(&self) -> String {
        let digest: [u8; 32] = Sha256::new()
            .chain_update("public id of an opaque token")
            .chain_update(self.0)
            .finalize()
            .into();
        URL_SAFE_NO_PAD.encode(digest.first_chunk::<16>().copied().unwrap_or_default())
    }
}

/// A bearer secret of 256 random bits: prefix, 43 characters of base64url, 6 characters of checksum (A11).
#[derive(Debug)]
pub struct OpaqueToken {
    text: Secret<String>,
    hash: TokenHash,
}

const BODY: usize = 43;
const CHECK: usize = 6;

impl OpaqueToken {
    /// A fresh token of `kind`.
    pub fn generate(kind: TokenKind, world: &World) -> Self {
        let mut text = String::with_capacity(kind.prefix().len() + BODY + CHECK);
        text.push_str(kind.prefix());
        URL_SAFE_NO_PAD.encode_string(world.random::<32>(), &mut text);
        let check = checksum(&text);
        text.push_str(&check);
        let hash = TokenHash::of(&text);
        Self {
            text: Secret::new(text),
            hash,
        }
    }

    /// The hash under which a presented token of `kind` would be stored; `None` if its form or checksum is wrong.
    ///
    /// The checksum only saves a look-up and helps scanners; what decides is the hash of every character.
    pub fn parse(kind: TokenKind, presented: &str) -> Option<TokenHash> {
        let body = presented.strip_prefix(kind.prefix())?;
        if body.len() != BODY + CHECK || !body.is_ascii() {
            return None;
        }
        let (signed, check) = presented.split_at_checked(kind.prefix().len() + BODY)?;
        (checksum(signed) == check).then(|| TokenHash::of(presented))
    }

    /// The token itself, to be handed out once.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// What to store.
    pub const fn hash(&self) -> TokenHash {
        self.hash
    }
}

fn checksum(text: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    let [a, b, c, d, ..] = digest;
    URL_SAFE_NO_PAD.encode([a, b, c, d])
}
