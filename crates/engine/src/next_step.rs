//! What a person does best next for the safety of their account.

use domain::Acr;

use crate::sign_in::Enrolled;

/// What is known of an account when its person is advised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Situation {
    /// Whether the mail address was proved.
    pub email_verified: bool,
    /// Whether there is mail to prove it by.
    pub can_mail: bool,
    /// What the person could prove.
    pub can: Enrolled,
    /// How many passkeys there are.
    pub passkeys: usize,
    /// Whether the issuer has a name that passkeys can belong to.
    pub passkeys_available: bool,
}

/// The most useful next thing, one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NextStep {
    /// Set up an authenticator app: passkeys cannot be had here.
    AddFactor,
    /// Make a passkey: nothing but one factor protects the account.
    AddPasskey,
    /// Make another passkey: the one there is is the only way in.
    AddSparePasskey,
    /// Prove the mail address: nothing helps a person back in otherwise.
    ConfirmAddress,
    /// Make recovery codes: there are none, or few.
    MakeRecoveryCodes,
    /// Nothing is missing.
    Nothing,
}

impl NextStep {
    /// Every step.
    pub const ALL: [Self; 6] = [
        Self::AddFactor,
        Self::AddPasskey,
        Self::AddSparePasskey,
        Self::ConfirmAddress,
        Self::MakeRecoveryCodes,
        Self::Nothing,
    ];
}

/// As few recovery codes as this are as good as none.
const FEW_CODES: u32 = 2;

/// The most useful next thing for an account.
pub fn next_step(now: Situation) -> NextStep {
    let Situation {
        can,
        passkeys_available,
        ..
    } = now;
    if !now.email_verified && now.can_mail {
        return NextStep::ConfirmAddress;
    }
    if can.reach() == Acr::Aal1 {
        if passkeys_available {
            return NextStep::AddPasskey;
        }
        // Codes count beside a password only.
        if can.password {
            return NextStep::AddFactor;
        }
    }
    if can.password && can.has_second_factor() && can.recovery_codes <= FEW_CODES {
        return NextStep::MakeRecoveryCodes;
    }
    if !can.password && now.passkeys == 1 && passkeys_available {
        return NextStep::AddSparePasskey;
    }
    NextStep::Nothing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_useful_thing_comes_first() {
        const NONE: Option<Acr> = None;
        const PASSKEY: Option<Acr> = Some(Acr::Aal2);
        // Address proved, mail, password, app, codes, level of a passkey, passkeys, available: the step.
        let table = [
            (
                (false, true, true, false, 0, NONE, 0, true),
                NextStep::ConfirmAddress,
            ),
            (
                (false, true, true, true, 10, PASSKEY, 1, true),
                NextStep::ConfirmAddress,
            ),
            // Without mail it cannot be proved; the next thing then.
            (
                (false, false, true, false, 0, NONE, 0, true),
                NextStep::AddPasskey,
            ),
            ((true, true, true, false, 0, NONE, 0, true), NextStep::AddPasskey),
            ((true, true, true, false, 0, NONE, 0, false), NextStep::AddFactor),
            (
                (true, true, true, true, 0, NONE, 0, true),
                NextStep::MakeRecoveryCodes,
            ),
            (
                (true, true, true, true, 2, NONE, 0, true),
                NextStep::MakeRecoveryCodes,
            ),
            ((true, true, true, true, 3, NONE, 0, true), NextStep::Nothing),
            (
                (true, true, true, false, 0, PASSKEY, 1, true),
                NextStep::MakeRecoveryCodes,
            ),
            ((true, true, true, false, 10, PASSKEY, 1, true), NextStep::Nothing),
            // Without a password codes open nothing, and one passkey is a single key to the house.
            (
                (true, true, false, false, 0, PASSKEY, 1, true),
                NextStep::AddSparePasskey,
            ),
            ((true, true, false, false, 0, PASSKEY, 2, true), NextStep::Nothing),
            (
                (true, true, false, false, 0, PASSKEY, 1, false),
                NextStep::Nothing,
            ),
            // One passkey that does not ask who holds it is one factor.
            (
                (true, true, false, false, 0, Some(Acr::Aal1), 1, true),
                NextStep::AddPasskey,
            ),
            (
                (true, true, false, false, 0, Some(Acr::Aal1), 1, false),
                NextStep::Nothing,
            ),
        ];
        for (row, expected) in table {
            let (email_verified, can_mail, password, totp, recovery_codes, passkey, passkeys, available) =
                row;
            let now = Situation {
                email_verified,
                can_mail,
                can: Enrolled {
                    password,
                    totp,
                    recovery_codes,
                    passkey,
                },
                passkeys,
                passkeys_available: available,
            };
            assert_eq!(next_step(now), expected, "{row:?}");
        }
        for step in NextStep::ALL {
            assert!(table.iter().any(|(_, expected)| *expected == step), "{step:?}");
        }
    }
}
