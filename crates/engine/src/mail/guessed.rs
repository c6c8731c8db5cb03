//! The owner is told that somebody guesses at their password: noted for whatever name was typed, resolved later.

use domain::{Email, UserStatus};
use storage::mail_outbox::{self, Mail, Posted};
use storage::users;

use super::{Content, Draft, Notice, Template, language_of};
use crate::seal::Purpose;
use crate::{App, Ctx, Fault};

/// What guessing led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guessed {
    /// Only known browsers can try the account any more.
    Locked,
    /// Strangers have to work before each attempt.
    Slowed,
}

impl Guessed {
    pub(super) const ALL: [Self; 2] = [Self::Locked, Self::Slowed];

    /// The name of the note, as stored.
    pub(super) const fn request_key(self) -> &'static str {
        match self {
            Self::Locked => "request-locked",
            Self::Slowed => "request-slowed",
        }
    }

    const fn notice(self) -> Notice {
        match self {
            Self::Locked => Notice::AccountLocked,
            Self::Slowed => Notice::AccountSlowed,
        }
    }
}

impl App {
    /// The note that the owner of a name is to be told, if there is one.
    pub(crate) async fn guessed_request(
        &self,
        ctx: &Ctx,
        guessed: Guessed,
        typed: &str,
    ) -> Result<Option<Box<Posted>>, Fault> {
        if !self.has_mail() {
            return Ok(None);
        }
        let draft = Draft {
            template: Template::GuessedRequest(guessed),
            // Of the owner, once it is known who they are.
            language: "",
            user: None,
            content: Content {
                to: typed.trim().to_owned(),
                ..Content::default()
            },
        };
        let mail = self.written(ctx, draft).await?;
        Ok(mail.map(|mail| Box::new(Posted { mail, link: None })))
    }

    /// Finds out who is to be told and turns the note into that notice, or ends it.
    pub(super) async fn resolve_guessed(
        &self,
        ctx: &Ctx,
        guessed: Guessed,
        mail: Mail,
        noted: &Content,
    ) -> Result<(), Fault> {
        let Ok(email) = noted.to.parse::<Email>() else {
            return self.forget(ctx, &mail).await;
        };
        let account =
            users::find_by_email(&mut self.db.read(ctx.tenant_id()).await?, &email.folded()).await?;
        let Some(user) = account
            .map(|account| account.user)
            .filter(|user| user.status == UserStatus::Active)
        else {
            return self.forget(ctx, &mail).await;
        };
        let person = Purpose::Person(user.id);
        let key = self
            .seals
            .sealing(&self.db, &self.world, ctx.tenant_id(), &person)
            .await?;
        let Some((seal_key, key)) = key else {
            return self.forget(ctx, &mail).await;
        };
        let content = Content {
            to: user.email.to_string(),
            ..Content::default()
        };
        let ready = Mail {
            template: guessed.notice().key().to_owned(),
            language: language_of(&user).to_owned(),
            user_id: Some(user.id),
            sealed: self.seal_content(ctx, &key, mail.id, &content)?,
            seal_key,
            due_at: ctx.now,
            ..mail
        };
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if !mail_outbox::update_text(&mut tx, &ready).await? {
            return Ok(tx.rollback().await?);
        }
        tx.commit_unrecorded("what the notice tells of is recorded, and so is its sending")
            .await?;
        Ok(())
    }
}
