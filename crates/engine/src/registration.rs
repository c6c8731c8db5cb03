//! Accounts that people make themselves, where the tenant lets them. The address is proved before there is an account, so
//! that nobody learns from the page whether there is one already.

use domain::{Email, Event, EventKind, LinkPurpose, Profile, Secret, User, UserId, UserStatus};
use storage::{data_keys, links, users};

use crate::links::{LinkError, Presented};
use crate::users::UserError;
use crate::{App, Ctx, Fault};

/// Longest name, in characters.
const MAX_NAME: usize = 100;

/// What a person says of themselves.
#[derive(Debug)]
pub struct NewAccount {
    /// Their name, if they want to tell.
    pub name: Option<String>,
    /// Their password.
    pub password: Secret<String>,
    /// The language in which they read the page: mails come in it.
    pub language: &'static str,
}

impl App {
    /// Whether people may make accounts themselves: the tenant says so, and there is mail to prove addresses by.
    pub fn is_registration_open(&self, ctx: &Ctx) -> bool {
        ctx.tenant.tenant.settings.registration.open && self.has_mail()
    }

    /// Makes the account a link is for. Nobody is signed in by it.
    pub async fn register(
        &self,
        ctx: &Ctx,
        presented: Presented<'_>,
        new: NewAccount,
    ) -> Result<User, LinkError> {
        if !self.is_registration_open(ctx) {
            return Err(LinkError::Gone);
        }
        let opened = self.open_link(ctx, LinkPurpose::Register, presented).await?;
        let email = opened.address.clone().ok_or(LinkError::Gone)?;
        let name = new
            .name
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty());
        if name.as_deref().is_some_and(|name| !is_name(name)) {
            return Err(LinkError::Refused(UserError::NameRefused));
        }
        let profile = Profile {
            name,
            locale: Some(new.language.to_owned()),
            ..Profile::default()
        };
        let checked = self
            .check_new_password(ctx, (&email, &profile), &new.password)
            .await?;
        let password = checked.map_err(|wrong| LinkError::Refused(UserError::Password(wrong)))?;
        let hash = self
            .passwords
            .hash(&self.world, ctx.tenant_id(), &password)
            .await?;
        let user = User {
            id: UserId::generate(&self.world),
            email,
            email_verified: true,
            profile,
            status: UserStatus::Active,
            created_at: ctx.now,
            updated_at: ctx.now,
            last_login_at: None,
        };
        let key = self
            .seals
            .make_for_person(&self.world, ctx.tenant_id(), user.id, ctx.now)?;
        let event = Event::success(EventKind::UserCreated)
            .user(user.id)
            .name(user.email.as_str())
            .detail("by", "registration");
        let events = self.record(ctx, event).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if !links::consume(&mut tx, opened.shown(ctx.now)).await?
            || !users::insert(&mut tx, &user, Some(&hash)).await?
        {
            // Used meanwhile, or somebody made an account for the address since the mail.
            tx.rollback().await?;
            return Err(LinkError::Gone);
        }
        data_keys::insert(&mut tx, &key).await.map_err(Fault::from)?;
        tx.commit(events).await?;
        Ok(user)
    }
}

/// Whether an address can be registered by its owner alone: nothing in it looks like something else (G6). Operators can
/// make accounts for all others.
pub(crate) fn is_plain(email: &Email) -> bool {
    email.as_str().is_ascii()
}

/// Whether a text can be somebody's name: not an address, no control characters, not endless (G6).
pub(crate) fn is_name(text: &str) -> bool {
    text.chars().count() <= MAX_NAME
        && !text.contains(['@', '\u{ff20}', '\u{fe6b}'])
        && !text.chars().any(char::is_control)
}
