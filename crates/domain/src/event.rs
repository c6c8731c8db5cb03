use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{ClientId, GrantId, SessionId, UserId};

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "lowercase")]
pub enum Actor {
    /// Nobody known: a request without a valid credential.
    Anonymous,
    /// A client acting for itself.
    Client(ClientId),
    /// Somebody with access to the data directory.
    Operator,
    /// The product itself: rotation, expiry.
    System,
    /// A person.
    User(UserId),
}

impl Actor {
    /// The kind's name as stored.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Client(_) => "client",
            Self::Operator => "operator",
            Self::System => "system",
            Self::User(_) => "user",
        }
    }

    /// The id's text, where there is one.
    pub fn id(&self) -> Option<String> {
        match self {
            Self::Anonymous | Self::Operator | Self::System => None,
            Self::Client(id) => Some(id.to_string()),
            Self::User(id) => Some(id.to_string()),
        }
    }
}

/// How it ended (E6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Refused or failed.
    Failure,
    /// Done.
    Success,
    /// Done, and worth a look.
    Warning,
}

impl Outcome {
    /// The outcome's name as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Success => "success",
            Self::Warning => "warning",
        }
    }
}

macro_rules! event_kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal;)+) => {
        /// What happened (E7). The catalogue in `docs/generated/audit-events.md` is made from this list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum EventKind {
            $($(#[doc = $doc])+ $name,)+
        }

        impl EventKind {
            /// Every kind, in the catalogue's order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The name as stored and exported.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// What it means, for the catalogue.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc,)+),)+ }
            }
        }
    };
}

