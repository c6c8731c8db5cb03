//! The demo's own pages and those of its sample application.

use http_face::pages::{
    Chrome, DemoAccount, DemoClient, DemoHomePage, DemoLink, DemoLinkKind, SampleErrorPage, SampleHomePage,
    SampleSignedInPage, TokenView,
};

use super::MOMENT;

pub(crate) fn pages(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let account = |email, admin| DemoAccount {
        email,
        password: "tundra-violet-anchor-93",
        admin,
    };
    let client = |name, client_secret, redirect_uris: &[&'static str]| DemoClient {
        name,
        client_id: "0197f0c2b7a47d1f",
        client_secret,
        grant_types: vec!["authorization_code", "refresh_token", "client_credentials"],
        redirect_uris: redirect_uris.to_vec(),
    };
    let link = |kind, url| DemoLink { kind, url };
    let home = DemoHomePage {
        issuer: "http://localhost:8080",
        credentials_file: Some("demo.json"),
        sample_url: "http://localhost:8081/",
        accounts: vec![
            account("admin@example.com", true),
            account("alice@example.com", false),
            account("bob@example.com", false),
        ],
        clients: vec![
            client(
                "demo-web",
                Some("gQ2zXv7Yp0sKfLr5TtWmJ8bNcDh3EaUi1oPq6RkVxZw"),
                &["http://127.0.0.1:9999/callback", "http://localhost:8081/callback"],
            ),
            client("demo-spa", None, &["http://127.0.0.1/callback"]),
        ],
        links: vec![
            link(DemoLinkKind::Sample, "http://localhost:8081/"),
            link(DemoLinkKind::Account, "/account"),
            link(DemoLinkKind::Console, "/console/"),
            link(DemoLinkKind::Discovery, "/.well-known/openid-configuration"),
            link(DemoLinkKind::Keys, "/oauth/jwks"),
            link(DemoLinkKind::Management, "http://localhost:9090/readyz"),
        ],
    };
    vec![
        ("demo", home.render(chrome)),
        ("sample-home", sample_home().render(chrome)),
        ("sample-signed-in", sample_signed_in().render(chrome)),
        ("sample-error", sample_error().render(chrome)),
    ]
}

fn sample_home() -> SampleHomePage<'static> {
    SampleHomePage {
        sign_in_url: "/sign-in",
        issuer: "http://localhost:8080",
        client_id: "0197f0c2b7a47d1f",
        signed_out: true,
    }
}

fn sample_signed_in() -> SampleSignedInPage<'static> {
    SampleSignedInPage {
        csrf: "c5",
        who: "Alice Adler",
        id_token: TokenView::Jwt {
            header: "{\n  \"alg\": \"RS256\",\n  \"kid\": \"lqmC1v2m8Yb3kq1xVd0w\"\n}",
            claims: "{\n  \"iss\": \"http://localhost:8080\",\n  \"sub\": \"5f0d2c1e-8a57-4b0e-9d15-0c4a6f2b7e31\",\n  \"aud\": \"0197f0c2b7a47d1f\",\n  \"acr\": \"aal1\",\n  \"amr\": [\"pwd\"]\n}",
        },
        access_token: TokenView::Opaque {
            text: "rsp_at_4hK2zXv7Yp0sKfLr5TtWmJ8bNcDh3EaUi1oPq6RkVxZw7Yp0sKfLr5TtWmJ8bNcDh3EaUi1oPq6",
        },
        access_expires_at: MOMENT,
        userinfo: "{\n  \"sub\": \"5f0d2c1e-8a57-4b0e-9d15-0c4a6f2b7e31\",\n  \"name\": \"Alice Adler\"\n}",
        can_refresh: true,
        refreshed: false,
    }
}

fn sample_error() -> SampleErrorPage<'static> {
    SampleErrorPage {
        error: "access_denied",
        description: Some("the person refused"),
        retry_url: "/",
    }
}
