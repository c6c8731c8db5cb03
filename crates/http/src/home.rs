use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::extract::Visit;
use crate::pages::{DemoAccount, DemoClient, DemoHomePage, DemoLink, DemoLinkKind};
use crate::reply::{account_page, see_other};
use crate::state::{AppState, DemoHome};

/// `GET /`: the demo's front page; elsewhere the way to the account pages.
pub(crate) async fn get(State(state): State<AppState>, visit: Visit) -> Response {
    match &state.demo {
        Some(demo) if visit.ctx.tenant.tenant.slug.is_default() => demo_home(&visit, demo),
        _ => see_other(&format!("{}/account", visit.prefix())),
    }
}

fn demo_home(visit: &Visit, demo: &DemoHome) -> Response {
    let issuer = visit.ctx.issuer();
    let account = issuer.url("/account");
    let console = issuer.url("/console/");
    let discovery = issuer.url("/.well-known/openid-configuration");
    let jwks = issuer.url("/oauth/jwks");
    let management = format!("{}/readyz", demo.management_url);
    let link = |kind, url| DemoLink { kind, url };
    let page = DemoHomePage {
        issuer: issuer.as_str(),
        credentials_file: demo.credentials_file.as_deref(),
        sample_url: &demo.sample_url,
        accounts: demo
            .accounts
            .iter()
            .map(|(email, password, admin)| DemoAccount {
                email,
                password,
                admin: *admin,
            })
            .collect(),
        clients: demo
            .clients
            .iter()
            .map(|client| DemoClient {
                name: &client.name,
                client_id: &client.client_id,
                client_secret: client.client_secret.as_deref(),
                grant_types: client.grant_types.iter().map(String::as_str).collect(),
                redirect_uris: client.redirect_uris.iter().map(String::as_str).collect(),
            })
            .collect(),
        links: vec![
            link(DemoLinkKind::Sample, &demo.sample_url),
            link(DemoLinkKind::Account, &account),
            link(DemoLinkKind::Console, &console),
            link(DemoLinkKind::Discovery, &discovery),
            link(DemoLinkKind::Keys, &jwks),
            link(DemoLinkKind::Management, &management),
        ],
    };
    account_page(visit, StatusCode::OK, page.render(&visit.chrome_here(&[])))
}
