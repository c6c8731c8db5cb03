//! The address of an account: proved, and changed to another that is proved first.

use std::time::Duration;

use domain::{Actor, Email, Event, EventKind, LinkPurpose, TokenHash, User};
use storage::{links, users};

use crate::links::{LinkError, NewLink, Presented};
use crate::mail::{Template, language_of};
use crate::users::UserError;
use crate::{App, Ctx, SignedIn};

/// So long after the wish the mail to the new address goes out: the owner, who is told at the old one at once, can stop it.
const CHANGE_DELAY: Duration = Duration::from_hours(1);

impl App {
    /// Sends the person a link that proves their address, usable in this browser. Beyond what an address gets in an hour
    /// nothing is sent, and the answer is the same.
    pub async fn request_verification(
        &self,
        ctx: &Ctx,
        who: &SignedIn,
        browser: TokenHash,
    ) -> Result<(), UserError> {
        let ctx = &ctx.acting_as(Actor::User(who.user.id));
        if self.has_mail() && !self.admit_mail(ctx, who.user.email.as_str()).await? {
            let event = Event::failure(EventKind::LinkCreated, "too_many").user(who.user.id);
            let event = event.detail("template", Template::VerifyEmail.key());
            return Ok(self.append(ctx, event).await?);
        }
        let link = NewLink {
            browser: Some(browser),
            ..NewLink::of(LinkPurpose::VerifyEmail, who.user.id)
        };
        let to = (who.user.email.as_str(), language_of(&who.user));
        let mail = self.linked(ctx, Template::VerifyEmail, link, to).await?;
        if mail.is_none() {
            return Err(UserError::NoMail);
        }
        let event = Event::success(EventKind::LinkCreated)
            .user(who.user.id)
            .detail("template", Template::VerifyEmail.key());
        Ok(self.append_with_mail(ctx, event, mail).await?)
    }

    /// Notes that the address of the account is proved.
    pub async fn verify_email(&self, ctx: &Ctx, presented: Presented<'_>) -> Result<User, LinkError> {
        let opened = self.open_link(ctx, LinkPurpose::VerifyEmail, presented).await?;
        let user = opened.user.clone().ok_or(LinkError::Gone)?;
        let ctx = &ctx.acting_as(Actor::User(user.id));
        let event = Event::success(EventKind::EmailVerified).user(user.id);
        let events = self.record(ctx, event).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        // The address the mail went to, not one that came since.
        if !links::consume(&mut tx, opened.shown(ctx.now)).await?
            || !users::verify_email(&mut tx, user.id, &user.email, ctx.now).await?
        {
            tx.rollback().await?;
            return Err(LinkError::Gone);
        }
        tx.commit(events).await?;
        Ok(user)
    }

    /// Begins to change the address: the present one is told at once, the new one is asked to prove itself after a while.
    /// Whether somebody else has the new address is not said.
    pub async fn request_email_change(
        &self,
        ctx: &Ctx,
        who: &SignedIn,
        email: Email,
        browser: TokenHash,
    ) -> Result<(), UserError> {
        let ctx = &ctx.acting_as(Actor::User(who.user.id));
        if self.has_mail() && !self.admit_mail(ctx, email.as_str()).await? {
            let event = Event::failure(EventKind::EmailChangeRequested, "too_many").user(who.user.id);
            return Ok(self.append(ctx, event).await?);
        }
        let link = NewLink {
            browser: Some(browser),
            address: Some(email.clone()),
            ..NewLink::of(LinkPurpose::ChangeEmail, who.user.id)
        };
        let to = (email.as_str(), language_of(&who.user));
        let mail = self.linked(ctx, Template::ChangeEmail, link, to).await?;
        let Some(mut mail) = mail else {
            return Err(UserError::NoMail);
        };
        mail.mail.due_at = ctx.now.plus(CHANGE_DELAY);
        let told = Event::success(EventKind::EmailChangeRequested).user(who.user.id);
        let made = Event::success(EventKind::LinkCreated)
            .user(who.user.id)
            .detail("template", Template::ChangeEmail.key());
        let events = self.record_with_mail(ctx, made, Some(mail)).await?;
        let notice = self.record(ctx, told).await?;
        let events = notice.iter().cloned().fold(events, domain::Events::and);
        let tx = self.db.begin(ctx.tenant_id()).await?;
        Ok(tx.commit(events).await?)
    }

    /// Changes the address to the one a link proves. The old one is told.
    pub async fn change_email(&self, ctx: &Ctx, presented: Presented<'_>) -> Result<User, LinkError> {
        let opened = self.open_link(ctx, LinkPurpose::ChangeEmail, presented).await?;
        let (user, email) = opened
            .user
            .clone()
            .zip(opened.address.clone())
            .ok_or(LinkError::Gone)?;
        let ctx = &ctx.acting_as(Actor::User(user.id));
        let event = Event::success(EventKind::EmailChanged)
            .user(user.id)
            .name(email.as_str());
        let events = self.record(ctx, event).await?;
        let taken = users::find_by_email(&mut self.db.read(ctx.tenant_id()).await?, &email.folded()).await?;
        if taken.is_some_and(|account| account.user.id != user.id) {
            return Err(LinkError::Gone);
        }
        let mac = self.address_mac(ctx, &email).await?;
        let spared = links::Spared {
            address_mac: &mac,
            before: None,
        };
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if !links::consume(&mut tx, opened.shown(ctx.now)).await? {
            tx.rollback().await?;
            return Err(LinkError::Gone);
        }
        users::change_email(&mut tx, user.id, &email, ctx.now).await?;
        // Whoever reads the old address keeps the way to say that it was not them, and loses every other.
        links::revoke_for_user(&mut tx, user.id, spared, ctx.now).await?;
        tx.commit(events).await?;
        Ok(User { email, ..user })
    }
}
