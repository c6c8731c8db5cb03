//! The stylesheets, scripts and pictures, compiled into the binary.

use std::borrow::Cow;

use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "assets/"]
#[include = "*.css"]
#[include = "*.js"]
#[include = "*.svg"]
struct Files;

/// One file to serve.
#[derive(Clone, Debug)]
pub struct Asset {
    /// The content.
    pub bytes: Cow<'static, [u8]>,
    /// Content type, with the character set for text.
    pub mime: &'static str,
    /// A strong entity tag with its quotes (RFC 9110 8.8.3).
    pub etag: String,
    /// `Cache-Control`: a year when the address carried the hash of the content, else ask again each time.
    pub cache_control: &'static str,
}

/// The file behind `/assets/PATH`. `PATH` is a name from [`asset_url`] (with hash) or the plain name; an
/// address with the hash of another version is not found, so that a cache can never mix versions.
pub fn asset(path: &str) -> Option<Asset> {
    let (stem, extension) = path.rsplit_once('.')?;
    let mime = mime(extension)?;
    if let Some(file) = Files::get(path) {
        return Some(answer(file, mime, "no-cache"));
    }
    let (stem, hash) = stem.rsplit_once('.')?;
    let file = Files::get(&format!("{stem}.{extension}"))?;
    (hash == short_hash(&file)).then(|| answer(file, mime, "public, max-age=31536000, immutable"))
}

/// The address of a file by its plain name, with the hash of its content: `/assets/tokens.1f3a….css`.
pub fn asset_url(name: &str) -> String {
    match (Files::get(name), name.rsplit_once('.')) {
        (Some(file), Some((stem, extension))) => {
            format!("/assets/{stem}.{}.{extension}", short_hash(&file))
        }
        _ => format!("/assets/{name}"),
    }
}

fn answer(file: EmbeddedFile, mime: &'static str, cache_control: &'static str) -> Asset {
    let etag = format!("\"{}\"", short_hash(&file));
    Asset {
        bytes: file.data,
        mime,
        etag,
        cache_control,
    }
}

fn mime(extension: &str) -> Option<&'static str> {
    match extension {
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}

/// 64 bits of SHA-256: enough to tell versions of our own files apart.
fn short_hash(file: &EmbeddedFile) -> String {
    let digest = file.metadata.sha256_hash();
    format!(
        "{:016x}",
        digest
            .iter()
            .take(8)
            .fold(0_u64, |hash, byte| (hash << 8) | u64::from(*byte))
    )
}
