//! Words everybody knows about a person and the service they use (PW6).

use domain::{Email, Profile, Tenant};

/// Words an attacker would try first for one person at one tenant.
#[derive(Debug, Default)]
pub(crate) struct ContextWords(Vec<String>);

/// Words of this length are refused wherever they stand; shorter ones stand in too many others.
const TELLING: usize = 4;
/// So many letters that belong to no such word make a password of its own.
const OWN: usize = 4;
/// Words looked at for one person.
const MOST: usize = 64;
const PRODUCT: &str = "rsp";

impl ContextWords {
    /// The words of one person at a tenant.
    pub(crate) fn of(tenant: &Tenant, email: &Email, profile: &Profile) -> Self {
        let (local, domain) = email.as_str().rsplit_once('@').unwrap_or_default();
        // Without the last label: it is no name.
        let host = domain.rsplit_once('.').map_or(domain, |(host, _)| host);
        let slug = if tenant.slug.is_default() {
            ""
        } else {
            tenant.slug.as_str()
        };
        let names = [
            &profile.name,
            &profile.given_name,
            &profile.middle_name,
            &profile.family_name,
            &profile.nickname,
            &profile.preferred_username,
        ];
        let mut words = Self::default();
        for text in [PRODUCT, slug, &tenant.name, local, host]
            .into_iter()
            .chain(names.into_iter().flatten().map(String::as_str))
        {
            words.add(text);
        }
        // The longest first, so that a part does not hide the whole.
        words
            .0
            .sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
        words
    }

    /// The whole, and its parts.
    fn add(&mut self, text: &str) {
        let parts = text.split(|c: char| !c.is_alphanumeric());
        for part in std::iter::once(text).chain(parts) {
            let word = plain(part);
            if word.chars().count() > 1 && self.0.len() < MOST && !self.0.contains(&word) {
                self.0.push(word);
            }
        }
    }

    /// Whether a password is built on one of the words, also in disguise.
    pub(crate) fn give_away(&self, password: &str) -> bool {
        let (clear, disguised) = (plain(password), undisguised(password));
        let telling = |word: &&String| word.chars().count() >= TELLING;
        if self
            .0
            .iter()
            .filter(telling)
            .any(|word| clear.contains(word.as_str()) || disguised.contains(&undisguised(word)))
        {
            return true;
        }
        // Short words, filled up with digits and signs.
        let mut rest = clear.clone();
        for word in &self.0 {
            rest = rest.replace(word.as_str(), " ");
        }
        let own = rest.chars().filter(|c| c.is_alphabetic()).count();
        rest != clear && own < OWN
    }

    /// The words, for whoever measures strength.
    pub(crate) fn as_strs(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }
}

/// Lower case, without what stands between letters and digits.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Lower case, digits and signs read as the letters they stand in for; letters that share a sign become one.
fn undisguised(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .filter_map(|c| {
            Some(match c {
                '0' => 'o',
                '1' | '!' | '|' | 'l' => 'i',
                '2' => 'z',
                '3' | '€' => 'e',
                '4' | '@' => 'a',
                '5' | '$' => 's',
                '6' | '9' => 'g',
                '7' | '+' => 't',
                '8' => 'b',
                '(' => 'c',
                c if c.is_alphanumeric() => c,
                _ => return None,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::ContextWords;

    fn words() -> ContextWords {
        let mut words = ContextWords::default();
        for text in ["rsp", "Example Company", "alice.w", "Bo"] {
            words.add(text);
        }
        words
    }

    #[test]
    fn words_are_found_in_disguise_and_a_password_of_its_own_is_none() {
        let words = words();
        for bad in [
            "alice-in-a-very-tall-tower",
            "@l1c3 in a very tall tower",
            "A.L.I.C.E and her friends",
            "EXAMPLE company 2026!!",
            "c0mp@ny-picnic-of-today",
            "rsp-rsp-rsp-20262026",
            "Bo1234567890!!!!",
        ] {
            assert!(words.give_away(bad), "{bad}");
        }
        for good in [
            "a new and long passphrase",
            "correct horse battery staple",
            "robots borrow umbrellas",
            "12345678901234567890",
        ] {
            assert!(!words.give_away(good), "{good}");
        }
    }
}
