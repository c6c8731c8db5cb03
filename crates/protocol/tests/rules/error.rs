use protocol::{ErrorCode, OAuthError};

#[test]
fn codes_are_distinct_and_have_a_status() {
    let mut names: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), ErrorCode::ALL.len());
    assert!(
        names
            .iter()
            .all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
    );
    assert_eq!(ErrorCode::InvalidClient.status(), 401);
    assert_eq!(ErrorCode::InvalidGrant.status(), 400);
    assert_eq!(ErrorCode::InsufficientScope.status(), 403);
    assert_eq!(ErrorCode::ServerError.status(), 500);
    assert_eq!(ErrorCode::TemporarilyUnavailable.status(), 503);
}

#[test]
fn serialises_to_the_two_members_of_the_standard() {
    let error = OAuthError::new(ErrorCode::InvalidGrant, "the code is used");
    let json = serde_json::to_value(error).unwrap();
    assert_eq!(
        json,
        serde_json::json!({ "error": "invalid_grant", "error_description": "the code is used" })
    );
}

/// RFC 6749 section 5.2 allows %x20-21, %x23-5B and %x5D-7E in a description.
#[test]
fn every_description_in_the_source_has_the_allowed_characters() {
    let sources = [
        include_str!("../../src/params.rs"),
        include_str!("../../src/pkce.rs"),
        include_str!("../../src/resource.rs"),
        include_str!("../../src/client_auth.rs"),
        include_str!("../../src/token.rs"),
        include_str!("../../src/bearer.rs"),
        include_str!("../../src/logout.rs"),
        include_str!("../../src/authorize/request.rs"),
    ];
    let makes_one = |line: &&str| {
        ["invalid_request(", "OAuthError::new(", "Self::new(", "refused("]
            .iter()
            .any(|c| line.contains(c))
    };
    let mut seen = 0;
    for line in sources.iter().flat_map(|source| source.lines()).filter(makes_one) {
        let Some(text) = line.split('"').nth(1) else {
            continue;
        };
        assert!(
            text.bytes()
                .all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)),
            "{text}"
        );
        seen += 1;
    }
    assert!(seen > 20, "only {seen} descriptions found");
}
