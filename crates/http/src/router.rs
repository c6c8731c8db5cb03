//! Every route of the public listener, in one table: path, who may call it, and the handler.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use domain::EventKind;

use crate::around::Around;
use crate::extract::Visit;
use crate::layers::told;
use crate::pages::Problem;
use crate::reply::problem_page;
use crate::state::AppState;
use crate::unrecorded::{self, Recorder};
use crate::{
    account, admin, assets, caught, console, health, home, invite, login, oauth, passkey_endpoints,
    rate_limit, recover, security,
};

/// Who may call a route. Every route has one (AZ1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Holders of an access token with the scope `rsp.admin`.
    Admin,
    /// Holders of an access token.
    Bearer,
    /// A browser in a flow of its own: a cookie, and for changes the token of our page.
    Browser,
    /// Clients that prove who they are.
    Client,
    /// Anybody: nothing here is secret and nothing changes but what the caller brings.
    Public,
    /// A person signed in.
    Session,
}

impl Access {
    /// All there are.
    pub const ALL: [Self; 6] = [
        Self::Admin,
        Self::Bearer,
        Self::Browser,
        Self::Client,
        Self::Public,
        Self::Session,
    ];

    /// What it means, for the reference.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Admin => "an access token of the tenant with the scope `rsp.admin`",
            Self::Bearer => "an access token of the tenant",
            Self::Browser => {
                "a browser in a flow of its own; changes need the cookie and the token of our page"
            }
            Self::Client => "a client that proves who it is",
            Self::Public => "anybody",
            Self::Session => "a person signed in; without a session the way leads to the sign-in page",
        }
    }
}

/// Where a path lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Once, on the host.
    Host,
    /// Under each tenant's issuer.
    Issuer,
    /// Under each tenant's issuer, readable by pages of its public clients.
    Shared,
}

/// One row of the table.
#[derive(Debug)]
pub struct Route {
    /// The path, relative to the issuer.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// What a request is recorded as that cannot be read; `None` where nothing is read but the path.
    pub refusal: Option<EventKind>,
    place: Place,
    handler: MethodRouter<AppState>,
}

impl Route {
    /// Whether the path exists once for each tenant; otherwise once on the host.
    pub fn is_per_tenant(&self) -> bool {
        self.place != Place::Host
    }

    /// Reads more than the path, and records as `kind` what it cannot read.
    fn reads(self, kind: EventKind) -> Self {
        Self {
            refusal: Some(kind),
            ..self
        }
    }
}

fn row(path: &'static str, access: Access, place: Place, handler: MethodRouter<AppState>) -> Route {
    Route {
        path,
        access,
        refusal: None,
        place,
        handler,
    }
}

