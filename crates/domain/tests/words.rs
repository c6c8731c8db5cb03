//! Time, ids, tokens, scopes, addresses and names: what they accept, and that they come back as they were.

use std::sync::Arc;
use std::time::Duration;

use domain::{
    Acr, Clock, Email, Entropy, GrantType, Issuer, OpaqueToken, Scope, ScopeRefused, Scopes, Secret,
    SessionLimits, SigningAlg, Slug, SystemEntropy, Timestamp, TokenHash, TokenKind, UserId, World,
};
use proptest::prelude::*;

/// A clock that stands still.
#[derive(Clone, Copy)]
struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Entropy that always says the same.
struct Always(u8);

impl Entropy for Always {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const KINDS: [TokenKind; 7] = [
    TokenKind::Access,
    TokenKind::Browser,
    TokenKind::ClientSecret,
    TokenKind::Code,
    TokenKind::Invitation,
    TokenKind::Refresh,
    TokenKind::Session,
];

fn world() -> World {
    World::new(Arc::new(At(NOW)), Arc::new(SystemEntropy))
}

#[test]
fn time_counts_in_whole_microseconds_and_saturates() {
    assert_eq!(NOW.rfc3339(), "2027-01-15T08:00:00Z");
    assert_eq!(NOW.plus(Duration::from_mins(1)).secs(), 1_800_000_060);
    assert_eq!(NOW.minus(Duration::from_mins(1)).since(NOW), Duration::ZERO);
    assert_eq!(
        NOW.since(NOW.minus(Duration::from_millis(1))),
        Duration::from_millis(1)
    );
    assert_eq!(NOW.plus(Duration::MAX).micros(), i64::MAX);
    assert_eq!(Timestamp::from_secs(i64::MAX).micros(), i64::MAX);
    assert_eq!(
        Timestamp::from_micros(-1).secs(),
        -1,
        "rounds down, before 1970 too"
    );
    assert_eq!(Timestamp::from_micros(-1).unix_millis(), 0);
    assert_eq!(serde_json::to_string(&NOW).unwrap(), "1800000000000000");
}

#[test]
fn ids_have_one_spelling_and_follow_time() {
    let id = "01970000-0000-7000-8000-000000000001";
    assert_eq!(id.parse::<UserId>().unwrap().to_string(), id);
    for bad in [
        "01970000-0000-7000-8000-00000000000",
        "01970000000070008000000000000001",
        "{01970000-0000-7000-8000-000000000001}",
        "urn:uuid:01970000-0000-7000-8000-000000000001",
        " 01970000-0000-7000-8000-000000000001",
        "01970000-0000-7000-8000-00000000000A",
        "",
    ] {
        assert!(bad.parse::<UserId>().is_err(), "{bad}");
    }
    let later = World::new(
        Arc::new(At(NOW.plus(Duration::from_millis(1)))),
        Arc::new(Always(0)),
    );
    let first = World::new(Arc::new(At(NOW)), Arc::new(Always(0xff)));
    let (a, b) = (UserId::generate(&first), UserId::generate(&later));
    assert!(a < b, "{a} is older than {b}");
    assert_eq!(a.as_uuid().get_version_num(), 7);
}

/// A truncated token was valid elsewhere (C4).
#[test]
fn no_mutant_of_an_opaque_token_has_its_hash() {
    for kind in KINDS {
        let token = OpaqueToken::generate(kind, &world());
        let text = token.expose();
        assert_eq!(OpaqueToken::parse(kind, text), Some(token.hash()));
        assert_eq!(token.hash(), TokenHash::of(text));
        assert!(
            text.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'),
            "safe in any place"
        );
        for other in KINDS.into_iter().filter(|other| *other != kind) {
            assert_eq!(OpaqueToken::parse(other, text), None, "{kind:?} is no {other:?}");
        }
        let hits = |mutant: &str| OpaqueToken::parse(kind, mutant) == Some(token.hash());
        for at in 0..text.len() {
            assert!(!hits(text.split_at(at).0) && !hits(text.split_at(at + 1).1));
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] ^= 1;
            assert!(!hits(&String::from_utf8_lossy(&bytes)));
            bytes[at] ^= 1 ^ 0x20;
            assert!(!hits(&String::from_utf8_lossy(&bytes)));
        }
        for mutant in [
            format!("{text}="),
            format!("{text}A"),
            format!(" {text}"),
            text.to_uppercase(),
            text.repeat(2),
        ] {
            assert!(!hits(&mutant), "{mutant}");
        }
    }
}

#[test]
fn tokens_do_not_repeat_and_are_not_shown() {
    let (a, b) = (
        OpaqueToken::generate(TokenKind::Code, &world()),
        OpaqueToken::generate(TokenKind::Code, &world()),
    );
    assert_ne!(a.expose(), b.expose());
    assert!(!format!("{a:?}").contains(a.expose()));
    assert!(!format!("{:?}", Secret::new("geheim".to_owned())).contains("geheim"));
    assert_eq!(Secret::new("a".to_owned()), Secret::new("a".to_owned()));
    assert_ne!(Secret::new("a".to_owned()), Secret::new("ab".to_owned()));
}

