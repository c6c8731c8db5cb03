use serde::{Deserialize, Serialize};

use crate::{Acr, Amr};

/// One thing a person proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Method {
    /// They know the password.
    Password,
    /// They hold a passkey.
    Passkey {
        /// It asked for a PIN or a finger first.
        user_verified: bool,
        /// It cannot leave its device.
        hardware_bound: bool,
    },
    /// They hold the seed of a time-based code (RFC 6238).
    Totp,
    /// They hold one of their recovery codes.
    RecoveryCode,
    /// They read a code in their mailbox.
    EmailCode,
    /// They opened a link in their mailbox.
    MagicLink,
}

impl Method {
    /// Its name in events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Passkey { .. } => "passkey",
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery_code",
            Self::EmailCode => "email_code",
            Self::MagicLink => "magic_link",
        }
    }

    /// Something the person has, and nobody else who reads their mail.
    const fn is_possession(self) -> bool {
        matches!(self, Self::Passkey { .. } | Self::Totp | Self::RecoveryCode)
    }

    const fn amr(self) -> &'static [Amr] {
        match self {
            Self::Password => &[Amr::Password],
            Self::Passkey {
                user_verified,
                hardware_bound,
            } => match (user_verified, hardware_bound) {
                (true, true) => &[Amr::HardwareKey, Amr::UserVerified],
                (true, false) => &[Amr::SoftwareKey, Amr::UserVerified],
                (false, true) => &[Amr::HardwareKey],
                (false, false) => &[Amr::SoftwareKey],
            },
            Self::Totp | Self::RecoveryCode | Self::EmailCode => &[Amr::OneTimeCode],
            Self::MagicLink => &[],
        }
    }
}

/// How strongly all of `proofs` together say who somebody is (MF7); `None` if nothing was proved.
///
/// A passkey that did not ask for its user is one factor only. A mailbox is no second factor (NIST SP 800-63B-4).
pub fn acr_of(proofs: &[Method]) -> Option<Acr> {
    let verified = |bound: bool| {
        proofs.iter().any(|proof| {
            matches!(proof, Method::Passkey { user_verified: true, hardware_bound } if *hardware_bound || !bound)
        })
    };
    let knows = proofs.contains(&Method::Password);
    let has = proofs.iter().any(|proof| proof.is_possession());
    match proofs {
        [] => None,
        _ if verified(true) => Some(Acr::Aal3),
        _ if verified(false) || (knows && has) => Some(Acr::Aal2),
        // A recovery or time-based code alone opens nothing: it only ever stands beside something else.
        _ if proofs
            .iter()
            .all(|proof| matches!(proof, Method::Totp | Method::RecoveryCode)) =>
        {
            None
        }
        _ => Some(Acr::Aal1),
    }
}

/// The methods behind `proofs` (RFC 8176), each once, in the order of the list.
pub fn amr_of(proofs: &[Method]) -> Vec<Amr> {
    let mut amr: Vec<Amr> = proofs.iter().flat_map(|proof| proof.amr()).copied().collect();
    if acr_of(proofs) >= Some(Acr::Aal2) {
        amr.push(Amr::MultiFactor);
    }
    amr.sort_unstable();
    amr.dedup();
    amr
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn passkey(user_verified: bool, hardware_bound: bool) -> Method {
        Method::Passkey {
            user_verified,
            hardware_bound,
        }
    }

    #[test]
    fn strength_is_what_was_verified() {
        for (proofs, acr) in [
            (vec![], None),
            (vec![Method::Password], Some(Acr::Aal1)),
            (vec![Method::Password, Method::Password], Some(Acr::Aal1)),
            (vec![Method::Totp], None),
            (vec![Method::RecoveryCode, Method::Totp], None),
            (vec![Method::MagicLink], Some(Acr::Aal1)),
            (vec![Method::Password, Method::EmailCode], Some(Acr::Aal1)),
            (vec![Method::Password, Method::Totp], Some(Acr::Aal2)),
            (vec![Method::Password, Method::RecoveryCode], Some(Acr::Aal2)),
            (vec![passkey(false, true)], Some(Acr::Aal1)),
            (vec![passkey(false, false), Method::Password], Some(Acr::Aal2)),
            (vec![passkey(true, false)], Some(Acr::Aal2)),
            (vec![passkey(true, true)], Some(Acr::Aal3)),
        ] {
            assert_eq!(acr_of(&proofs), acr, "{proofs:?}");
        }
    }

    #[test]
    fn methods_are_named_as_registered() {
        let names = |proofs: &[Method]| amr_of(proofs).into_iter().map(Amr::as_str).collect::<Vec<_>>();
        assert_eq!(names(&[Method::Password]), ["pwd"]);
        assert_eq!(names(&[Method::Totp, Method::Password]), ["pwd", "otp", "mfa"]);
        assert_eq!(names(&[passkey(false, true)]), ["hwk"]);
        assert_eq!(names(&[passkey(true, false)]), ["swk", "user", "mfa"]);
    }
}
