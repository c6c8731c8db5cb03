//! The task that sends: takes due mails, one node at a time, and hands them over. At least once: a node that dies between
//! handing over and noting it leaves the mail to another, under the same Message-ID.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::{Actor, Event, EventKind, Timestamp};
use storage::mail_outbox::{self, Mail};
use tokio_util::sync::CancellationToken;

use super::{Content, Courier, Letter, Message, NotSent, Template, page_of, place, purpose_of};
use crate::{App, Ctx, Fault};

/// How often the outbox is looked into.
const EVERY: Duration = Duration::from_secs(2);
/// Mails taken at once; all of them are tried within the time they are claimed for.
const TAKEN: u32 = 8;
/// How long a claim holds.
const CLAIM: Duration = Duration::from_mins(10);
/// How long handing over one mail may take.
const HAND_OVER: Duration = Duration::from_mins(1);
/// First wait after a failure; it doubles up to the longest.
const FIRST_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// After this time a mail is given up.
const GIVEN_UP: Duration = Duration::from_hours(3 * 24);
/// Beyond so many waiting mails of one tenant requests for more are dropped; notices are not.
const FULL: u32 = 10_000;

impl App {
    /// Sends mails until `stop`.
    pub(crate) async fn run_mail(self: Arc<Self>, stop: CancellationToken) {
        loop {
            // In a task of its own: a panic ends that round, not the mail.
            let app = Arc::clone(&self);
            let done = tokio::spawn(async move { app.send_mail().await }).await;
            if let Err(cause) = done.unwrap_or(Err(Fault::Internal("sending mail panicked"))) {
                tracing::warn!(%cause, "mails could not be looked after; it will be tried again");
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// One round over all tenants; how many mails were handed over. Public so that tests can take a round when they want.
    pub async fn send_mail(&self) -> Result<usize, Fault> {
        let Some(courier) = self.courier.get() else {
            return Ok(0);
        };
        let mut sent = 0;
        let mut full = false;
        for tenant in self.tenants() {
            let ctx = Ctx::internal(tenant, Actor::System, &self.world);
            loop {
                let mails = self.claim_mail(&ctx).await?;
                if mails.is_empty() {
                    break;
                }
                for mail in mails {
                    sent += usize::from(self.attend(&ctx, courier, mail).await?);
                }
            }
            let mut read = self.db.read(ctx.tenant_id()).await?;
            full |= mail_outbox::count_waiting(&mut read, FULL).await? >= u64::from(FULL);
        }
        if full {
            tracing::error!(
                "the outbox is full: requests for mails are dropped until the mail server takes some"
            );
        }
        self.outbox_full.store(full, Ordering::Relaxed);
        Ok(sent)
    }

    async fn claim_mail(&self, ctx: &Ctx) -> Result<Vec<Mail>, Fault> {
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        let mails = mail_outbox::claim(&mut tx, ctx.now, ctx.now.plus(CLAIM), TAKEN).await?;
        if mails.is_empty() {
            tx.rollback().await?;
        } else {
            tx.commit_unrecorded("a node takes mails to send; what becomes of them is recorded")
                .await?;
        }
        Ok(mails)
    }

    /// Whether the mail was handed over.
    async fn attend(&self, ctx: &Ctx, courier: &Courier, mail: Mail) -> Result<bool, Fault> {
        let Some(template) = Template::parse(&mail.template) else {
            // A newer version wrote it, and sends it.
            return Ok(false);
        };
        let content = self.open_content(ctx, &mail).await?;
        let Some(content) = content else {
            // Its person was erased.
            self.end_mail(ctx, &mail, Err("erased")).await?;
            return Ok(false);
        };
        match template {
            Template::RegisterRequest | Template::ResetRequest => {
                self.resolve_request(ctx, template, mail, &content).await?;
                return Ok(false);
            }
            Template::GuessedRequest(guessed) => {
                self.resolve_guessed(ctx, guessed, mail, &content).await?;
                return Ok(false);
            }
            _ => {}
        }
        let letter = letter(ctx, courier, template, &mail, &content);
        let carried = tokio::time::timeout(HAND_OVER, courier.carrier.carry(&letter)).await;
        match carried.unwrap_or_else(|_| Err(NotSent("it took too long".to_owned()))) {
            Ok(()) => {
                self.end_mail(ctx, &mail, Ok(())).await?;
                Ok(true)
            }
            Err(cause) => {
                tracing::warn!(mail = %mail.id, attempts = mail.attempts, %cause, "a mail was not sent");
                self.put_off(ctx, &mail).await?;
                Ok(false)
            }
        }
    }

    async fn open_content(&self, ctx: &Ctx, mail: &Mail) -> Result<Option<Content>, Fault> {
        let mut read = self.db.read(ctx.tenant_id()).await?;
        let Some(key) = self.seals.opening(&mut read, mail.seal_key).await? else {
            return Ok(None);
        };
        let plain = key.open(place(ctx, &mail.id.to_string()), &mail.sealed)?;
        serde_json::from_slice(plain.expose())
            .map(Some)
            .map_err(|_| Fault::Internal("a mail cannot be read"))
    }

    /// Not sent now; later, or given up.
    async fn put_off(&self, ctx: &Ctx, mail: &Mail) -> Result<(), Fault> {
        if ctx.now >= mail.created_at.plus(GIVEN_UP) {
            tracing::error!(mail = %mail.id, "a mail was given up");
            return self.end_mail(ctx, mail, Err("tried_for_days")).await;
        }
        let doublings = u32::try_from(mail.attempts.clamp(1, 16) - 1).unwrap_or(0);
        let wait = FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT);
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        mail_outbox::release(&mut tx, mail, ctx.now.plus(wait)).await?;
        tx.commit_unrecorded("a mail that was not taken is tried again later")
            .await?;
        Ok(())
    }

    /// A mail is done with: sent, or not and why.
    pub(super) async fn end_mail(
        &self,
        ctx: &Ctx,
        mail: &Mail,
        outcome: Result<(), &'static str>,
    ) -> Result<(), Fault> {
        let event = match outcome {
            Ok(()) => Event::success(EventKind::MailSent),
            Err(why) => Event::failure(EventKind::MailGivenUp, why),
        };
        let mut event = event
            .target("mail", mail.id)
            .detail("template", mail.template.as_str())
            .detail("attempts", mail.attempts);
        event.user = mail.user_id;
        let events = self.record(ctx, event).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        let sent_at: Option<Timestamp> = outcome.is_ok().then_some(ctx.now);
        if mail_outbox::end(&mut tx, mail, sent_at, ctx.now).await? {
            tx.commit(events).await?;
        } else {
            tx.rollback().await?;
        }
        Ok(())
    }
}

fn letter(ctx: &Ctx, courier: &Courier, template: Template, mail: &Mail, content: &Content) -> Letter {
    // The configured address, whatever host a request named (G1).
    let purpose = purpose_of(template);
    let link = match (purpose, &content.link) {
        (Some(purpose), Some(token)) => Some(ctx.issuer().url(&format!("{}?token={token}", purpose.path()))),
        (None, Some(token)) if template == Template::Invitation => {
            Some(ctx.issuer().url(&format!("/invite?token={token}")))
        }
        _ => page_of(template).map(|path| ctx.issuer().url(path)),
    };
    let issuer = ctx.issuer().as_str();
    let host = issuer
        .split_once("://")
        .map_or(issuer, |(_, rest)| rest.split(['/', ':']).next().unwrap_or(rest));
    Letter {
        id: mail.id,
        to: content.to.clone(),
        from_name: ctx.tenant.tenant.name.clone(),
        host: host.to_owned(),
        at: mail.created_at,
        rendered: (courier.render)(&Message {
            template,
            tenant: &ctx.tenant,
            language: &mail.language,
            link: link.as_deref(),
            link_lifetime: purpose
                .filter(|_| content.link.is_some())
                .map(|purpose| purpose.lifetime().as_secs()),
            at: mail.created_at.secs(),
            device: content.device.as_deref(),
            not_before: content.not_before,
        }),
    }
}
