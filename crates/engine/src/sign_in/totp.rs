//! Time-based codes (RFC 6238): SHA-1, six digits, 30 seconds, which is all that authenticator applications agree on.

use domain::{Secret, Timestamp};
use totp_rs::{Algorithm, Builder, Totp};

use crate::Fault;

/// Seconds of a step.
const STEP: u64 = 30;

const REFUSED: Fault = Fault::Internal("a seed for time-based codes is refused");

fn maker(seed: &Secret<Vec<u8>>, skew: u16) -> Builder {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(STEP)
        .with_skew(skew)
        .with_secret(seed.expose().as_slice())
}

/// The time step that `code` belongs to: the present one, or one beside it where the tenant allows that (MF2).
pub(super) fn step_of(
    seed: &Secret<Vec<u8>>,
    code: &str,
    neighbours: bool,
    now: Timestamp,
) -> Result<Option<i64>, Fault> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let made: Totp = maker(seed, u16::from(neighbours)).build().map_err(|_| REFUSED)?;
    let secs = u64::try_from(now.secs()).unwrap_or_default();
    Ok(made.check(&code, secs).and_then(|step| i64::try_from(step).ok()))
}

/// What an authenticator application reads: the seed as text, and all of it as an address.
pub(super) fn shown(
    seed: &Secret<Vec<u8>>,
    issuer: &str,
    account: &str,
) -> Result<(Secret<String>, Secret<String>), Fault> {
    // A colon separates issuer and account in the address.
    let plain = |text: &str| text.replace(':', " ");
    let made = maker(seed, 0)
        .with_issuer(Some(plain(issuer)))
        .with_account_name(plain(account))
        .build()
        .map_err(|_| REFUSED)?;
    let address = made.to_url().map_err(|_| REFUSED)?;
    Ok((Secret::new(made.secret().to_base32()), Secret::new(address)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rfc_seed() -> Secret<Vec<u8>> {
        Secret::new(b"12345678901234567890".to_vec())
    }

    /// RFC 6238, appendix B, the last six of the eight digits.
    #[test]
    fn the_vectors_of_the_rfc_hold() {
        for (secs, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let found = step_of(&rfc_seed(), code, false, Timestamp::from_secs(secs)).unwrap();
            assert_eq!(found, Some(secs / 30), "{secs}");
        }
    }

    /// MF2: the present step, and the ones beside it only where the tenant says so.
    #[test]
    fn a_code_counts_in_its_own_step() {
        let at = |secs: i64, neighbours| {
            step_of(
                &rfc_seed(),
                "081804",
                neighbours,
                Timestamp::from_secs(1_111_111_109 + secs),
            )
            .unwrap()
        };
        let step = Some(1_111_111_109_i64 / 30);
        // The step began 29 seconds before.
        for (offset, alone, wide) in [
            (-90, None, None),
            (-60, None, None),
            (-30, None, step),
            (-29, step, step),
            (0, step, step),
            (1, None, step),
            (30, None, step),
            (31, None, None),
            (90, None, None),
        ] {
            assert_eq!((at(offset, false), at(offset, true)), (alone, wide), "{offset}");
        }
    }

    #[test]
    fn what_is_no_code_is_none() {
        for code in [
            "",
            "0",
            "28708",
            "2870820",
            "28708a",
            "٢٨٧٠٨٢",
            "-87082",
            "287082\u{0}",
        ] {
            let found = step_of(&rfc_seed(), code, true, Timestamp::from_secs(59)).unwrap();
            assert_eq!(found, None, "{code:?}");
        }
        // People copy it with the space that applications show.
        assert!(
            step_of(&rfc_seed(), "287 082", false, Timestamp::from_secs(59))
                .unwrap()
                .is_some()
        );
    }
}
