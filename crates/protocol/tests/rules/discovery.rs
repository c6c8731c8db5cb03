use domain::{Acr, Issuer};
use protocol::discovery::Metadata;
use serde_json::{Value, json};

use crate::make::issuer;

fn document(issuer: &Issuer) -> Value {
    let scopes = "openid profile email address phone offline_access"
        .parse()
        .unwrap();
    serde_json::to_value(Metadata::build(issuer, &scopes, &[Acr::Aal1], &["en", "de"])).unwrap()
}

#[test]
fn it_names_what_the_standards_demand() {
    let document = document(&issuer());
    assert_eq!(document["issuer"], issuer().as_str());
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
        "introspection_endpoint",
        "revocation_endpoint",
        "end_session_endpoint",
    ] {
        let url = document[name].as_str().unwrap();
        assert!(
            url.starts_with("https://id.example.com/t/acme/oauth/"),
            "{name}: {url}"
        );
    }
    assert!(
        document["id_token_signing_alg_values_supported"]
            .as_array()
            .unwrap()
            .contains(&json!("RS256"))
    );
    assert!(
        document["scopes_supported"]
            .as_array()
            .unwrap()
            .contains(&json!("openid"))
    );
    assert!(
        document["claims_supported"]
            .as_array()
            .unwrap()
            .contains(&json!("sub"))
    );
    assert_eq!(document["ui_locales_supported"], json!(["en", "de"]));
    assert_eq!(document["acr_values_supported"], json!(["aal1"]));
}

#[test]
fn it_names_nothing_that_is_refused() {
    let document = document(&issuer());
    assert_eq!(document["response_types_supported"], json!(["code"]));
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(document["subject_types_supported"], json!(["public", "pairwise"]));
    assert_eq!(
        document["grant_types_supported"],
        json!(["authorization_code", "refresh_token", "client_credentials"])
    );
    assert_eq!(document["request_parameter_supported"], false);
    assert_eq!(document["request_uri_parameter_supported"], false);
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    let public = json!("none");
    assert!(
        document["token_endpoint_auth_methods_supported"]
            .as_array()
            .unwrap()
            .contains(&public)
    );
    assert!(
        !document["introspection_endpoint_auth_methods_supported"]
            .as_array()
            .unwrap()
            .contains(&public)
    );
    let text = document.to_string();
    for never in [
        "\"plain\"",
        "\"HS256\"",
        "\"token\"",
        "\"implicit\"",
        "\"password\"",
        "null",
    ] {
        assert!(!text.contains(never), "{never}");
    }
}

#[test]
fn the_issuer_is_kept_byte_for_byte() {
    let root = Issuer::new("http://localhost:8080", "");
    assert_eq!(document(&root)["issuer"], "http://localhost:8080");
    assert_eq!(
        document(&root)["token_endpoint"],
        "http://localhost:8080/oauth/token"
    );
}
