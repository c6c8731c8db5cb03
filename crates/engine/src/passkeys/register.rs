//! Making a passkey.

use domain::{
    Actor, Device, Event, EventKind, Events, Method, OpaqueToken, Passkey, PasskeyId, TokenHash, TokenKind,
    User, UserStatus,
};
use serde_json::{Value, json};
use storage::passkeys::Stored;
use storage::{invitations, passkeys, sessions, users};
use webauthn_rs_core::proto::{AttestationConveyancePreference, RegisterPublicKeyCredential};

use super::attestation::authorities;
use super::ceremony::{Kept, Place};
use super::own::kept_name;
use super::verify::{ALGORITHMS, RelyingParty, check_kind, policy, read, reason};
use super::{MAX_PASSKEYS, PasskeyAnswer, PasskeyError, PasskeyOptions};
use crate::invitations::{InvitationError, Invited, keep_language};
use crate::login::LoggedIn;
use crate::{App, Ctx, Fault, SignedIn};

impl From<InvitationError> for PasskeyError {
    fn from(cause: InvitationError) -> Self {
        match cause {
            InvitationError::Fault(fault) => Self::Fault(fault),
            _ => Self::Gone,
        }
    }
}

impl App {
    /// What the browser of a signed-in person is asked, to make a passkey. They have just proved who they are (MF8).
    pub async fn begin_own_passkey(&self, ctx: &Ctx, who: &SignedIn) -> Result<PasskeyOptions, PasskeyError> {
        if !self.fresh_enough(ctx, who).await? {
            return Err(PasskeyError::NotFresh);
        }
        self.ask_to_make(ctx, &who.user, Place::Session(who.session.id))
            .await
    }

    /// Keeps the passkey a signed-in person's browser made. Their session rises with it where it began with a password,
    /// and its old cookie is dead then.
    pub async fn add_own_passkey(
        &self,
        ctx: &Ctx,
        who: &SignedIn,
        answer: PasskeyAnswer<'_>,
        name: &str,
    ) -> Result<LoggedIn, PasskeyError> {
        if !self.fresh_enough(ctx, who).await? {
            return Err(PasskeyError::NotFresh);
        }
        let ctx = &ctx.acting_as(Actor::User(who.user.id));
        let stored = self
            .made(ctx, &who.user, Place::Session(who.session.id), (answer, name))
            .await?;
        let cookie = OpaqueToken::generate(TokenKind::Session, &self.world);
        let method = Method::Passkey {
            user_verified: stored.passkey.user_verified,
            hardware_bound: stored.passkey.hardware_bound,
        };
        let session = self.raised_session(ctx, &who.session, method);
        let events = self
            .record(ctx, added(&stored.passkey).session(session.id))
            .await?;
        let sealed = self.seal_whereabouts(ctx, &session).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        let kept = users::update_changed(&mut tx, who.user.id, ctx.now).await?
            && passkeys::insert(&mut tx, &stored).await?
            && sessions::renew(&mut tx, &session, &cookie.hash(), sealed.as_ref()).await?;
        if !kept {
            tx.rollback().await?;
            return Err(PasskeyError::Refused("known_credential"));
        }
        if passkeys::list_for_user(&mut tx, who.user.id).await?.len() > MAX_PASSKEYS {
            tx.rollback().await?;
            return Err(PasskeyError::TooMany);
        }
        tx.commit(events).await?;
        Ok(LoggedIn {
            cookie,
            session,
            user: who.user.clone(),
        })
    }

    /// What an invited person's browser is asked, to make a passkey instead of a password.
    pub async fn begin_invited_passkey(
        &self,
        ctx: &Ctx,
        token: &str,
    ) -> Result<PasskeyOptions, PasskeyError> {
        let Invited { user, .. } = self.invited(ctx, token).await?;
        self.ask_to_make(ctx, &user, Place::Invitation(link_hash(token)?))
            .await
    }

