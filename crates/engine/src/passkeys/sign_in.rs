//! Signing in with a passkey, as the first factor or beside a password.

use domain::{Event, EventKind, Method, Passkey, User, UserId, UserStatus};
use storage::passkeys::{self, Stored};
use storage::users;
use webauthn_rs_core::proto::{AuthenticationResult, AuthenticationState, Credential, PublicKeyCredential};

use super::ceremony::{Kept, Place};
use super::verify::{COUNTER, RelyingParty, check_kind, policy, read, reason};
use super::{PasskeyAnswer, PasskeyError, PasskeyOptions};
use crate::authorize::LiveFlow;
use crate::login::for_client;
use crate::sign_in::Proved;
use crate::{App, Ctx, Fault, SignedIn};

/// Why an answer did not count, and whose passkey it was if that is known.
struct Wrong {
    passkey: Option<Passkey>,
    reason: &'static str,
}

impl Wrong {
    const fn unknown(reason: &'static str) -> Self {
        Self {
            passkey: None,
            reason,
        }
    }
}

impl App {
    /// What a browser is asked, to use a passkey. Before somebody proved something the question is the same for
    /// everybody and names no credential (PW12); after it the person's own are named.
    pub async fn begin_passkey_sign_in(
        &self,
        ctx: &Ctx,
        flow: &LiveFlow,
    ) -> Result<PasskeyOptions, PasskeyError> {
        let party = RelyingParty::of(ctx)?;
        let known = match self.half_way(ctx, flow).await? {
            Some(user) => {
                let mut read = self.db.read(ctx.tenant_id()).await?;
                passkeys::list_for_user(&mut read, user.id).await?
            }
            None => Vec::new(),
        };
        let counts = |stored: &&Stored| stored.passkey.suspended_at.is_none();
        let credentials = known
            .iter()
            .filter(counts)
            .map(credential)
            .collect::<Result<Vec<_>, _>>()?;
        let (options, mut state) = party
            .core
            .new_challenge_authenticate_builder(credentials, Some(policy(ctx)))
            .and_then(|builder| party.core.generate_challenge_authenticate(builder))
            .map_err(|_| Fault::Internal("no challenge for a passkey"))?;
        state.set_allowed_credentials(Vec::new());
        let kept = Kept::SignIn {
            state: Box::new(state),
        };
        let public_key = serde_json::to_value(&options.public_key)
            .map_err(|_| Fault::Internal("options for a passkey do not serialize"))?;
        Ok(PasskeyOptions {
            ceremony: self.keep_challenge(ctx, Place::Flow(flow.id), &kept).await?,
            public_key,
        })
    }

    /// Verifies what a passkey signed. Whether that is enough to be signed in is decided by `proved`.
    pub async fn finish_passkey_sign_in(
        &self,
        ctx: &Ctx,
        flow: &LiveFlow,
        answer: PasskeyAnswer<'_>,
        before: Option<&SignedIn>,
    ) -> Result<Proved, PasskeyError> {
        let party = RelyingParty::of(ctx)?;
        let Kept::SignIn { state } = self
            .use_challenge(ctx, Place::Flow(flow.id), answer.ceremony)
            .await?
        else {
            return Err(PasskeyError::Gone);
        };
        let expected = self.half_way(ctx, flow).await?.map(|user| user.id);
        let verified = match readable(&party, answer.credential) {
            Ok(response) => {
                self.verify_use(ctx, (&party, &state), &response, expected)
                    .await?
            }
            Err(PasskeyError::Refused(reason)) => Err(Wrong::unknown(reason)),
            Err(other) => return Err(other),
        };
        match verified {
            Ok((user, method)) => Ok(self.proved(ctx, flow, user, method, before).await?),
            Err(wrong) => {
                let reason = wrong.reason;
                self.tell(ctx, flow, wrong).await?;
                Err(PasskeyError::Refused(reason))
            }
        }
    }

