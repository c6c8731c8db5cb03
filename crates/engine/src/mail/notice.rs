//! Which events their person is told of (PW13).

use std::time::Duration;

use domain::{
    Actor, Device, Email, Event, EventKind, LinkPurpose, OpaqueToken, Outcome, User, UserId, UserStatus,
};
use storage::links::Link;
use storage::mail_outbox::Posted;
use storage::users;

use super::{Content, Draft, Template};
use crate::links::NewLink;
use crate::seal::Purpose;
use crate::{App, Ctx, Fault};

/// What a person is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    /// So many attempts failed that only known browsers can try the account.
    AccountLocked,
    /// So many attempts failed that strangers have to work before each one.
    AccountSlowed,
    /// Another address was asked for; goes to the present one.
    EmailChangeRequested,
    /// The address changed; goes to the old one.
    EmailChanged,
    /// The address is the one from before again; goes to the one it had meanwhile.
    EmailRestored,
    /// A second factor was set up.
    FactorEnrolled,
    /// A recovery began for somebody who says they lost their second factor.
    FactorRecoveryStarted,
    /// A second factor was removed.
    FactorRemoved,
    /// Second factors were set aside, because their person says that somebody else added them.
    FactorSuspended,
    /// A sign-in with an unknown browser, or from an unknown network.
    LoginUnfamiliar,
    /// The password was set or changed.
    PasswordChanged,
    /// A recovery code was used.
    RecoveryCodeUsed,
    /// Recovery codes were made.
    RecoveryCodesMade,
}

impl Notice {
    /// Every notice.
    pub const ALL: [Self; 13] = [
        Self::AccountLocked,
        Self::AccountSlowed,
        Self::EmailChangeRequested,
        Self::EmailChanged,
        Self::EmailRestored,
        Self::FactorEnrolled,
        Self::FactorRecoveryStarted,
        Self::FactorRemoved,
        Self::FactorSuspended,
        Self::LoginUnfamiliar,
        Self::PasswordChanged,
        Self::RecoveryCodeUsed,
        Self::RecoveryCodesMade,
    ];

    /// The name as stored; also the stem of its texts' keys.
    pub const fn key(self) -> &'static str {
        match self {
            Self::AccountLocked => "notice-account-locked",
            Self::AccountSlowed => "notice-account-slowed",
            Self::EmailChangeRequested => "notice-email-change-requested",
            Self::EmailChanged => "notice-email-changed",
            Self::EmailRestored => "notice-email-restored",
            Self::LoginUnfamiliar => "notice-login-unfamiliar",
            Self::PasswordChanged => "notice-password-changed",
            Self::FactorEnrolled => "notice-factor-enrolled",
            Self::FactorRecoveryStarted => "notice-factor-recovery-started",
            Self::FactorRemoved => "notice-factor-removed",
            Self::FactorSuspended => "notice-factor-suspended",
            Self::RecoveryCodeUsed => "notice-recovery-code-used",
            Self::RecoveryCodesMade => "notice-recovery-codes-made",
        }
    }

    /// What the link in it is for: mostly to say that it was somebody else. Whoever loses an address to its earlier owner
    /// is told, and cannot take it back.
    pub const fn link(self) -> Option<LinkPurpose> {
        match self {
            Self::AccountLocked | Self::AccountSlowed | Self::EmailRestored | Self::FactorSuspended => None,
            Self::FactorRecoveryStarted => Some(LinkPurpose::StopRecovery),
            Self::EmailChangeRequested
            | Self::EmailChanged
            | Self::FactorEnrolled
            | Self::FactorRemoved
            | Self::LoginUnfamiliar
            | Self::PasswordChanged
            | Self::RecoveryCodeUsed
            | Self::RecoveryCodesMade => Some(LinkPurpose::Deny),
        }
    }

    /// The page under the issuer that it leads to, where a link with a secret would be no use: who guessed did nothing that
    /// could be denied, a new password is asked for when its owner wants one, and what was set aside waits for nobody.
    pub const fn page(self) -> Option<&'static str> {
        match self {
            Self::AccountLocked | Self::AccountSlowed => Some("/recover"),
            Self::FactorSuspended => Some("/account"),
            _ => None,
        }
    }

    /// The notice of an event, if its person is told. Every kind has to be thought of here: a new one does not compile
    /// without.
    pub const fn of(kind: EventKind) -> Option<Self> {
        use EventKind as Kind;
        match kind {
            Kind::EmailChangeRequested => Some(Self::EmailChangeRequested),
            Kind::EmailChanged => Some(Self::EmailChanged),
            Kind::EmailRestored => Some(Self::EmailRestored),
            Kind::LoginUnfamiliar => Some(Self::LoginUnfamiliar),
            Kind::FactorEnrolled | Kind::PasskeyAdded => Some(Self::FactorEnrolled),
            Kind::FactorRecoveryStarted => Some(Self::FactorRecoveryStarted),
            Kind::FactorRemoved | Kind::PasskeyRemoved => Some(Self::FactorRemoved),
            Kind::PasswordChanged => Some(Self::PasswordChanged),
            Kind::RecoveryCodeUsed => Some(Self::RecoveryCodeUsed),
            Kind::RecoveryCodesMade => Some(Self::RecoveryCodesMade),
            // Guessing: not with the event, or its answer would take longer for accounts that exist, see `throttle::told`.
            // What is set aside: not at the account's own address, which may be a thief's, see `told_of_suspension`.
            Kind::AccountLocked
            | Kind::AccountSlowed
            | Kind::FactorSuspended
            | Kind::AccountDenied
            | Kind::AccountUnlocked
            | Kind::AdminRefused
            | Kind::AuthorizationGranted
            | Kind::AuthorizationRefused
            | Kind::ClientAuthenticationFailed
            | Kind::ClientCreated
            | Kind::ClientDisabled
            | Kind::ClientEnabled
            | Kind::ClockJumped
            | Kind::CodeReused
            | Kind::ConfigurationChanged
            | Kind::ConsentDenied
            | Kind::ConsentGranted
            | Kind::ConsentRevoked
            | Kind::CsrfRefused
            | Kind::EmailVerified
            | Kind::FactorBlocked
            | Kind::FactorFailed
            | Kind::FactorRecoveryStopped
            | Kind::FactorVerified
            | Kind::IntrospectionRefused
            | Kind::InvitationAccepted
            | Kind::InvitationCreated
            | Kind::KeyActivated
            | Kind::KeyCreated
            | Kind::KeyRetired
            | Kind::LinkCreated
            | Kind::Login
            | Kind::LoginFailed
            | Kind::Logout
            | Kind::LogoutRefused
            | Kind::MailGivenUp
            | Kind::MailSent
            | Kind::PasskeyCounterDropped
            | Kind::PasskeyRenamed
            | Kind::PasswordChangeRefused
            | Kind::PasswordCompromised
            | Kind::ProfileChanged
            | Kind::RefreshTokenReused
            | Kind::RefusalsCounted
            | Kind::RegistrationRequested
            | Kind::RequestRefused
            | Kind::RequestsShed
            | Kind::ResetRequested
            | Kind::SessionEnded
            | Kind::TenantCreated
            | Kind::ThrottleBlocked
            | Kind::TokenIssued
            | Kind::TokenRefused
            | Kind::TokenRevoked
            | Kind::UserCreated
            | Kind::UserDisabled
            | Kind::UserEnabled
            | Kind::UserinfoRefused => None,
        }
    }
}

