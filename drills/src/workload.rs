//! People and programs at work: every kind of write the product has, at random, each noted when acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::{EventKind, TokenHash, UserId};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::client::{Answer, Browser, Http, VERIFIER, code_in, shows};
use crate::journal::{Fate, Journal, Kept};
use crate::plan::{Dice, Plan};
use crate::site::{CALLBACK, Cast, Credential, Node};

/// Workers beside each other.
const WORKERS: u64 = 8;
/// How long a worker waits after the server gave no answer or had no time.
const BREATH: Duration = Duration::from_millis(20);

/// Workers that go on until they are stopped.
#[derive(Debug)]
pub(crate) struct Workload {
    stop: watch::Sender<bool>,
    workers: JoinSet<()>,
}

impl Workload {
    /// Puts workers to work on these nodes, each on one of them.
    pub(crate) fn start(plan: &Plan, cast: &Cast, nodes: &[&Node], journal: &Arc<Journal>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut workers = JoinSet::new();
        let faces = nodes.iter().map(|node| &node.http).cycle();
        for (number, http) in (0..WORKERS).zip(faces) {
            let worker = Worker {
                http: http.clone(),
                cast: cast.clone(),
                journal: Arc::clone(journal),
                dice: plan.dice(100 + number),
                browser: None,
                admin_token: None,
                family: None,
            };
            workers.spawn(worker.work(stopped.clone()));
        }
        Self { stop, workers }
    }

    /// Lets each worker finish its request.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.workers.join_next().await.is_some() {}
    }
}

/// A client with a living refresh token.
#[derive(Clone, Debug)]
struct Family {
    client: Credential,
    refresh: String,
}

struct Worker {
    http: Http,
    cast: Cast,
    journal: Arc<Journal>,
    dice: Dice,
    browser: Option<(Browser, UserId)>,
    admin_token: Option<String>,
    family: Option<Family>,
}

/// Makes names unique within a run.
static NAMES: AtomicU64 = AtomicU64::new(0);