#[test]
fn scopes_are_a_set_in_the_order_named() {
    let scopes: Scopes = "openid  email openid profile ".parse().unwrap();
    assert_eq!(scopes.to_string(), "openid email profile");
    let other: Scopes = "email offline_access".parse().unwrap();
    assert_eq!(scopes.intersection(&other).to_string(), "email");
    assert_eq!(
        scopes.union(&other).to_string(),
        "openid email profile offline_access"
    );
    assert_eq!(scopes.without(&other).to_string(), "openid profile");
    assert!(scopes.intersection(&other).is_subset_of(&scopes) && !other.is_subset_of(&scopes));
    assert!(Scopes::none().is_subset_of(&other) && Scopes::none().is_empty());
    for bad in ["a\"b", "a\\b", "a\tb", "a\u{e9}", "a\u{7f}"] {
        assert_eq!(bad.parse::<Scopes>(), Err(ScopeRefused::Malformed), "{bad}");
    }
    assert_eq!("a".repeat(501).parse::<Scopes>(), Err(ScopeRefused::TooLong));
    assert!("a".repeat(500).parse::<Scopes>().is_ok());
    assert!("a b".parse::<Scope>().is_err() && "".parse::<Scope>().is_err());
}

#[test]
fn mail_addresses_are_plain() {
    for good in [
        "alice@example.com",
        "a.b+c@sub.example.co",
        "jürg@example.ch",
        "o'neil@example.ie",
        "x@localhost",
    ] {
        assert_eq!(good.parse::<Email>().unwrap().as_str(), good);
    }
    let long = format!("{}@example.com", "a".repeat(65));
    let longer = format!("a@{}.com", "b".repeat(250));
    for bad in [
        "",
        "alice",
        "@example.com",
        "alice@",
        "a b@example.com",
        "a@b@example.com",
        "alice@exa mple.com",
        "alice@example..com",
        "alice@.com",
        "alice@example.com.",
        "alice@example.com\n",
        "a\0@example.com",
        "\"a\"@example.com",
        "a,b@example.com",
        "alice@ex\u{430}mple.com",
        "<alice@example.com>",
        &long,
        &longer,
    ] {
        assert!(bad.parse::<Email>().is_err(), "{bad}");
    }
    assert_eq!(
        "ALICE@Example.COM".parse::<Email>().unwrap().folded(),
        "alice@example.com"
    );
}

#[test]
fn slugs_and_issuers() {
    for good in ["acme", "a", "a-1", "default"] {
        assert!(good.parse::<Slug>().is_ok(), "{good}");
    }
    for bad in ["", "Acme", "1a", "-a", "a_b", "a/b", "ä", &"a".repeat(41)] {
        assert!(bad.parse::<Slug>().is_err(), "{bad}");
    }
    assert_eq!(
        (
            Slug::default_tenant().path(),
            "acme".parse::<Slug>().unwrap().path()
        ),
        (String::new(), "/t/acme".into())
    );
    let issuer = Issuer::new("https://id.example.com/", "/t/acme");
    assert_eq!(
        issuer.url("/oauth/token"),
        "https://id.example.com/t/acme/oauth/token"
    );
}

#[test]
fn only_known_algorithms_grants_and_strengths_have_a_value() {
    for bad in ["none", "nOnE", "HS256", "RS512", "es256", "", "EdDSA "] {
        assert!(bad.parse::<SigningAlg>().is_err(), "{bad}");
    }
    assert!(
        SigningAlg::ALL
            .into_iter()
            .all(|alg| alg.as_str().parse() == Ok(alg))
    );
    assert!(
        ["password", "implicit", "Refresh_Token", ""]
            .into_iter()
            .all(|text| GrantType::parse(text).is_none())
    );
    assert!(
        GrantType::ALL
            .into_iter()
            .all(|grant| GrantType::parse(grant.as_str()) == Some(grant))
    );
    assert_eq!((Acr::parse("aal2"), Acr::parse("AAL2")), (Some(Acr::Aal2), None));
    assert!(Acr::Aal1 < Acr::Aal2 && Acr::Aal2 < Acr::Aal3);
    assert!(SessionLimits::for_acr(Acr::Aal3).idle < SessionLimits::for_acr(Acr::Aal2).idle);
}

proptest! {
    #[test]
    fn later_is_later(micros in any::<i64>(), nanos in any::<u64>()) {
        let time = Timestamp::from_micros(micros);
        let span = Duration::from_nanos(nanos);
        prop_assert!(time.plus(span) >= time && time.minus(span) <= time);
        std::hint::black_box(time.rfc3339());
    }

    #[test]
    fn scopes_come_back_as_written(text in "([a-z:._/-]{1,12} ){0,8}") {
        let scopes: Scopes = text.parse().unwrap();
        prop_assert_eq!(scopes.to_string().parse::<Scopes>().unwrap(), scopes.clone());
        let stored = serde_json::to_string(&scopes).unwrap();
        prop_assert_eq!(serde_json::from_str::<Scopes>(&stored).unwrap(), scopes);
    }

    #[test]
    fn parsers_never_panic(text in ".{0,80}") {
        std::hint::black_box((text.parse::<Email>().is_ok(), text.parse::<Scopes>().is_ok(), text.parse::<UserId>().is_ok()));
        for kind in KINDS {
            prop_assert_eq!(OpaqueToken::parse(kind, &text), None);
        }
    }
}
