//! One-time links that let an invited person set their first password (PW11).

use std::time::Duration;

use domain::{
    Actor, Event, EventKind, Events, InvitationId, OpaqueToken, Profile, Secret, Timestamp, TokenKind, User,
    UserId, UserStatus,
};
use storage::invitations::{self, Invitation};
use storage::{StoreError, Tx, users};

use crate::{App, Ctx, Fault, PasswordRefused};

/// How long a link works (PW11).
const LIFETIME: Duration = Duration::from_hours(24);

/// Why an invitation could not be used.
#[derive(Debug, thiserror::Error)]
pub enum InvitationError {
    /// Something else.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Unknown, used or expired.
    #[error("this link was already used or is too old")]
    Gone,
    /// The password cannot be set.
    #[error(transparent)]
    Password(PasswordRefused),
}

impl From<StoreError> for InvitationError {
    fn from(cause: StoreError) -> Self {
        Self::Fault(cause.into())
    }
}

/// An invited person and how long their link works.
#[derive(Debug)]
pub struct Invited {
    /// The person.
    pub user: User,
    /// When the link ends.
    pub expires_at: Timestamp,
}

impl App {
    /// Makes a link for an invited person and returns its secret.
    pub async fn invite(&self, ctx: &Ctx, user: UserId) -> Result<OpaqueToken, InvitationError> {
        let (token, invitation) = self.new_invitation(ctx, user);
        let account = users::find(&mut self.db.read(ctx.tenant_id()).await?, user).await?;
        let mail = match &account {
            Some(account) => self.invitation_mail(ctx, &account.user, &token).await?,
            None => None,
        };
        let events = self.record_with_mail(ctx, invited(&invitation), mail).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        invitations::insert(&mut tx, &invitation).await?;
        tx.commit(events).await?;
        Ok(token)
    }

    pub(crate) fn new_invitation(&self, ctx: &Ctx, user: UserId) -> (OpaqueToken, Invitation) {
        let token = OpaqueToken::generate(TokenKind::Invitation, &self.world);
        let invitation = Invitation {
            id: InvitationId::generate(&self.world),
            hash: token.hash(),
            user_id: user,
            created_at: ctx.now,
            expires_at: ctx.now.plus(LIFETIME),
        };
        (token, invitation)
    }

    /// The person a link is for, as long as it works.
    pub async fn invited(&self, ctx: &Ctx, token: &str) -> Result<Invited, InvitationError> {
        let hash = OpaqueToken::parse(TokenKind::Invitation, token).ok_or(InvitationError::Gone)?;
        let mut read = self.db.read(ctx.tenant_id()).await?;
        let invitation = invitations::find(&mut read, &hash, ctx.now)
            .await?
            .ok_or(InvitationError::Gone)?;
        let account = users::find(&mut read, invitation.user_id)
            .await?
            .ok_or(InvitationError::Gone)?;
        if account.user.status == UserStatus::Invited {
            Ok(Invited {
                user: account.user,
                expires_at: invitation.expires_at,
            })
        } else {
            Err(InvitationError::Gone)
        }
    }

    /// Uses up a link: the person has a password and is active. Mails come in the `language` in which they read the page,
    /// unless another was known before.
    pub async fn accept_invitation(
        &self,
        ctx: &Ctx,
        token: &str,
        (password, language): (&Secret<String>, &str),
    ) -> Result<User, InvitationError> {
        let Invited { user, .. } = self.invited(ctx, token).await?;
        let checked = self
            .check_new_password(ctx, (&user.email, &user.profile), password)
            .await?;
        let password = checked.map_err(InvitationError::Password)?;
        let hash = OpaqueToken::parse(TokenKind::Invitation, token).ok_or(InvitationError::Gone)?;
        let password_hash = self
            .passwords
            .hash(&self.world, ctx.tenant_id(), &password)
            .await?;
        let ctx = &ctx.acting_as(Actor::User(user.id));
        let accepted = Event::success(EventKind::InvitationAccepted).user(user.id);
        let changed = Event::success(EventKind::PasswordChanged).user(user.id);
        let events = self.record(ctx, Events::one(accepted).and(changed)).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        let Some(user_id) = invitations::consume(&mut tx, &hash, ctx.now).await? else {
            tx.rollback().await?;
            return Err(InvitationError::Gone);
        };
        // From the first write on nobody else changes the account; they may have been switched off before it.
        users::set_password(&mut tx, user_id, &password_hash, ctx.now).await?;
        let account = users::find(&mut tx, user_id).await?;
        let Some(account) = account.filter(|account| account.user.status == UserStatus::Invited) else {
            tx.rollback().await?;
            return Err(InvitationError::Gone);
        };
        keep_language(&mut tx, ctx, account.user, language).await?;
        users::set_status(&mut tx, user_id, UserStatus::Active, ctx.now).await?;
        tx.commit(events).await?;
        Ok(user)
    }
}

/// Notes the language of somebody of whom none is known, in the commit that lets them in.
pub(crate) async fn keep_language(
    tx: &mut Tx,
    ctx: &Ctx,
    user: User,
    language: &str,
) -> Result<(), StoreError> {
    if user.profile.locale.is_none() {
        let profile = Profile {
            locale: Some(language.to_owned()),
            ..user.profile
        };
        users::update_profile(tx, user.id, &profile, ctx.now).await?;
    }
    Ok(())
}

/// The event of a new link.
pub(crate) fn invited(invitation: &Invitation) -> Event {
    Event::success(EventKind::InvitationCreated)
        .user(invitation.user_id)
        .target("invitation", invitation.id)
}
