//! Makers of authenticators whose word a tenant asks for (WebAuthn level 3 section 6.5).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::AttestationAuthority;
use serde_json::{Map, Value, json};
use webauthn_rs_core::proto::{AttestationCa, AttestationCaList};

/// How many a tenant names at most.
const MAX_AUTHORITIES: usize = 50;
/// How many models of each at most.
const MAX_MODELS: usize = 200;
/// Longest certificate, in characters of PEM.
const MAX_CERTIFICATE: usize = 16 * 1024;

/// The list as the library wants it; nothing if the tenant asks for nobody's word. The reason if it cannot be read.
pub(crate) fn authorities(named: &[AttestationAuthority]) -> Result<Option<AttestationCaList>, &'static str> {
    if named.is_empty() {
        return Ok(None);
    }
    if named.len() > MAX_AUTHORITIES {
        return Err("passkeys.attestation names at most 50 authorities");
    }
    let mut list = AttestationCaList::default();
    for authority in named {
        let known = list
            .insert(authority_of(authority)?)
            .map_err(|_| "passkeys.attestation has a certificate that cannot be read")?;
        if known.is_some() {
            return Err("passkeys.attestation names an authority twice");
        }
    }
    Ok(Some(list))
}

fn authority_of(authority: &AttestationAuthority) -> Result<AttestationCa, &'static str> {
    if authority.models.len() > MAX_MODELS {
        return Err("passkeys.attestation names at most 200 models of an authority");
    }
    let der = der(&authority.certificate)
        .ok_or("passkeys.attestation has a certificate that is not one certificate in PEM")?;
    let models: Map<String, Value> = authority
        .models
        .iter()
        .map(|model| (model.to_string(), json!({ "en": "", "localised": {} })))
        .collect();
    // The library has no other door for an authority all of whose models are accepted.
    serde_json::from_value(json!({
        "ca": URL_SAFE_NO_PAD.encode(der),
        "blanket_allow": models.is_empty(),
        "aaguids": models,
    }))
    .map_err(|_| "passkeys.attestation has a certificate that cannot be read")
}

/// The bytes of one certificate in PEM (RFC 7468).
fn der(pem: &str) -> Option<Vec<u8>> {
    if pem.len() > MAX_CERTIFICATE {
        return None;
    }
    let body = pem
        .trim()
        .strip_prefix("-----BEGIN CERTIFICATE-----")?
        .strip_suffix("-----END CERTIFICATE-----")?;
    let text: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use domain::AttestationAuthority;

    use super::{authorities, der};

    #[test]
    fn what_is_no_certificate_is_refused() {
        for pem in [
            "",
            "AAAA",
            "-----BEGIN CERTIFICATE-----\n****\n-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        ] {
            assert_eq!(der(pem), None, "{pem}");
        }
        let pem = "\n-----BEGIN CERTIFICATE-----\r\nAA\r\nAA\r\n-----END CERTIFICATE-----\r\n";
        assert_eq!(der(pem), Some(vec![0, 0, 0]));
        let broken = AttestationAuthority {
            certificate: pem.to_owned(),
            models: Vec::new(),
        };
        assert!(authorities(&[broken]).is_err());
        assert_eq!(authorities(&[]), Ok(None));
    }
}
