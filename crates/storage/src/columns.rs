//! How closed lists of words and texts of JSON stand in columns.

use domain::{
    Acr, AuthMethod, ClientKind, EventKind, KeyState, LinkPurpose, Outcome, SigningAlg, UserStatus,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, Type};

/// A variant of a closed list, stored as the word that names it in JSON.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word<T>(pub(crate) T);

/// An event's kind, stored as its name in the catalogue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KindName(pub(crate) EventKind);

/// JSON in a column of plain text, kept byte for byte.
#[derive(Clone, Debug)]
pub(crate) struct JsonText(pub(crate) Value);

macro_rules! text_column {
    ([$($generic:ident: $bound:path)?] $name:ty, $to:expr, $from:expr) => {
        impl<DB: Database, $($generic)?> Type<DB> for $name
        where
            String: Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <String as Type<DB>>::type_info()
            }

            fn compatible(ty: &DB::TypeInfo) -> bool {
                <String as Type<DB>>::compatible(ty)
            }
        }

        impl<'q, DB: Database, $($generic: $bound)?> Encode<'q, DB> for $name
        where
            String: Encode<'q, DB>,
        {
            fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                let text: String = $to(&self.0)?;
                <String as Encode<'q, DB>>::encode(text, buffer)
            }
        }

        impl<'r, DB: Database, $($generic: $bound)?> Decode<'r, DB> for $name
        where
            String: Decode<'r, DB>,
        {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
                let text = <String as Decode<'r, DB>>::decode(value)?;
                Ok(Self($from(text)?))
            }
        }
    };
}

/// What a closed list of words can do.
pub(crate) trait Vocabulary: Serialize + DeserializeOwned {}

impl<T: Serialize + DeserializeOwned> Vocabulary for T {}

text_column! { [T: Vocabulary] Word<T>, word, |text: String| serde_json::from_value(Value::String(text)) }
text_column! { [] KindName, |kind: &EventKind| Ok::<_, BoxDynError>(kind.as_str().to_owned()), kind }
text_column! { [] JsonText, |value: &Value| serde_json::to_string(value), |text: String| serde_json::from_str(&text) }

fn word<T: Serialize>(value: &T) -> Result<String, BoxDynError> {
    match serde_json::to_value(value)? {
        Value::String(word) => Ok(word),
        _ => Err("not a word".into()),
    }
}

fn kind(text: String) -> Result<EventKind, BoxDynError> {
    let known = EventKind::ALL.iter().find(|kind| kind.as_str() == text);
    known
        .copied()
        .ok_or_else(|| "an event kind this version does not know".into())
}

macro_rules! words {
    ($($name:ident)+) => {$(
        impl From<Word<$name>> for $name {
            fn from(word: Word<$name>) -> Self {
                word.0
            }
        }
    )+};
}

words! { Acr AuthMethod ClientKind KeyState LinkPurpose Outcome SigningAlg UserStatus }

impl From<KindName> for EventKind {
    fn from(name: KindName) -> Self {
        name.0
    }
}

impl From<JsonText> for Value {
    fn from(text: JsonText) -> Self {
        text.0
    }
}
