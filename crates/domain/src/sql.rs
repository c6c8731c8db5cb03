//! How these types are encoded in columns: the orphan rule puts this here and not in `storage`.
//!
//! `Timestamp` is BIGINT microseconds on both engines, ids are UUID (16 bytes on SQLite), words are TEXT, hashes are bytes.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, Type};

use crate::{
    CeremonyId, ClientId, CorrelationId, Email, EventId, FlowId, GrantId, InvitationId, KeyId, LinkId,
    MailId, PasskeyId, RequestId, Scopes, SessionId, Slug, TenantId, Timestamp, TokenHash, UserId,
};

macro_rules! transparent {
    ($($name:ty as $inner:ty, $to:expr, $from:expr;)+) => {$(
        impl<DB: Database> Type<DB> for $name
        where
            $inner: Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <$inner as Type<DB>>::type_info()
            }

            fn compatible(ty: &DB::TypeInfo) -> bool {
                <$inner as Type<DB>>::compatible(ty)
            }
        }

        impl<'q, DB: Database> Encode<'q, DB> for $name
        where
            $inner: Encode<'q, DB>,
        {
            fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                let inner: $inner = $to(self);
                <$inner as Encode<'q, DB>>::encode(inner, buffer)
            }
        }

        impl<'r, DB: Database> Decode<'r, DB> for $name
        where
            $inner: Decode<'r, DB>,
        {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
                let inner = <$inner as Decode<'r, DB>>::decode(value)?;
                $from(inner)
            }
        }
    )+};
}

macro_rules! ids {
    ($($name:ident)+) => {
        transparent! {$(
            $name as uuid::Uuid, |id: &$name| id.as_uuid(), |id| Ok($name::from_uuid(id));
        )+}
    };
}

ids! { CeremonyId CorrelationId EventId FlowId GrantId InvitationId LinkId MailId PasskeyId RequestId SessionId TenantId UserId }

transparent! {
    Timestamp as i64, |t: &Timestamp| t.micros(), |micros| Ok(Timestamp::from_micros(micros));
    ClientId as String, |id: &ClientId| id.as_str().to_owned(), |text: String| Ok(text.parse::<ClientId>()?);
    Email as String, |email: &Email| email.as_str().to_owned(), |text: String| Ok(text.parse::<Email>()?);
    KeyId as String, |id: &KeyId| id.0.clone(), |text| Ok(KeyId(text));
    Scopes as String, |scopes: &Scopes| scopes.to_string(), |text: String| Ok(text.parse::<Scopes>()?);
    Slug as String, |slug: &Slug| slug.as_str().to_owned(), |text: String| Ok(text.parse::<Slug>()?);
    TokenHash as Vec<u8>, |hash: &TokenHash| hash.as_bytes().to_vec(), |bytes: Vec<u8>| {
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| "a token hash has 32 bytes")?;
        Ok(TokenHash::from_bytes(bytes))
    };
}