/// The table.
#[rustfmt::skip]
pub fn table() -> Vec<Route> {
    use Access::{Admin, Bearer, Browser, Client, Public, Session};
    use EventKind::{
        AdminRefused, AuthorizationRefused, IntrospectionRefused, LogoutRefused, RequestRefused, TokenRefused,
        TokenRevoked, UserinfoRefused,
    };
    use Place::{Host, Issuer, Shared};
    vec![
        row("/health", Public, Host, get(health::get)),
        row("/assets/{name}", Public, Host, get(assets::get)),
        row("/assets/tenant.css", Public, Issuer, get(assets::tenant)),
        row("/", Public, Issuer, get(home::get)),

        row("/.well-known/security.txt", Public, Host, get(security::get)),
        row("/.well-known/passkey-endpoints", Public, Issuer, get(passkey_endpoints::get)),
        row("/.well-known/openid-configuration", Public, Shared, get(oauth::discovery::get)),
        row("/.well-known/oauth-authorization-server", Public, Shared, get(oauth::discovery::get)),
        row("/.well-known/change-password", Public, Issuer, get(account::password::well_known)),
        row("/oauth/jwks", Public, Shared, get(oauth::jwks::get)),
        row("/oauth/authorize", Browser, Issuer, get(oauth::authorize::get).post(oauth::authorize::post)).reads(AuthorizationRefused),
        row("/oauth/token", Client, Shared, post(oauth::token::post)).reads(TokenRefused),
        row("/oauth/introspect", Client, Issuer, post(oauth::introspect::post)).reads(IntrospectionRefused),
        row("/oauth/revoke", Client, Shared, post(oauth::revoke::post)).reads(TokenRevoked),
        row("/oauth/userinfo", Bearer, Shared, get(oauth::userinfo::get).post(oauth::userinfo::post)).reads(UserinfoRefused),
        row("/oauth/logout", Browser, Issuer, get(oauth::logout::get).post(oauth::logout::post)).reads(LogoutRefused),

        row("/login", Browser, Issuer, get(login::sign_in::get).post(login::sign_in::post)).reads(RequestRefused),
        row("/login/factor", Browser, Issuer, get(login::factor::get).post(login::factor::post)).reads(RequestRefused),
        row("/login/replace", Browser, Issuer, get(login::replace::get).post(login::replace::post)).reads(RequestRefused),
        row("/login/passkey/options", Browser, Issuer, post(login::passkey::options)).reads(RequestRefused),
        row("/login/passkey/finish", Browser, Issuer, post(login::passkey::finish)).reads(RequestRefused),
        row("/consent", Browser, Issuer, get(login::consent::get).post(login::consent::post)).reads(RequestRefused),
        row("/invite", Browser, Issuer, get(invite::get).post(invite::post)).reads(RequestRefused),
        row("/recover", Browser, Issuer, get(recover::ask::recover).post(recover::ask::send_recover)).reads(RequestRefused),
        row("/recover/set", Browser, Issuer, get(recover::open::reset).post(recover::open::set)).reads(RequestRefused),
        row("/recover/deny", Browser, Issuer, get(recover::open::deny).post(recover::open::confirm_deny)).reads(RequestRefused),
        row("/recover/factor", Browser, Issuer, get(recover::open::lost).post(recover::open::confirm_lost)).reads(RequestRefused),
        row("/recover/factor/stop", Browser, Issuer, get(recover::open::stop).post(recover::open::confirm_stop)).reads(RequestRefused),
        row("/register", Browser, Issuer, get(recover::ask::register).post(recover::ask::send_register)).reads(RequestRefused),
        row("/register/finish", Browser, Issuer, get(recover::open::register).post(recover::open::finish)).reads(RequestRefused),
        row("/account/email/verify", Browser, Issuer, get(recover::open::verify).post(recover::open::confirm_verify)).reads(RequestRefused),
        row("/account/email/change", Browser, Issuer, get(recover::open::change).post(recover::open::confirm_change)).reads(RequestRefused),
        row("/account/email/prove", Session, Issuer, post(account::email::prove)).reads(RequestRefused),
        row("/account/email", Session, Issuer, post(account::email::change)).reads(RequestRefused),
        row("/dev/mail", Public, Host, get(caught::list)),
        row("/dev/mail/{id}", Public, Host, get(caught::read)),
        row("/dev/mail/{id}/html", Public, Host, get(caught::html)),
        row("/invite/passkey/options", Browser, Issuer, post(invite::passkey::options)).reads(RequestRefused),
        row("/invite/passkey/finish", Browser, Issuer, post(invite::passkey::finish)).reads(RequestRefused),
        row("/account", Session, Issuer, get(account::get)).reads(RequestRefused),
        row("/account/factors", Session, Issuer, get(account::factors::get)).reads(RequestRefused),
        row("/account/factors/totp", Session, Issuer, get(account::factors::totp).post(account::factors::begin_totp)).reads(RequestRefused),
        row("/account/factors/totp/confirm", Session, Issuer, post(account::factors::confirm_totp)).reads(RequestRefused),
        row("/account/factors/totp/remove", Session, Issuer, post(account::factors::remove_totp)).reads(RequestRefused),
        row("/account/factors/recovery-codes", Session, Issuer, post(account::factors::recovery_codes)).reads(RequestRefused),
        row("/account/factors/recovery/stop", Session, Issuer, post(account::recovery::stop)).reads(RequestRefused),
        row("/account/password", Session, Issuer, get(account::password::get).post(account::password::post)).reads(RequestRefused),
        row("/account/activity", Session, Issuer, get(account::activity::get)).reads(RequestRefused),
        row("/account/activity/not-me", Session, Issuer, get(account::not_me::get).post(account::not_me::post)).reads(RequestRefused),
        row("/account/profile", Session, Issuer, get(account::profile::get).post(account::profile::post)).reads(RequestRefused),
        row("/account/theme", Session, Issuer, post(account::profile::theme)).reads(RequestRefused),
        row("/account/passkeys/options", Session, Issuer, post(account::passkeys::options)).reads(RequestRefused),
        row("/account/passkeys/finish", Session, Issuer, post(account::passkeys::finish)).reads(RequestRefused),
        row("/account/passkeys/{id}/rename", Session, Issuer, post(account::passkeys::rename)).reads(RequestRefused),
        row("/account/passkeys/{id}/remove", Session, Issuer, post(account::passkeys::remove)).reads(RequestRefused),
        row("/account/sessions/end-all", Session, Issuer, post(account::end_all_sessions)).reads(RequestRefused),
        row("/account/sessions/{id}/end", Session, Issuer, post(account::end_session)).reads(RequestRefused),
        row("/account/apps/{client_id}/revoke", Session, Issuer, post(account::disconnect)).reads(RequestRefused),

        row("/console", Public, Issuer, get(console::with_slash)),
        row("/console/", Public, Issuer, get(console::get)),

        row("/admin/v1/users", Admin, Issuer, get(admin::users::list).post(admin::users::create)).reads(AdminRefused),
        row("/admin/v1/users/{id}", Admin, Issuer, get(admin::users::read)).reads(AdminRefused),
        row("/admin/v1/users/{id}/disable", Admin, Issuer, post(admin::users::disable)).reads(AdminRefused),
        row("/admin/v1/users/{id}/enable", Admin, Issuer, post(admin::users::enable)).reads(AdminRefused),
        row("/admin/v1/users/{id}/compromise", Admin, Issuer, post(admin::users::compromise)).reads(AdminRefused),
        row("/admin/v1/users/{id}/reset", Admin, Issuer, post(admin::users::reset)).reads(AdminRefused),
        row("/admin/v1/users/{id}/unlock", Admin, Issuer, post(admin::sessions::unlock)).reads(AdminRefused),
        row("/admin/v1/users/{id}/sessions", Admin, Issuer, get(admin::sessions::list)).reads(AdminRefused),
        row("/admin/v1/users/{id}/sessions/end-all", Admin, Issuer, post(admin::sessions::end_all)).reads(AdminRefused),
        row("/admin/v1/users/{id}/sessions/{session}/end", Admin, Issuer, post(admin::sessions::end)).reads(AdminRefused),
        row("/admin/v1/clients", Admin, Issuer, get(admin::clients::list).post(admin::clients::create)).reads(AdminRefused),
        row("/admin/v1/clients/{id}", Admin, Issuer, get(admin::clients::read)).reads(AdminRefused),
        row("/admin/v1/clients/{id}/disable", Admin, Issuer, post(admin::clients::disable)).reads(AdminRefused),
        row("/admin/v1/clients/{id}/enable", Admin, Issuer, post(admin::clients::enable)).reads(AdminRefused),
    ]
}