impl Worker {
    async fn work(mut self, stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            let done = match self.dice.between(0, 10) {
                0 | 1 => self.service_token().await,
                2 => self.opaque_token().await,
                3 => self.wrong_secret().await,
                4 | 5 => self.new_person().await,
                6 => self.new_family().await,
                7 => self.revoke().await,
                _ => self.refresh().await,
            };
            if done.is_none() {
                sleep(BREATH).await;
            }
        }
    }

    /// An answer of this status, and the promise that each of these events was recorded once.
    async fn expect(
        &self,
        status: u16,
        events: &[EventKind],
        request: impl Future<Output = Result<Answer, reqwest::Error>>,
    ) -> Option<Answer> {
        let Fate::Answered(answer) = self.journal.watch(request).await else {
            return None;
        };
        if answer.status != status {
            return None;
        }
        let id = answer.request_id()?;
        self.journal
            .promise(events.iter().map(|kind| Kept::Event(id, *kind)));
        Some(answer)
    }

    async fn service_token(&mut self) -> Option<()> {
        let form = [("grant_type", "client_credentials")];
        let request = self.http.form("/oauth/token", &self.cast.service, &form);
        self.expect(200, &[EventKind::TokenIssued], request)
            .await
            .map(drop)
    }

    async fn opaque_token(&mut self) -> Option<()> {
        let form = [("grant_type", "client_credentials")];
        let request = self.http.form("/oauth/token", &self.cast.opaque, &form);
        let answer = self.expect(200, &[EventKind::TokenIssued], request).await?;
        let token = answer.text("access_token")?;
        self.journal.promise([Kept::AccessToken(TokenHash::of(&token))]);
        Some(())
    }

    /// A refusal that must leave a trace.
    async fn wrong_secret(&mut self) -> Option<()> {
        let wrong = Credential {
            secret: "wrong".to_owned(),
            ..self.cast.service.clone()
        };
        let form = [("grant_type", "client_credentials")];
        let request = self.http.form("/oauth/token", &wrong, &form);
        let events = [EventKind::ClientAuthenticationFailed];
        self.expect(401, &events, request).await.map(drop)
    }

    async fn administer(&mut self) -> Option<String> {
        if let Some(token) = &self.admin_token {
            return Some(token.clone());
        }
        let form = [("grant_type", "client_credentials"), ("scope", "rsp.admin")];
        let request = self.http.form("/oauth/token", &self.cast.admin, &form);
        let answer = self.expect(200, &[EventKind::TokenIssued], request).await?;
        self.admin_token = answer.text("access_token");
        self.admin_token.clone()
    }

    async fn new_person(&mut self) -> Option<()> {
        let token = self.administer().await?;
        let email = format!("new{}@example.com", NAMES.fetch_add(1, Ordering::Relaxed));
        let body = json!({ "email": email });
        let request = self.http.json("/admin/v1/users", &token, &body);
        let events = [EventKind::UserCreated, EventKind::InvitationCreated];
        let answer = self.expect(201, &events, request).await?;
        let invitation = answer.text("invitation")?;
        self.journal.promise([
            Kept::User(answer.text("id")?.parse().ok()?),
            Kept::Invitation(TokenHash::of(&invitation)),
        ]);
        Some(())
    }

    /// A new client, a person who consents to it, a code, and its tokens.
    async fn new_family(&mut self) -> Option<()> {
        let (mut browser, user) = self.sign_in().await?;
        let client = self.new_client().await?;
        let page = self
            .watch(browser.open(&client.id, "openid offline_access"))
            .await?;
        if !shows(&page, "consent-form") {
            // The session is gone: sign in anew next time.
            self.browser = None;
            return None;
        }
        let events = [EventKind::ConsentGranted, EventKind::AuthorizationGranted];
        let request = browser.submit(&page, "consent-form", &[("accept", "1")]);
        let answer = self.expect(303, &events, request).await?;
        let code = code_in(&answer)?;
        self.journal.promise([
            Kept::Code(TokenHash::of(&code)),
            Kept::Consent(user, client.id.parse().ok()?),
        ]);
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.take_tokens(&client, &form).await
    }

    async fn take_tokens(&mut self, client: &Credential, form: &[(&str, &str)]) -> Option<()> {
        let request = self.http.form("/oauth/token", client, form);
        let answer = self.expect(200, &[EventKind::TokenIssued], request).await?;
        let refresh = answer.text("refresh_token")?;
        self.journal
            .promise([Kept::RefreshToken(TokenHash::of(&refresh))]);
        self.family = Some(Family {
            client: client.clone(),
            refresh,
        });
        Some(())
    }

    async fn new_client(&mut self) -> Option<Credential> {
        let token = self.administer().await?;
        let body = json!({
            "name": format!("Client {}", NAMES.fetch_add(1, Ordering::Relaxed)),
            "kind": "confidential",
            "token_endpoint_auth_method": "client_secret_basic",
            "settings": {
                "grant_types": ["authorization_code", "refresh_token"],
                "redirect_uris": [CALLBACK],
                "scopes": "openid profile offline_access",
            },
        });
        let request = self.http.json("/admin/v1/clients", &token, &body);
        let answer = self.expect(201, &[EventKind::ClientCreated], request).await?;
        let id = answer.text("client_id")?;
        self.journal.promise([Kept::Client(id.parse().ok()?)]);
        Some(Credential {
            id,
            secret: answer.text("client_secret")?,
        })
    }

    async fn sign_in(&mut self) -> Option<(Browser, UserId)> {
        if let Some(there) = &self.browser {
            return Some(there.clone());
        }
        let count = u64::try_from(self.cast.people.len()).unwrap_or(1);
        let at = usize::try_from(self.dice.between(0, count)).unwrap_or_default();
        let person = self.cast.people.get(at)?.clone();
        let mut browser = Browser::new(&self.http);
        let page = self.watch(browser.open(&self.cast.web.id, "openid")).await?;
        let fields = [
            ("email", person.email.as_str()),
            ("password", person.password.as_str()),
        ];
        let request = browser.submit(&page, "login-form", &fields);
        self.expect(303, &[EventKind::Login], request).await?;
        // Who that was is in the ID token of a code of theirs.
        let page = self.watch(browser.open(&self.cast.web.id, "openid")).await?;
        let code = code_in(&page)?;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        let request = self.http.form("/oauth/token", &self.cast.web, &form);
        let answer = self.expect(200, &[EventKind::TokenIssued], request).await?;
        let user = subject_of(&answer.text("id_token")?)?;
        self.browser = Some((browser.clone(), user));
        Some((browser, user))
    }

    async fn refresh(&mut self) -> Option<()> {
        let Some(family) = self.family.take() else {
            return self.new_family().await;
        };
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", family.refresh.as_str()),
        ];
        let took = self.take_tokens(&family.client, &form).await;
        // Without an answer the token may be used up; it is shown again as a real client would, now and then.
        if took.is_none() && self.dice.between(0, 2) == 0 {
            self.family = Some(family);
        }
        took
    }

    async fn revoke(&mut self) -> Option<()> {
        let family = self.family.take()?;
        let form = [("token", family.refresh.as_str())];
        let request = self.http.form("/oauth/revoke", &family.client, &form);
        // Dead already is answered the same and recorded once, so only the status is promised.
        self.expect(200, &[], request).await.map(drop)
    }

    /// A request that promises nothing.
    async fn watch(&self, request: impl Future<Output = Result<Answer, reqwest::Error>>) -> Option<Answer> {
        match self.journal.watch(request).await {
            Fate::Answered(answer) if answer.status < 500 => Some(answer),
            Fate::Answered(_) | Fate::InDoubt => None,
        }
    }
}

/// `sub` of an ID token, unverified: the drill trusts its own server.
pub(crate) fn subject_of(token: &str) -> Option<UserId> {
    use base64::Engine as _;
    let claims = token.split('.').nth(1)?;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(claims)
        .ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    claims.get("sub")?.as_str()?.parse().ok()
}
