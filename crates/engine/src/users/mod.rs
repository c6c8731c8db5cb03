//! People: made, read, listed, switched off and on.

use domain::{Email, Event, EventKind, Events, OpaqueToken, Profile, Secret, User, UserId, UserStatus};
use storage::invitations::{self, Invitation};
use storage::{data_keys, grants, links, passkeys, sessions, users};

use crate::invitations::invited;
use crate::{App, Ctx, Fault, ImportedHash, PasswordRefused};

/// A person to be made.
#[derive(Debug)]
pub struct NewUser {
    /// The address they sign in with.
    pub email: Email,
    /// Whether somebody vouches that it is theirs.
    pub email_verified: bool,
    /// What is known about them.
    pub profile: Profile,
    /// Their password; without one they are invited and cannot sign in yet.
    pub password: Option<Secret<String>>,
}

/// Why a change to a person was refused.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// Another person of the tenant has this address.
    #[error("an account with this mail address exists already")]
    EmailTaken,
    /// The name looks like something else.
    #[error("a name has at most 100 characters and is no mail address")]
    NameRefused,
    /// No mail server is configured.
    #[error("no mail can be sent: set mail.smtp")]
    NoMail,
    /// No such person in this tenant.
    #[error("no such account")]
    NotFound,
    /// The password cannot be set.
    #[error(transparent)]
    Password(PasswordRefused),
    /// Something else.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<storage::StoreError> for UserError {
    fn from(cause: storage::StoreError) -> Self {
        Self::Fault(cause.into())
    }
}

impl App {
    /// Makes a person, together with the key that seals what events say about them.
    pub async fn create_user(&self, ctx: &Ctx, new: NewUser) -> Result<User, UserError> {
        let password_hash = match &new.password {
            Some(typed) => {
                let checked = self
                    .check_new_password(ctx, (&new.email, &new.profile), typed)
                    .await?;
                let password = checked.map_err(UserError::Password)?;
                Some(
                    self.passwords
                        .hash(&self.world, ctx.tenant_id(), &password)
                        .await?,
                )
            }
            None => None,
        };
        let user = self.new_user(ctx, new, password_hash.is_some());
        self.keep_user(ctx, &user, password_hash.as_deref(), None).await?;
        Ok(user)
    }

    /// Makes a person who has a password at another product, by the hash that product kept. It is made anew when they
    /// first sign in (PW8).
    pub async fn import_user(&self, ctx: &Ctx, new: NewUser, hash: &ImportedHash) -> Result<User, UserError> {
        let user = self.new_user(ctx, new, true);
        self.keep_user(ctx, &user, Some(hash.stored()), None).await?;
        Ok(user)
    }

    /// Makes a person who sets their own password, and the link by which they do: both or neither, because nobody could
    /// ask for a second link for a person who is there already.
    pub async fn create_invited_user(
        &self,
        ctx: &Ctx,
        new: NewUser,
    ) -> Result<(User, OpaqueToken), UserError> {
        let user = self.new_user(ctx, new, false);
        let (token, invitation) = self.new_invitation(ctx, user.id);
        self.keep_user(ctx, &user, None, Some((&invitation, &token)))
            .await?;
        Ok((user, token))
    }

    fn new_user(&self, ctx: &Ctx, new: NewUser, active: bool) -> User {
        User {
            id: UserId::generate(&self.world),
            email: new.email,
            email_verified: new.email_verified,
            profile: new.profile,
            status: if active {
                UserStatus::Active
            } else {
                UserStatus::Invited
            },
            created_at: ctx.now,
            updated_at: ctx.now,
            last_login_at: None,
        }
    }

    async fn keep_user(
        &self,
        ctx: &Ctx,
        user: &User,
        password_hash: Option<&str>,
        invitation: Option<(&Invitation, &OpaqueToken)>,
    ) -> Result<(), UserError> {
        let key = self
            .seals
            .make_for_person(&self.world, ctx.tenant_id(), user.id, ctx.now)?;
        let created = Event::success(EventKind::UserCreated)
            .user(user.id)
            .name(user.email.as_str());
        let mut events = self.record(ctx, created).await?;
        if let Some((invitation, token)) = invitation {
            let mail = self.invitation_mail(ctx, user, token).await?;
            let told = self.record_with_mail(ctx, invited(invitation), mail).await?;
            events = told.iter().cloned().fold(events, Events::and);
        }
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if !users::insert(&mut tx, user, password_hash).await? {
            tx.rollback().await?;
            return Err(UserError::EmailTaken);
        }
        data_keys::insert(&mut tx, &key).await?;
        if let Some((invitation, _)) = invitation {
            invitations::insert(&mut tx, invitation).await?;
        }
        tx.commit(events).await?;
        Ok(())
    }

    /// One person.
    pub async fn user(&self, ctx: &Ctx, id: UserId) -> Result<User, UserError> {
        let found = users::find(&mut self.db.read(ctx.tenant_id()).await?, id).await?;
        found.map(|account| account.user).ok_or(UserError::NotFound)
    }

    /// The person with this address.
    pub async fn user_by_email(&self, ctx: &Ctx, email: &Email) -> Result<Option<User>, UserError> {
        let found = users::find_by_email(&mut self.db.read(ctx.tenant_id()).await?, &email.folded()).await?;
        Ok(found.map(|account| account.user))
    }

    /// A page of people, in the order they were made, after `after`.
    pub async fn list_users(
        &self,
        ctx: &Ctx,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, UserError> {
        Ok(users::list(&mut self.db.read(ctx.tenant_id()).await?, after, limit).await?)
    }

    /// Switches a person off: no sign-in, every session, grant and link ended in the same commit (SE5, I3).
    pub async fn disable_user(&self, ctx: &Ctx, id: UserId) -> Result<User, UserError> {
        let events = self
            .record(ctx, Event::success(EventKind::UserDisabled).user(id))
            .await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if !users::set_status(&mut tx, id, UserStatus::Disabled, ctx.now).await? {
            tx.rollback().await?;
            return Err(UserError::NotFound);
        }
        sessions::end_for_user(&mut tx, id, ctx.now).await?;
        grants::revoke_for_user(&mut tx, id, ctx.now).await?;
        links::revoke_for_user(&mut tx, id, links::Spared::EVERY_DENIAL, ctx.now).await?;
        tx.commit(events).await?;
        self.user(ctx, id).await
    }

    /// Switches a person on again. What was ended stays ended.
    pub async fn enable_user(&self, ctx: &Ctx, id: UserId) -> Result<User, UserError> {
        let events = self
            .record(ctx, Event::success(EventKind::UserEnabled).user(id))
            .await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        let account = users::find(&mut tx, id).await?;
        let Some(account) = account else {
            tx.rollback().await?;
            return Err(UserError::NotFound);
        };
        let has_way_in =
            account.password_hash.is_some() || !passkeys::list_for_user(&mut tx, id).await?.is_empty();
        let status = if has_way_in {
            UserStatus::Active
        } else {
            UserStatus::Invited
        };
        users::set_status(&mut tx, id, status, ctx.now).await?;
        tx.commit(events).await?;
        self.user(ctx, id).await
    }
}
