//! Back into an account: a new password by a link in a mail, and the link that says "that was not me".

use domain::{Actor, Email, Event, EventKind, Events, LinkPurpose, Secret, User, UserId, UserStatus};
use storage::audit::AuditRow;
use storage::{factor_recoveries, grants, links, sessions, users};

use crate::links::{LinkError, NewLink, Presented};
use crate::mail::{Template, language_of};
use crate::sign_in::{Added, foreign};
use crate::throttle::forget_devices;
use crate::users::UserError;
use crate::{App, Ctx, Fault};

/// What saying "that was not me" led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Somebody else has the address by now that the notice went to: nobody can say whose the account is, and it is
    /// switched off until an administrator knows.
    Closed,
    /// A link for a new password is on its way.
    Reset,
}

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
        let counted = self.counted_for(ctx, user.id).await?;
        let ctx = &ctx.acting_as(Actor::User(user.id));
        let changed = Event::success(EventKind::PasswordChanged)
            .user(user.id)
            .detail("by", "reset");
        let ended = Event::success(EventKind::SessionEnded)
            .user(user.id)
            .detail("all", true);
        let events = self.record(ctx, Events::one(changed).and(ended)).await?;
        let mac = self.address_mac(ctx, &user.email).await?;
        let spared = links::Spared {
            address_mac: &mac,
            before: None,
        };
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
        // Who guessed at the old password has nothing to do with the new one (PW10).
        counted.clear(&mut tx).await?;
        forget_devices(&mut tx, user.id, None).await?;
        sessions::end_for_user(&mut tx, user.id, ctx.now).await?;
        grants::revoke_for_user(&mut tx, user.id, ctx.now).await?;
        links::revoke_for_user(&mut tx, user.id, spared, ctx.now).await?;
        tx.commit(events).await?;
        Ok(user)
    }

    /// The person says that something was not them: every session and grant ends, the password is void, links that are
    /// under way and the recovery of a lost factor with them. Factors that were added since prove nothing any more. The
    /// account gets back the address that the notice went to, if it has another one since, and a link for a new password
    /// goes there and nowhere else.
    pub async fn was_not_me(&self, ctx: &Ctx, presented: Presented<'_>) -> Result<Denied, LinkError> {
        let opened = self.open_link(ctx, LinkPurpose::Deny, presented).await?;
        let user = opened.user.clone().ok_or(LinkError::Gone)?;
        let address = opened.address.clone().unwrap_or_else(|| user.email.clone());
        let ctx = &ctx.acting_as(Actor::User(user.id));
        let denied = self.denied(ctx, &user, &address).await?;
        let added = self.added_since(ctx, user.id, opened.created_at).await?;
        let events = self.denial_events(ctx, &user, (&address, denied), &added).await?;
        let mac = self.address_mac(ctx, &address).await?;
        let spared = links::Spared {
            address_mac: &mac,
            before: Some(opened.created_at),
        };
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if !links::consume(&mut tx, opened.shown(ctx.now)).await? {
            tx.rollback().await?;
            return Err(LinkError::Gone);
        }
        users::clear_password(&mut tx, user.id, ctx.now).await?;
        // From the first write on nobody else changes the account.
        let account = users::find(&mut tx, user.id).await?;
        if account.is_none_or(|account| account.user.email != user.email) {
            tx.rollback().await?;
            return Err(LinkError::Fault(Fault::Busy("the account changed meanwhile")));
        }
        match denied {
            Denied::Closed => {
                users::set_status(&mut tx, user.id, UserStatus::Disabled, ctx.now).await?;
            }
            Denied::Reset if address != user.email => {
                users::change_email(&mut tx, user.id, &address, ctx.now).await?;
            }
            Denied::Reset => {}
        }
        factor_recoveries::stop(&mut tx, user.id).await?;
        forget_devices(&mut tx, user.id, None).await?;
        sessions::end_for_user(&mut tx, user.id, ctx.now).await?;
        grants::revoke_for_user(&mut tx, user.id, ctx.now).await?;
        links::revoke_for_user(&mut tx, user.id, spared, ctx.now).await?;
        let since = (user.id, opened.created_at);
        if !foreign::set_aside(&mut tx, since, &added, ctx.now).await? {
            tx.rollback().await?;
            return Err(LinkError::Fault(Fault::Busy("the account changed meanwhile")));
        }
        tx.commit(events).await?;
        Ok(denied)
    }

    async fn denied(&self, ctx: &Ctx, user: &User, address: &Email) -> Result<Denied, LinkError> {
        let holder =
            users::find_by_email(&mut self.db.read(ctx.tenant_id()).await?, &address.folded()).await?;
        Ok(match holder {
            Some(account) if account.user.id != user.id => Denied::Closed,
            _ => Denied::Reset,
        })
    }

    async fn denial_events(
        &self,
        ctx: &Ctx,
        user: &User,
        (address, denied): (&Email, Denied),
        added: &Added,
    ) -> Result<Events<AuditRow>, LinkError> {
        // Where the address is somebody else's by now, they are told nothing.
        let to = (denied == Denied::Reset).then_some(address);
        let suspended = self.suspension(ctx, (user, to), added).await?;
        let suspended = suspended.iter().flat_map(Events::iter).cloned();
        let event = Event::warning(EventKind::AccountDenied, "not_me").user(user.id);
        let event = added.counted(event);
        if denied == Denied::Closed {
            let closed = Event::success(EventKind::UserDisabled).user(user.id);
            let closed = self.record(ctx, Events::one(event).and(closed)).await?;
            return Ok(suspended.fold(closed, Events::and));
        }
        let link = NewLink::of(LinkPurpose::Reset, user.id);
        let to = (address.as_str(), language_of(user));
        let mail = self.linked(ctx, Template::Reset, link, to).await?;
        let events = self.record_with_mail(ctx, event, mail).await?;
        let events = suspended.fold(events, Events::and);
        if *address == user.email {
            return Ok(events);
        }
        let restored = Event::success(EventKind::EmailRestored)
            .user(user.id)
            .name(address.as_str());
        let restored = self.record(ctx, restored).await?;
        Ok(restored.iter().cloned().fold(events, Events::and))
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