impl App {
    /// The mail that tells the person of `event`, at the address they have at this moment, with a link to say that it was
    /// not them. The link remembers the address: its use leads back there, wherever the account went since.
    pub(crate) async fn notice_of(&self, ctx: &Ctx, event: &Event) -> Result<Option<Box<Posted>>, Fault> {
        let (Some(notice), Some(user)) = (Notice::of(event.kind), event.user) else {
            return Ok(None);
        };
        if event.outcome == Outcome::Failure || !self.has_mail() {
            return Ok(None);
        }
        Box::pin(self.notice_to(ctx, notice, user)).await
    }

    async fn notice_to(&self, ctx: &Ctx, notice: Notice, user: UserId) -> Result<Option<Box<Posted>>, Fault> {
        let account = users::find(&mut self.db.read(ctx.tenant_id()).await?, user).await?;
        // Who has not begun to use the account yet sets the first password just now.
        let Some(user) = account
            .map(|account| account.user)
            .filter(|user| user.status == UserStatus::Active)
        else {
            return Ok(None);
        };
        let (token, link) = match self.denial(ctx, notice, &user).await? {
            Some((token, link)) => (Some(token), Some(link)),
            None => (None, None),
        };
        // The operator's browser is not the person's.
        let agent = ctx
            .agent
            .as_deref()
            .filter(|_| matches!(ctx.actor, Actor::User(_)));
        let draft = Draft {
            template: Template::Notice(notice),
            language: language_of(&user),
            user: Some(user.id),
            content: Content {
                to: user.email.to_string(),
                link: token.map(|token| token.expose().to_owned()),
                device: agent.map(Device::of).and_then(named),
                not_before: not_before(ctx, notice),
                ..Content::default()
            },
        };
        let mail = self.written(ctx, draft).await?;
        Ok(mail.map(|mail| Box::new(Posted { mail, link })))
    }

    /// The mail that tells that factors were set aside, to the address from which that was asked.
    pub(crate) async fn told_of_suspension(
        &self,
        ctx: &Ctx,
        user: &User,
        to: &Email,
    ) -> Result<Option<Box<Posted>>, Fault> {
        if !self.has_mail() {
            return Ok(None);
        }
        let draft = Draft {
            template: Template::Notice(Notice::FactorSuspended),
            language: language_of(user),
            user: Some(user.id),
            content: Content {
                to: to.to_string(),
                ..Content::default()
            },
        };
        let mail = self.written(ctx, draft).await?;
        Ok(mail.map(|mail| Box::new(Posted { mail, link: None })))
    }

    async fn denial(
        &self,
        ctx: &Ctx,
        notice: Notice,
        user: &User,
    ) -> Result<Option<(OpaqueToken, Link)>, Fault> {
        let person = Purpose::Person(user.id);
        let key = self
            .seals
            .sealing(&self.db, &self.world, ctx.tenant_id(), &person)
            .await?;
        let (Some(purpose), Some(_)) = (notice.link(), key) else {
            return Ok(None);
        };
        let new = NewLink {
            address_mac: Some(self.address_mac(ctx, &user.email).await?),
            address: Some(user.email.clone()),
            ..NewLink::of(purpose, user.id)
        };
        self.new_link(ctx, new).await.map(Some)
    }
}

/// When what a notice tells of can go on, in seconds since 1970.
fn not_before(ctx: &Ctx, notice: Notice) -> Option<i64> {
    if notice != Notice::FactorRecoveryStarted {
        return None;
    }
    let delay = ctx
        .tenant
        .tenant
        .settings
        .sign_in
        .second_factor
        .recovery_delay_secs?;
    Some(ctx.now.plus(Duration::from_secs(delay)).secs())
}

/// The language a person is written to in.
pub(crate) fn language_of(user: &User) -> &str {
    user.profile.locale.as_deref().unwrap_or("en")
}

fn named(device: Device) -> Option<String> {
    let names: Vec<&str> = [device.browser.name(), device.system.name()]
        .into_iter()
        .flatten()
        .collect();
    (!names.is_empty()).then(|| names.join(", "))
}
