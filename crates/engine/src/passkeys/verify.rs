//! What is asked of an answer beside what the library asks, and the library's refusals as short words.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::{Host, Url};
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::error::WebauthnError;
use webauthn_rs_core::proto::{COSEAlgorithm, UserVerificationPolicy};

use super::PasskeyError;
use super::ceremony::LIFETIME;
use crate::Ctx;

/// Longest answer that is read.
const MAX_ANSWER: usize = 16 * 1024;
/// Longest credential id (WebAuthn level 3 section 4).
const MAX_CREDENTIAL_ID: usize = 1023;
/// What a passkey may sign with.
pub(super) const ALGORITHMS: [COSEAlgorithm; 3] =
    [COSEAlgorithm::ES256, COSEAlgorithm::ES384, COSEAlgorithm::RS256];

/// Why an answer is refused whose counter did not go up.
pub(super) const COUNTER: &str = "counter";

/// Who passkeys are made for: exactly the host and origin of the configured issuer, whatever a request says.
pub(super) struct RelyingParty {
    pub(super) core: WebauthnCore,
    origin: String,
}

impl RelyingParty {
    pub(super) fn of(ctx: &Ctx) -> Result<Self, PasskeyError> {
        let issuer = Url::parse(ctx.issuer().as_str()).map_err(|_| PasskeyError::Unavailable)?;
        let origin = issuer.origin().ascii_serialization();
        let (Some(Host::Domain(host)), Ok(only)) = (issuer.host(), Url::parse(&origin)) else {
            return Err(PasskeyError::Unavailable);
        };
        let name = &ctx.tenant.tenant.name;
        let core =
            WebauthnCore::new_unsafe_experts_only(name, host, vec![only], LIFETIME, Some(false), Some(false));
        Ok(Self { core, origin })
    }

    /// The origin letter for letter, and no frame of another site around the page: the library compares the one as an
    /// address, and looks at the other in registrations only.
    pub(super) fn check_client_data(&self, bytes: &[u8]) -> Result<(), PasskeyError> {
        #[derive(Deserialize)]
        struct ClientData {
            origin: String,
            #[serde(default, rename = "crossOrigin")]
            cross_origin: bool,
            #[serde(default, rename = "topOrigin")]
            top_origin: Option<Value>,
        }
        let data: ClientData =
            serde_json::from_slice(bytes).map_err(|_| PasskeyError::Refused("unreadable"))?;
        if data.origin == self.origin && !data.cross_origin && data.top_origin.is_none() {
            Ok(())
        } else {
            Err(PasskeyError::Refused("origin"))
        }
    }
}

pub(super) fn policy(ctx: &Ctx) -> UserVerificationPolicy {
    match ctx.tenant.tenant.settings.sign_in.passkeys.user_verification {
        domain::UserVerification::Preferred => UserVerificationPolicy::Preferred,
        domain::UserVerification::Required => UserVerificationPolicy::Required,
    }
}

/// A browser's answer, of a bounded size.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, PasskeyError> {
    if text.len() > MAX_ANSWER {
        return Err(PasskeyError::Refused("too_large"));
    }
    serde_json::from_str(text).map_err(|_| PasskeyError::Refused("unreadable"))
}

pub(super) fn check_kind(kind: &str, raw_id: &[u8]) -> Result<(), PasskeyError> {
    if kind == "public-key" && (1..=MAX_CREDENTIAL_ID).contains(&raw_id.len()) {
        Ok(())
    } else {
        Err(PasskeyError::Refused("unreadable"))
    }
}

pub(super) fn reason(cause: &WebauthnError) -> &'static str {
    match cause {
        WebauthnError::AttestationCertificateRequirementsNotMet
        | WebauthnError::AttestationChainNotTrusted(_)
        | WebauthnError::AttestationFormatMissingAaguid
        | WebauthnError::AttestationNotSupported
        | WebauthnError::AttestationNotVerifiable
        | WebauthnError::AttestationStatementSigInvalid
        | WebauthnError::AttestationUntrustedAaguid => "attestation",
        WebauthnError::AuthenticationFailure => "signature",
        WebauthnError::CredentialAlteredAlgFromRequest => "algorithm",
        WebauthnError::CredentialBackupEligibilityInconsistent
        | WebauthnError::CredentialMayNotBeHardwareBound => "backup_state",
        WebauthnError::CredentialNotFound => "unknown_passkey",
        WebauthnError::CredentialPossibleCompromise => COUNTER,
        WebauthnError::InvalidClientDataType => "type",
        WebauthnError::InvalidRPIDHash => "rp_id",
        WebauthnError::InvalidRPOrigin | WebauthnError::CredentialCrossOrigin => "origin",
        WebauthnError::MismatchedChallenge => "challenge",
        WebauthnError::UserNotPresent => "user_not_present",
        WebauthnError::UserNotVerified => "user_not_verified",
        _ => "unreadable",
    }
}