    /// Uses up a link: the person has a passkey, no password, and is active. Mails come in the `language` in which they
    /// read the page, unless another was known before.
    pub async fn accept_invitation_with_passkey(
        &self,
        ctx: &Ctx,
        token: &str,
        (answer, name): (PasskeyAnswer<'_>, &str),
        language: &str,
    ) -> Result<User, PasskeyError> {
        let Invited { user, .. } = self.invited(ctx, token).await?;
        let hash = link_hash(token)?;
        let ctx = &ctx.acting_as(Actor::User(user.id));
        let stored = self
            .made(ctx, &user, Place::Invitation(hash), (answer, name))
            .await?;
        let accepted = Event::success(EventKind::InvitationAccepted).user(user.id);
        let events = Events::one(accepted).and(added(&stored.passkey));
        let events = self.record(ctx, events).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        // From the first write on nobody else changes the account; they may have been switched off before it.
        let ours = invitations::consume(&mut tx, &hash, ctx.now).await? == Some(user.id)
            && users::update_changed(&mut tx, user.id, ctx.now).await?;
        let account = users::find(&mut tx, user.id).await?;
        let Some(account) = account.filter(|account| ours && account.user.status == UserStatus::Invited)
        else {
            tx.rollback().await?;
            return Err(PasskeyError::Gone);
        };
        keep_language(&mut tx, ctx, account.user, language).await?;
        if !passkeys::insert(&mut tx, &stored).await? {
            tx.rollback().await?;
            return Err(PasskeyError::Refused("known_credential"));
        }
        users::set_status(&mut tx, user.id, UserStatus::Active, ctx.now).await?;
        tx.commit(events).await?;
        Ok(user)
    }

    async fn ask_to_make(
        &self,
        ctx: &Ctx,
        user: &User,
        place: Place,
    ) -> Result<PasskeyOptions, PasskeyError> {
        let party = RelyingParty::of(ctx)?;
        let known = passkeys::list_for_user(&mut self.db.read(ctx.tenant_id()).await?, user.id).await?;
        if known.len() >= MAX_PASSKEYS {
            return Err(PasskeyError::TooMany);
        }
        // One person is one account to an authenticator. The name it knows them by says nothing and dies with the last
        // passkey.
        let handle = known
            .first()
            .and_then(|stored| <[u8; 32]>::try_from(stored.user_handle.as_slice()).ok())
            .unwrap_or_else(|| self.world.random());
        let shown = user.profile.name.as_deref().unwrap_or(user.email.as_str());
        let builder = party
            .core
            .new_challenge_register_builder(&handle, user.email.as_str(), shown)
            .map_err(|_| Fault::Internal("a person has no name for a passkey"))?
            .attestation(conveyance(ctx))
            .credential_algorithms(ALGORITHMS.to_vec())
            .require_resident_key(true)
            .user_verification_policy(policy(ctx))
            .exclude_credentials(Some(
                known.iter().map(|stored| stored.credential_id.clone()).collect(),
            ));
        let (options, state) = party
            .core
            .generate_challenge_register(builder)
            .map_err(|_| Fault::Internal("no challenge for a passkey"))?;
        let kept = Kept::Register {
            handle,
            state: Box::new(state),
        };
        let mut public_key = serde_json::to_value(&options.public_key)
            .map_err(|_| Fault::Internal("options for a passkey do not serialize"))?;
        if let Some(members) = public_key.as_object_mut() {
            members.insert("extensions".to_owned(), json!({ "credProps": true }));
        }
        Ok(PasskeyOptions {
            ceremony: self.keep_challenge(ctx, place, &kept).await?,
            public_key,
        })
    }

    /// The passkey an answer makes. The challenge is used up, whatever it is.
    async fn made(
        &self,
        ctx: &Ctx,
        user: &User,
        place: Place,
        (answer, name): (PasskeyAnswer<'_>, &str),
    ) -> Result<Stored, PasskeyError> {
        let party = RelyingParty::of(ctx)?;
        let Kept::Register { handle, state } = self.use_challenge(ctx, place, answer.ceremony).await? else {
            return Err(PasskeyError::Gone);
        };
        let vouching = authorities(&ctx.tenant.tenant.settings.sign_in.passkeys.attestation)
            .map_err(|_| Fault::Internal("the authorities for passkeys cannot be read"))?;
        let response: RegisterPublicKeyCredential = read(answer.credential)?;
        check_kind(&response.type_, &response.raw_id)?;
        party.check_client_data(&response.response.client_data_json)?;
        let credential = party
            .core
            .register_credential(&response, &state, vouching.as_ref())
            .map_err(|cause| PasskeyError::Refused(reason(&cause)))?;
        check_kind(&response.type_, credential.cred_id.as_slice())?;
        let passkey = Passkey {
            id: PasskeyId::generate(&self.world),
            user_id: user.id,
            name: name_of(ctx, name),
            counter: i64::from(credential.counter),
            backup_eligible: credential.backup_eligible,
            backed_up: credential.backup_state,
            // Only its maker knows, and only somebody who is believed is asked.
            hardware_bound: vouching.is_some() && !credential.backup_eligible,
            user_verified: credential.user_verified,
            created_at: ctx.now,
            last_used_at: None,
            suspended_at: None,
        };
        Ok(Stored {
            passkey,
            user_handle: handle.to_vec(),
            credential_id: credential.cred_id.clone(),
            credential: stored(&credential)?,
        })
    }
}

/// The name that was typed, or else the browser and the system it was made with.
fn name_of(ctx: &Ctx, typed: &str) -> String {
    let name = kept_name(typed);
    if !name.is_empty() {
        return name;
    }
    let device = ctx.agent.as_deref().map(Device::of);
    let names = device.map(|device| [device.browser.name(), device.system.name()]);
    let known: Vec<&str> = names.into_iter().flatten().flatten().collect();
    known.join(", ")
}

/// A maker's word is asked for only where it decides something: it tells of the device.
fn conveyance(ctx: &Ctx) -> AttestationConveyancePreference {
    if ctx.tenant.tenant.settings.sign_in.passkeys.attestation.is_empty() {
        AttestationConveyancePreference::None
    } else {
        AttestationConveyancePreference::Direct
    }
}

fn stored(credential: &webauthn_rs_core::proto::Credential) -> Result<Value, Fault> {
    serde_json::to_value(credential).map_err(|_| Fault::Internal("a passkey does not serialize"))
}

fn added(passkey: &Passkey) -> Event {
    Event::success(EventKind::PasskeyAdded)
        .user(passkey.user_id)
        .target("passkey", passkey.id)
        .detail("user_verified", passkey.user_verified)
        .detail("backup_eligible", passkey.backup_eligible)
        .detail("backed_up", passkey.backed_up)
        .detail("hardware_bound", passkey.hardware_bound)
}

fn link_hash(token: &str) -> Result<TokenHash, PasskeyError> {
    OpaqueToken::parse(TokenKind::Invitation, token).ok_or(PasskeyError::Gone)
}