event_kinds! {
    /// A person said that something a notice told of was not their doing; every session ended and the password is void.
    AccountDenied = "account.denied";
    /// After too many failed attempts nobody unknown can try this account or address for a while; known devices can.
    AccountLocked = "account.locked";
    /// Many attempts with an account or address failed in a row: from now on unknown browsers have to work before each one.
    AccountSlowed = "account.slowed";
    /// An account can be tried from everywhere again: its owner or an operator said so.
    AccountUnlocked = "account.unlocked";
    /// An administrative request was refused.
    AdminRefused = "admin.refused";
    /// A request to the authorization endpoint was refused.
    AuthorizationRefused = "authorization.refused";
    /// A person allowed a client what it asked for; a code was issued.
    AuthorizationGranted = "authorization.granted";
    /// A client could not prove itself.
    ClientAuthenticationFailed = "client.authentication_failed";
    /// A client was made.
    ClientCreated = "client.created";
    /// A client was switched off.
    ClientDisabled = "client.disabled";
    /// A client was switched on again.
    ClientEnabled = "client.enabled";
    /// The clock of a server was set by more than a minute; time went on as if it had not been.
    ClockJumped = "clock.jumped";
    /// A setting of the installation or of a tenant changed.
    ConfigurationChanged = "configuration.changed";
    /// An authorization code was presented a second time; everything from its grant was revoked.
    CodeReused = "code.reused";
    /// A person said no to a client.
    ConsentDenied = "consent.denied";
    /// A person said yes to a client.
    ConsentGranted = "consent.granted";
    /// A person took back what they had allowed a client.
    ConsentRevoked = "consent.revoked";
    /// The mail address of an account changed.
    EmailChanged = "email.changed";
    /// A person asked to change the mail address of their account; the new one has to be proved.
    EmailChangeRequested = "email.change_requested";
    /// The owner of an earlier address said that its change was not their doing; the account has that address again.
    EmailRestored = "email.restored";
    /// A person proved that a mail address is theirs.
    EmailVerified = "email.verified";
    /// A state-changing request from another site, or without its token, was refused.
    CsrfRefused = "csrf.refused";
    /// A second factor was closed for a while, because too many codes were wrong.
    FactorBlocked = "factor.blocked";
    /// A person set up a second factor.
    FactorEnrolled = "factor.enrolled";
    /// A code of a second factor was wrong, was used before, or came while the factor was closed.
    FactorFailed = "factor.failed";
    /// A recovery began for a person who lost their second factor; it removes the factors after the tenant's delay.
    FactorRecoveryStarted = "factor.recovery_started";
    /// Such a recovery was stopped by the account's owner.
    FactorRecoveryStopped = "factor.recovery_stopped";
    /// A second factor was removed.
    FactorRemoved = "factor.removed";
    /// Second factors that were added since a moment were set aside: their person says that it was somebody else.
    FactorSuspended = "factor.suspended";
    /// A person proved something in a sign-in that needs more.
    FactorVerified = "factor.verified";
    /// A token was introspected by a client that may not see it, or the request could not be read.
    IntrospectionRefused = "introspection.refused";
    /// An invitation was made.
    InvitationCreated = "invitation.created";
    /// A person used an invitation and set a credential.
    InvitationAccepted = "invitation.accepted";
    /// A signing key began to sign.
    KeyActivated = "key.activated";
    /// A signing key was made and published.
    KeyCreated = "key.created";
    /// A signing key is no longer published.
    KeyRetired = "key.retired";
    /// A single-use link was made, to be sent by mail.
    LinkCreated = "link.created";
    /// A person signed in.
    Login = "login";
    /// A sign-in failed.
    LoginFailed = "login.failed";
    /// A person signed in with a browser or from a network that none of their sessions knows.
    LoginUnfamiliar = "login.unfamiliar";
    /// A person signed out.
    Logout = "logout";
    /// A logout request was refused, could not be read, or had to be confirmed first.
    LogoutRefused = "logout.refused";
    /// A mail was tried for days and given up.
    MailGivenUp = "mail.given_up";
    /// A mail was handed to the mail server.
    MailSent = "mail.sent";
    /// A person made a passkey.
    PasskeyAdded = "passkey.added";
    /// A passkey's signature counter did not go up: there may be a copy of it. The sign-in was refused.
    PasskeyCounterDropped = "passkey.counter_dropped";
    /// A passkey was removed; it opens nothing any more.
    PasskeyRemoved = "passkey.removed";
    /// A person gave a passkey another name.
    PasskeyRenamed = "passkey.renamed";
    /// A person's password was set or changed.
    PasswordChanged = "password.changed";
    /// A recovery code was used.
    RecoveryCodeUsed = "recovery_code.used";
    /// Recovery codes were made; those from before no longer work.
    RecoveryCodesMade = "recovery_codes.made";
    /// A person could not change their password: the present one was wrong, or the new one was refused.
    PasswordChangeRefused = "password.change_refused";
    /// A person's password was marked as known to others: it has to be changed at the next sign-in.
    PasswordCompromised = "password.compromised";
    /// A person changed what is known about them.
    ProfileChanged = "profile.changed";
    /// Somebody asked for a new password for an address; whether there is such an account is not said.
    ResetRequested = "reset.requested";
    /// Somebody asked for an account with an address; whether there is one already is not said.
    RegistrationRequested = "registration.requested";
    /// A refresh token was presented a second time; its whole family was revoked.
    RefreshTokenReused = "refresh_token.reused";
    /// Many anonymous refusals of one kind from one network, as a count.
    RefusalsCounted = "refusals.counted";
    /// A request to a page could not be read, or what it was about was not there any more.
    RequestRefused = "request.refused";
    /// Requests were refused because the server had too much to do; counted for each network and minute.
    RequestsShed = "requests.shed";
    /// A session was ended by somebody.
    SessionEnded = "session.ended";
    /// A request or an attempt to sign in was refused because there were too many.
    ThrottleBlocked = "throttle.blocked";
    /// A tenant was made.
    TenantCreated = "tenant.created";
    /// A token was issued.
    TokenIssued = "token.issued";
    /// A token request was refused.
    TokenRefused = "token.refused";
    /// A token was revoked.
    TokenRevoked = "token.revoked";
    /// An account was made.
    UserCreated = "user.created";
    /// An account was switched off.
    UserDisabled = "user.disabled";
    /// An account was switched on again.
    UserEnabled = "user.enabled";
    /// A userinfo request was refused.
    UserinfoRefused = "userinfo.refused";
}

impl EventKind {
    /// `docs/generated/audit-events.md`: every kind and what it means.
    pub fn catalogue() -> String {
        let head = "# Audit events\n\nEvery kind of event the audit log can hold. A row also has the time, the outcome \
            (`success`, `failure`, `warning`), a reason from a closed list of short words, who did it, whom and what it \
            is about, and the request's id.\n\nGenerated by `cargo run -p rsp-domain --example \
            audit-events-doc`.\n\n| kind | meaning |\n|---|---|\n";
        let rows = Self::ALL
            .iter()
            .map(|kind| format!("| `{}` | {} |\n", kind.as_str(), kind.meaning().trim()));
        std::iter::once(head.to_owned()).chain(rows).collect()
    }
}