/// The router made of the table. The edge (limits, headers, log) goes around it.
pub fn router(state: AppState) -> Router {
    let mut router = Router::new();
    for Route {
        path,
        access,
        refusal,
        place,
        handler,
    } in table()
    {
        let handler = match refusal {
            Some(kind) => {
                let recorder = Recorder {
                    state: state.clone(),
                    kind,
                    route: path,
                };
                handler.layer(Around::new(recorder, unrecorded::record))
            }
            None => handler,
        };
        let handler = match place {
            Place::Shared => handler
                .options(oauth::cors::options)
                .layer(Around::new(state.clone(), oauth::cors::allow)),
            Place::Host | Place::Issuer => handler,
        };
        let handler = match access {
            Access::Browser | Access::Session => handler.layer(from_fn_with_state(state.clone(), right_host)),
            Access::Admin | Access::Bearer | Access::Client | Access::Public => handler,
        };
        let handler = match rate_limit::class_of(path, access) {
            Some(class) => handler.layer(from_fn_with_state((state.clone(), class), rate_limit::count)),
            None => handler,
        };
        if place != Place::Host {
            router = router.route(&under_tenant(path), handler.clone());
            if let Some(path) = metadata_path(path) {
                router = router.route(&path, handler.clone());
            }
        }
        router = router.route(path, handler);
    }
    router
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(state)
}

/// The same path under a tenant that has no host of its own.
fn under_tenant(path: &str) -> String {
    format!("/t/{{tenant}}{}", if path == "/" { "" } else { path })
}

/// Where RFC 8414 section 3.1 puts the metadata of an issuer with a path.
fn metadata_path(path: &str) -> Option<String> {
    path.starts_with("/.well-known/")
        .then(|| format!("{path}/t/{{tenant}}"))
}

/// An issuer on `localhost` works under no other name: cookies and passkeys belong to one. Behind a proxy the host may
/// be rewritten, so elsewhere nothing is concluded from it.
async fn right_host(State(_): State<AppState>, visit: Visit, request: Request, next: Next) -> Response {
    let issuer = visit.ctx.issuer().as_str();
    let host = issuer
        .split_once("://")
        .map_or(issuer, |(_, rest)| rest.split('/').next().unwrap_or(rest));
    let is_local = host == "localhost" || host.starts_with("localhost:");
    if is_local && visit.header("host").is_some_and(|asked| asked != host) {
        return told(
            "wrong_host",
            problem_page(&visit, Problem::WrongHost, Some(issuer)),
        );
    }
    next.run(request).await
}

/// What is not there.
pub(crate) async fn not_found(State(_): State<AppState>, visit: Result<Visit, Response>) -> Response {
    refused(visit, Problem::NotFound, StatusCode::NOT_FOUND)
}

async fn method_not_allowed(State(_): State<AppState>, visit: Result<Visit, Response>) -> Response {
    let answer = refused(visit, Problem::MethodNotAllowed, StatusCode::METHOD_NOT_ALLOWED);
    told("method", answer)
}

/// A page for people, a bare status (which the edge turns into a problem document) for programs.
fn refused(visit: Result<Visit, Response>, problem: Problem, status: StatusCode) -> Response {
    match visit {
        Ok(visit) if visit.wants_page() => problem_page(&visit, problem, None),
        _ => status.into_response(),
    }
}
