//! Invented people: the same for the same seed, nobody real.

use domain::{Address, Email, Profile};
use engine::users::NewUser;

const GIVEN: [&str; 16] = [
    "Ada", "Bruno", "Chiara", "Dev", "Elif", "Farah", "Goran", "Hana", "Ines", "Jonas", "Kofi", "Lena",
    "Mateo", "Noor", "Oskar", "Priya",
];
const FAMILY: [&str; 16] = [
    "Almeida", "Berger", "Costa", "Dvorak", "Eriksen", "Fischer", "Garcia", "Haddad", "Ito", "Jensen",
    "Kowalski", "Lindt", "Moreau", "Novak", "Okafor", "Rossi",
];

/// How many there are.
pub(super) const COUNT: u64 = 200;

/// The people of `seed`. They have no password, so making them costs no hashing.
pub(super) fn invent(seed: u64) -> impl Iterator<Item = NewUser> {
    let mut state = seed;
    (0..COUNT).filter_map(move |number| {
        let pick = |names: &[&'static str; 16], bits: u64| {
            usize::try_from(bits % 16)
                .ok()
                .and_then(|at| names.get(at).copied())
        };
        let bits = next(&mut state);
        let (given, family) = (pick(&GIVEN, bits)?, pick(&FAMILY, bits >> 8)?);
        let email: Email = format!(
            "{}.{}.{number}@example.com",
            given.to_lowercase(),
            family.to_lowercase()
        )
        .parse()
        .ok()?;
        Some(NewUser {
            email,
            email_verified: bits & 0x10000 != 0,
            profile: Profile {
                name: Some(format!("{given} {family}")),
                given_name: Some(given.to_owned()),
                family_name: Some(family.to_owned()),
                ..Profile::default()
            },
            password: None,
        })
    })
}

/// SplitMix64: a short, well-known sequence; it makes sample data, never secrets.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The profile of the two people who can sign in: every standard claim, so that each scope shows something.
pub(super) fn full_profile(given: &str, family: &str, locale: &str) -> Profile {
    let lower = given.to_lowercase();
    Profile {
        name: Some(format!("{given} {family}")),
        given_name: Some(given.to_owned()),
        family_name: Some(family.to_owned()),
        middle_name: Some("Robin".to_owned()),
        nickname: Some(lower.clone()),
        preferred_username: Some(lower.clone()),
        profile: Some(format!("https://www.example.com/people/{lower}")),
        picture: Some(format!("https://www.example.com/people/{lower}.png")),
        website: Some(format!("https://{lower}.example.com")),
        gender: Some("unspecified".to_owned()),
        birthdate: Some("1990-04-12".to_owned()),
        zoneinfo: Some("Europe/Zurich".to_owned()),
        locale: Some(locale.to_owned()),
        phone_number: Some("+41 44 555 01 23".to_owned()),
        phone_number_verified: true,
        address: Some(Address {
            formatted: Some("Example Street 12\n8000 Zurich\nSwitzerland".to_owned()),
            street_address: Some("Example Street 12".to_owned()),
            locality: Some("Zurich".to_owned()),
            region: Some("ZH".to_owned()),
            postal_code: Some("8000".to_owned()),
            country: Some("Switzerland".to_owned()),
        }),
    }
}