impl Serialize for EventKind {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

/// What was acted upon, besides the person, session and client that stand in fields of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `key`, `tenant`, `grant`, `invitation`, …
    pub kind: &'static str,
    /// Its id.
    pub id: String,
}

/// What says something about a person: sealed before it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Personal {
    /// Name typed or shown: a mail address, or whatever an unknown visitor typed (people type passwords there).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Something that happened, before it is sealed into a row. Address, browser, actor, time and request come from the context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, from a closed list of short words; never text from outside.
    pub reason: Option<&'static str>,
    /// The person it is about.
    pub user: Option<UserId>,
    /// The session it is about.
    pub session: Option<SessionId>,
    /// The client it is about.
    pub client: Option<ClientId>,
    /// The grant it is about.
    pub grant: Option<GrantId>,
    /// Anything else it is about.
    pub target: Option<Target>,
    /// Facts that are not personal.
    pub details: Map<String, Value>,
    /// Facts that are.
    pub personal: Personal,
}

impl Event {
    /// An event of `kind` that went well.
    pub fn success(kind: EventKind) -> Self {
        Self::new(kind, Outcome::Success)
    }

    /// A refusal, and why.
    pub fn failure(kind: EventKind, reason: &'static str) -> Self {
        Self {
            reason: Some(reason),
            ..Self::new(kind, Outcome::Failure)
        }
    }

    /// Done, and worth a look.
    pub fn warning(kind: EventKind, reason: &'static str) -> Self {
        Self {
            reason: Some(reason),
            ..Self::new(kind, Outcome::Warning)
        }
    }

    fn new(kind: EventKind, outcome: Outcome) -> Self {
        Self {
            kind,
            outcome,
            reason: None,
            user: None,
            session: None,
            client: None,
            grant: None,
            target: None,
            details: Map::new(),
            personal: Personal::default(),
        }
    }

    /// About this person.
    #[must_use]
    pub fn user(mut self, id: UserId) -> Self {
        self.user = Some(id);
        self
    }

    /// About this session.
    #[must_use]
    pub fn session(mut self, id: SessionId) -> Self {
        self.session = Some(id);
        self
    }

    /// About this client.
    #[must_use]
    pub fn client(mut self, id: &ClientId) -> Self {
        self.client = Some(id.clone());
        self
    }

    /// About this grant.
    #[must_use]
    pub fn grant(mut self, id: GrantId) -> Self {
        self.grant = Some(id);
        self
    }

    /// About this other thing.
    #[must_use]
    pub fn target(mut self, kind: &'static str, id: impl ToString) -> Self {
        self.target = Some(Target {
            kind,
            id: id.to_string(),
        });
        self
    }

    /// With a fact that is not personal.
    #[must_use]
    pub fn detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// With the name that was typed or shown; it will be sealed.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.personal.name = Some(name.to_owned());
        self
    }
}

/// One or more of something: what a transaction can be committed with.
#[derive(Clone, Debug)]
pub struct Events<T = Event> {
    first: T,
    rest: Vec<T>,
}

impl<T> Events<T> {
    /// Just one.
    pub const fn one(first: T) -> Self {
        Self {
            first,
            rest: Vec::new(),
        }
    }

    /// One more.
    #[must_use]
    pub fn and(mut self, next: T) -> Self {
        self.rest.push(next);
        self
    }

    /// One more, if there is one.
    #[must_use]
    pub fn and_maybe(self, next: Option<T>) -> Self {
        match next {
            Some(next) => self.and(next),
            None => self,
        }
    }

    /// How many.
    pub fn count(&self) -> usize {
        1 + self.rest.len()
    }

    /// Each in turn.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// Each turned into something else.
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> Events<U> {
        let first = f(self.first);
        Events {
            first,
            rest: self.rest.into_iter().map(f).collect(),
        }
    }

    /// Each turned into something else, or the first error.
    pub fn try_map<U, E>(self, mut f: impl FnMut(T) -> Result<U, E>) -> Result<Events<U>, E> {
        let first = f(self.first)?;
        Ok(Events {
            first,
            rest: self.rest.into_iter().map(f).collect::<Result<_, _>>()?,
        })
    }
}

impl<T> From<T> for Events<T> {
    fn from(one: T) -> Self {
        Self::one(one)
    }
}
