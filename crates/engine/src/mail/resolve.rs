//! Requests by people who proved nothing: from a typed address to a mail, or to nothing, long after the answer.

use std::sync::atomic::Ordering;

use domain::{Email, Event, EventKind, LinkPurpose, TokenHash, UserStatus};
use storage::mail_outbox::{self, Mail, Posted};
use storage::{links, users};

use super::{Content, Draft, Template};
use crate::links::NewLink;
use crate::seal::Purpose;
use crate::{App, Ctx, Fault};

/// Somebody's wish for a mail to an address.
#[derive(Debug)]
pub struct MailRequest<'a> {
    /// The address as typed.
    pub email: &'a str,
    /// Language of the page.
    pub language: &'a str,
    /// Hash of the browser's cookie: only this browser can use the link.
    pub browser: TokenHash,
}

impl App {
    /// Notes that somebody wants a new password for an address. The same work whoever has the address (PW12, G3).
    pub async fn request_reset(&self, ctx: &Ctx, request: &MailRequest<'_>) -> Result<(), Fault> {
        self.request_mail(ctx, Template::ResetRequest, EventKind::ResetRequested, request)
            .await
    }

    /// Notes that somebody wants an account for an address.
    pub async fn request_registration(&self, ctx: &Ctx, request: &MailRequest<'_>) -> Result<(), Fault> {
        self.request_mail(
            ctx,
            Template::RegisterRequest,
            EventKind::RegistrationRequested,
            request,
        )
        .await
    }

    async fn request_mail(
        &self,
        ctx: &Ctx,
        template: Template,
        kind: EventKind,
        request: &MailRequest<'_>,
    ) -> Result<(), Fault> {
        let typed: String = request.email.trim().chars().take(Email::MAX_LENGTH).collect();
        if let Some(why) = self.no_room_for(ctx, &typed).await? {
            return self.refuse(ctx, Event::failure(kind, why).name(&typed)).await;
        }
        let event = Event::success(kind).name(&typed);
        let content = Content {
            to: typed,
            browser: Some(request.browser.as_bytes().to_vec()),
            ..Content::default()
        };
        let draft = Draft {
            template,
            language: request.language,
            user: None,
            content,
        };
        let mail = self.written(ctx, draft).await?;
        let posted = mail.map(|mail| Box::new(Posted { mail, link: None }));
        self.append_with_mail(ctx, event, posted).await
    }

    /// Why a mail to an address is not written; the answer to whoever asked is the same.
    async fn no_room_for(&self, ctx: &Ctx, to: &str) -> Result<Option<&'static str>, Fault> {
        if self.outbox_full.load(Ordering::Relaxed) {
            return Ok(Some("outbox_full"));
        }
        Ok((!self.admit_mail(ctx, to).await?).then_some("too_many"))
    }

    /// Finds out what a request leads to and turns its row into that mail, or ends it.
    pub(super) async fn resolve_request(
        &self,
        ctx: &Ctx,
        template: Template,
        mail: Mail,
        request: &Content,
    ) -> Result<(), Fault> {
        let Some((found, new, to)) = self.resolved(ctx, template, request).await? else {
            return self.forget(ctx, &mail).await;
        };
        let user = new.user;
        let purpose = user.map_or_else(|| Purpose::anonymous_at(ctx.now), Purpose::Person);
        let key = self
            .seals
            .sealing(&self.db, &self.world, ctx.tenant_id(), &purpose)
            .await?;
        let Some((seal_key, key)) = key else {
            return self.forget(ctx, &mail).await;
        };
        let (token, link) = self.new_link(ctx, new).await?;
        let content = Content {
            to,
            link: Some(token.expose().to_owned()),
            ..Content::default()
        };
        let ready = Mail {
            template: found.key().to_owned(),
            user_id: user,
            sealed: self.seal_content(ctx, &key, mail.id, &content)?,
            seal_key,
            due_at: ctx.now,
            ..mail
        };
        let mut event = Event::success(EventKind::LinkCreated)
            .detail("template", ready.template.as_str())
            .target("link", link.id);
        event.user = user;
        let events = self.record(ctx, event).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if !mail_outbox::update_text(&mut tx, &ready).await? {
            return Ok(tx.rollback().await?);
        }
        links::insert(&mut tx, &link).await?;
        Ok(tx.commit(events).await?)
    }

    /// Which mail a request leads to, with which link, and to which address: the one that is stored, not the one that was
    /// typed (F6).
    async fn resolved(
        &self,
        ctx: &Ctx,
        template: Template,
        request: &Content,
    ) -> Result<Option<(Template, NewLink, String)>, Fault> {
        let Ok(email) = request.to.parse::<Email>() else {
            return Ok(None);
        };
        let mut read = self.db.read(ctx.tenant_id()).await?;
        let account = users::find_by_email(&mut read, &email.folded()).await?;
        let (found, purpose, user) = match (template, account) {
            (Template::ResetRequest, Some(account)) => {
                (Template::Reset, LinkPurpose::Reset, Some(account.user))
            }
            (Template::RegisterRequest, Some(account)) => (
                Template::AlreadyRegistered,
                LinkPurpose::Reset,
                Some(account.user),
            ),
            (Template::RegisterRequest, None) if crate::registration::is_plain(&email) => {
                (Template::Register, LinkPurpose::Register, None)
            }
            _ => return Ok(None),
        };
        if user
            .as_ref()
            .is_some_and(|user| user.status != UserStatus::Active)
        {
            return Ok(None);
        }
        drop(read);
        let new = NewLink {
            purpose,
            user: user.as_ref().map(|user| user.id),
            browser: request.browser.as_deref().and_then(browser),
            address_mac: None,
            address: user.is_none().then(|| email.clone()),
        };
        let to = user.map_or(email, |user| user.email);
        Ok(Some((found, new, to.to_string())))
    }

    /// The request leads to nothing, and nobody is told.
    pub(super) async fn forget(&self, ctx: &Ctx, mail: &Mail) -> Result<(), Fault> {
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        mail_outbox::end(&mut tx, mail, None, ctx.now).await?;
        tx.commit_unrecorded("a request for an address without an account leads to nothing")
            .await?;
        Ok(())
    }
}

fn browser(bytes: &[u8]) -> Option<TokenHash> {
    Some(TokenHash::from_bytes(bytes.try_into().ok()?))
}
