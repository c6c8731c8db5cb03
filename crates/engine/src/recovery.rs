//! Back into an account: a new password by a link in a mail, and the link that says "that was not me".

use domain::{Actor, Event, EventKind, Events, LinkPurpose, Secret, User, UserId, UserStatus};
use storage::{grants, links, sessions, users};

use crate::links::{LinkError, NewLink, Presented};
use crate::mail::{Template, language_of};
use crate::users::UserError;
use crate::{App, Ctx};

impl App {
    /// Sets a new password. Every session and grant of the person ends (SE5), every other link to the account with them.
    /// Nobody is signed in by it, and what else a sign-in asks for it still asks for (MF10).
    pub async fn reset_password(
        &self,
        ctx: &Ctx,
        presented: Presented<'_>,
        password: &Secret<String>,
    ) -> Result<User, LinkError> {
        let opened = self.open_link(ctx, LinkPurpose::Reset, presented).await?;
        let user = opened.user.clone().ok_or(LinkError::Gone)?;
        let about = (&user.email, &user.profile);
        let checked = self.check_new_password(ctx, about, password).await?;
        let password = checked.map_err(|wrong| LinkError::Refused(UserError::Password(wrong)))?;
        let hash = self
            .passwords
            .hash(&self.world, ctx.tenant_id(), &password)
            .await?;
        let ctx = &ctx.acting_as(Actor::User(user.id));
        let changed = Event::success(EventKind::PasswordChanged)
            .user(user.id)
            .detail("by", "reset");
        let ended = Event::success(EventKind::SessionEnded)
            .user(user.id)
            .detail("all", true);
        let events = self.record(ctx, Events::one(changed).and(ended)).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if !links::consume(&mut tx, opened.shown(ctx.now)).await? {
            tx.rollback().await?;
            return Err(LinkError::Gone);
        }
        // From the first write on nobody else changes the account; they may have been switched off before it.
        users::set_password(&mut tx, user.id, &hash, ctx.now).await?;
        let account = users::find(&mut tx, user.id).await?;
        if account.is_none_or(|account| account.user.status != UserStatus::Active) {
            tx.rollback().await?;
            return Err(LinkError::Gone);
        }
        // Whoever used the link reads what is sent to the address.
        users::verify_email(&mut tx, user.id, &user.email, ctx.now).await?;
        sessions::end_for_user(&mut tx, user.id, ctx.now).await?;
        grants::revoke_for_user(&mut tx, user.id, ctx.now).await?;
        links::revoke_for_user(&mut tx, user.id, ctx.now).await?;
        tx.commit(events).await?;
        Ok(user)
    }

    /// The person says that something was not them: every session and grant ends, the password is void, links that are
    /// under way with them, and a link for a new password goes to the stored address.
    pub async fn was_not_me(&self, ctx: &Ctx, presented: Presented<'_>) -> Result<User, LinkError> {
        let opened = self.open_link(ctx, LinkPurpose::Deny, presented).await?;
        let user = opened.user.clone().ok_or(LinkError::Gone)?;
        let ctx = &ctx.acting_as(Actor::User(user.id));
        let link = NewLink::of(LinkPurpose::Reset, user.id);
        let to = (user.email.as_str(), language_of(&user));
        let mail = self.linked(ctx, Template::Reset, link, to).await?;
        let event = Event::warning(EventKind::AccountDenied, "not_me").user(user.id);
        let events = self.record_with_mail(ctx, event, mail).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if !links::consume(&mut tx, opened.shown(ctx.now)).await? {
            tx.rollback().await?;
            return Err(LinkError::Gone);
        }
        users::clear_password(&mut tx, user.id, ctx.now).await?;
        sessions::end_for_user(&mut tx, user.id, ctx.now).await?;
        grants::revoke_for_user(&mut tx, user.id, ctx.now).await?;
        links::revoke_for_user(&mut tx, user.id, ctx.now).await?;
        tx.commit(events).await?;
        Ok(user)
    }

    /// Sends a person a link for a new password because an administrator wants them to have one (PW14). Works in any
    /// browser; the present password works until the link is used.
    pub async fn start_reset(&self, ctx: &Ctx, id: UserId) -> Result<User, UserError> {
        let user = self.user(ctx, id).await?;
        if user.status != UserStatus::Active {
            return Err(UserError::NotFound);
        }
        let link = NewLink::of(LinkPurpose::Reset, user.id);
        let to = (user.email.as_str(), language_of(&user));
        let mail = self.linked(ctx, Template::Reset, link, to).await?;
        let Some(mail) = mail else {
            return Err(UserError::NoMail);
        };
        let event = Event::success(EventKind::LinkCreated)
            .user(user.id)
            .detail("template", Template::Reset.key());
        self.append_with_mail(ctx, event, Some(mail)).await?;
        Ok(user)
    }
}
