//! Scopes and resources: two lists of scopes, a line each, and resources in the lines that follow.

use domain::{Resource, Scopes};
use protocol::{resource, token};

use crate::samples::{CLIENTS, issuer};

pub(crate) fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let mut lines = text.split('\n');
    let (Ok(one), Ok(two)) = (
        lines.next().unwrap_or_default().parse::<Scopes>(),
        lines.next().unwrap_or_default().parse::<Scopes>(),
    ) else {
        return;
    };
    let resources: Vec<Resource> = lines
        .take(8)
        .filter_map(|line| Resource::parse(line).ok())
        .collect();
    sets(&one, &two);
    narrowed(&one, &two);
    targets(&one, &resources);
}

fn sets(one: &Scopes, two: &Scopes) {
    let written = one.to_string();
    assert!(written.len() <= Scopes::MAX_LENGTH);
    assert_eq!(
        written.parse().as_ref(),
        Ok(one),
        "not the same when written and read"
    );
    let (both, either, rest) = (one.intersection(two), one.union(two), one.without(two));
    assert!(both.is_subset_of(one) && both.is_subset_of(two));
    assert!(one.is_subset_of(&either) && two.is_subset_of(&either));
    assert!(rest.is_subset_of(one) && rest.intersection(two).is_empty());
    assert_eq!(both.iter().count() + rest.iter().count(), one.iter().count());
    assert_eq!(one.is_subset_of(two), rest.is_empty());
    for scope in one {
        let legal = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
        assert!(!scope.as_str().is_empty() && scope.as_str().bytes().all(legal));
    }
}

/// A refreshed token never has a scope that was not granted (OA14); all that was granted may be had.
fn narrowed(granted: &Scopes, requested: &Scopes) {
    assert_eq!(token::narrow(granted, None).as_ref(), Ok(granted));
    match token::narrow(granted, Some(requested)) {
        Ok(scopes) => assert!(scopes.is_subset_of(granted) && scopes == *requested),
        Err(_) => assert!(!requested.is_subset_of(granted)),
    }
    for client in CLIENTS.iter() {
        if let Ok(scopes) = token::scopes_for_client_credentials(client, Some(requested)) {
            assert!(scopes.is_subset_of(&client.settings.scopes));
            assert!(!scopes.contains("openid") && !scopes.contains("offline_access"));
        }
    }
}

fn targets(scopes: &Scopes, resources: &[Resource]) {
    for client in CLIENTS.iter() {
        let audience = resource::audience(client, &issuer(), scopes, resources);
        assert!(!audience.is_empty(), "a token for nobody");
        assert!(
            resources
                .iter()
                .all(|own| audience.iter().any(|aud| aud == own.as_str()))
        );
        if let Ok(permitted) = resource::permitted(client, resources.to_vec()) {
            assert!(
                permitted
                    .iter()
                    .all(|own| client.settings.resources.contains(own))
            );
        }
    }
    let (some, _) = resources.split_at(resources.len() / 2);
    assert!(resource::narrow(resources, some).is_ok());
    if let Ok(narrowed) = resource::narrow(some, resources) {
        assert!(narrowed.iter().all(|own| some.contains(own)));
    }
}
