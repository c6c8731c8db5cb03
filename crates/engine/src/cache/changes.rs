//! Which beliefs an event ends.

use domain::{ClientId, Event, EventKind, GrantId, SessionId, TenantId, UserId};

use crate::token::ActiveToken;

/// Something beliefs are about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    Client(TenantId, ClientId),
    Grant(TenantId, GrantId),
    Session(TenantId, SessionId),
    /// One token, by its `jti`.
    Token(TenantId, String),
    User(TenantId, UserId),
}

/// What a belief in `token` is about.
pub(super) fn subjects_of(tenant: TenantId, token: &ActiveToken) -> Vec<Subject> {
    let mut about = vec![
        Subject::Client(tenant, token.client.client_id.clone()),
        Subject::Token(tenant, token.claims.jti.clone()),
    ];
    if let Some((user, grant)) = &token.on_behalf_of {
        about.push(Subject::User(tenant, user.id));
        about.push(Subject::Grant(tenant, grant.id));
        about.extend(grant.session_id.map(|session| Subject::Session(tenant, session)));
    }
    about
}

/// What `event` may change. Every kind has to be thought of here: a new one does not compile without.
pub(super) fn subjects(tenant: TenantId, event: &Event) -> Vec<Subject> {
    use EventKind as Kind;
    let client = || event.client.clone().map(|id| Subject::Client(tenant, id));
    let grant = || event.grant.map(|id| Subject::Grant(tenant, id));
    let user = || event.user.map(|id| Subject::User(tenant, id));
    let session = || event.session.map(|id| Subject::Session(tenant, id));
    let token = || {
        let jti = event.details.get("jti")?.as_str()?;
        Some(Subject::Token(tenant, jti.to_owned()))
    };
    let about = match event.kind {
        Kind::ClientDisabled | Kind::ClientEnabled | Kind::ConfigurationChanged => client(),
        // With the grant all its tokens end.
        Kind::CodeReused | Kind::RefreshTokenReused => grant(),
        Kind::TokenRevoked => token().or_else(grant),
        Kind::Logout | Kind::SessionEnded => session().or_else(user),
        Kind::AccountDenied
        | Kind::ConsentRevoked
        | Kind::EmailChanged
        | Kind::EmailRestored
        | Kind::EmailVerified
        | Kind::PasswordChanged
        | Kind::ProfileChanged
        | Kind::UserDisabled
        | Kind::UserEnabled => user(),
        Kind::AccountLocked
        | Kind::AccountSlowed
        | Kind::AccountUnlocked
        | Kind::AdminRefused
        | Kind::AuthorizationGranted
        | Kind::AuthorizationRefused
        | Kind::ClientAuthenticationFailed
        | Kind::ClientCreated
        | Kind::ClockJumped
        | Kind::ConsentDenied
        | Kind::ConsentGranted
        | Kind::CsrfRefused
        | Kind::FactorBlocked
        | Kind::FactorEnrolled
        | Kind::FactorFailed
        | Kind::FactorRecoveryStarted
        | Kind::FactorRecoveryStopped
        | Kind::FactorRemoved
        | Kind::FactorSuspended
        | Kind::FactorVerified
        | Kind::EmailChangeRequested
        | Kind::IntrospectionRefused
        | Kind::InvitationAccepted
        | Kind::InvitationCreated
        | Kind::KeyActivated
        | Kind::KeyCreated
        | Kind::KeyRetired
        | Kind::LinkCreated
        | Kind::Login
        | Kind::LoginFailed
        | Kind::LoginUnfamiliar
        | Kind::LogoutRefused
        | Kind::PasskeyAdded
        | Kind::PasskeyCounterDropped
        | Kind::PasskeyRemoved
        | Kind::PasskeyRenamed
        | Kind::PasswordChangeRefused
        | Kind::PasswordCompromised
        | Kind::MailGivenUp
        | Kind::MailSent
        | Kind::RecoveryCodeUsed
        | Kind::RecoveryCodesMade
        | Kind::RefusalsCounted
        | Kind::RegistrationRequested
        | Kind::RequestRefused
        | Kind::RequestsShed
        | Kind::ResetRequested
        | Kind::TenantCreated
        | Kind::ThrottleBlocked
        | Kind::TokenIssued
        | Kind::TokenRefused
        | Kind::UserCreated
        | Kind::UserinfoRefused => None,
    };
    about.into_iter().collect()
}