    /// Whose passkey signed, and what that proves (section 7.2).
    async fn verify_use(
        &self,
        ctx: &Ctx,
        (party, state): (&RelyingParty, &AuthenticationState),
        response: &PublicKeyCredential,
        expected: Option<UserId>,
    ) -> Result<Result<(User, Method), Wrong>, Fault> {
        let Some((stored, user)) = self.owner(ctx, response).await? else {
            return Ok(Err(Wrong::unknown("unknown_passkey")));
        };
        let wrong = |reason| Wrong {
            passkey: Some(stored.passkey.clone()),
            reason,
        };
        if expected.is_some_and(|expected| expected != user.id) {
            return Ok(Err(wrong("other_person")));
        }
        // Before somebody proved something they are known only by what the authenticator calls them (step 6).
        let handle = response.response.user_handle.as_deref();
        let named = handle.map_or(expected.is_some(), |handle| handle == stored.user_handle);
        if !named {
            return Ok(Err(wrong("user_handle")));
        }
        let credential = credential(&stored)?;
        let result = match party
            .core
            .authenticate_single_credential(response, state, &credential)
        {
            Ok(result) if user.status == UserStatus::Active => result,
            Ok(_) => return Ok(Err(wrong("not_active"))),
            Err(cause) => return Ok(Err(wrong(reason(&cause)))),
        };
        if !self.note_use(ctx, &stored.passkey, &result).await? {
            // Removed a moment ago, or another use was faster that counted further.
            let gone = self.owner(ctx, response).await?.is_none();
            return Ok(Err(wrong(if gone { "unknown_passkey" } else { COUNTER })));
        }
        let method = Method::Passkey {
            user_verified: result.user_verified(),
            hardware_bound: stored.passkey.hardware_bound,
        };
        Ok(Ok((user, method)))
    }

    /// The passkey an answer names, and its person.
    async fn owner(
        &self,
        ctx: &Ctx,
        response: &PublicKeyCredential,
    ) -> Result<Option<(Stored, User)>, Fault> {
        let mut read = self.db.read(ctx.tenant_id()).await?;
        let Some(stored) = passkeys::find_by_credential(&mut read, &response.raw_id).await? else {
            return Ok(None);
        };
        let account = users::find(&mut read, stored.passkey.user_id).await?;
        Ok(account.map(|account| (stored, account.user)))
    }

    /// Notes the use; false if the counter did not go up, or the passkey is gone.
    async fn note_use(
        &self,
        ctx: &Ctx,
        passkey: &Passkey,
        result: &AuthenticationResult,
    ) -> Result<bool, Fault> {
        let (counter, backed_up) = (i64::from(result.counter()), result.backup_state());
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        let noted = passkeys::update_used(&mut tx, passkey.id, counter, backed_up, ctx.now).await?;
        tx.commit_unrecorded("the use of a passkey is noted; the sign-in it leads to is recorded")
            .await?;
        Ok(noted)
    }

    async fn tell(&self, ctx: &Ctx, flow: &LiveFlow, Wrong { passkey, reason }: Wrong) -> Result<(), Fault> {
        let about = |event: Event| {
            let event = for_client(event, flow).detail("method", "passkey");
            match &passkey {
                Some(passkey) => event.user(passkey.user_id).target("passkey", passkey.id),
                None => event,
            }
        };
        self.refuse(ctx, about(Event::failure(EventKind::LoginFailed, reason)))
            .await?;
        if reason == COUNTER {
            let alarm = about(Event::warning(EventKind::PasskeyCounterDropped, reason));
            self.append(ctx, alarm).await?;
        }
        Ok(())
    }
}

fn readable(party: &RelyingParty, text: &str) -> Result<PublicKeyCredential, PasskeyError> {
    let response: PublicKeyCredential = read(text)?;
    check_kind(&response.type_, &response.raw_id)?;
    party.check_client_data(&response.response.client_data_json)?;
    Ok(response)
}

/// The credential as it is now: its counter goes up in a column of its own.
fn credential(stored: &Stored) -> Result<Credential, Fault> {
    let mut credential: Credential = serde_json::from_value(stored.credential.clone())
        .map_err(|_| Fault::Internal("a stored passkey is broken"))?;
    credential.counter = u32::try_from(stored.passkey.counter).unwrap_or(u32::MAX);
    Ok(credential)
}
