use std::collections::BTreeMap;

use domain::{Acr, Scopes};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{OAuthError, jose::json, userinfo};

const MALFORMED: OAuthError = OAuthError::invalid_request("claims is malformed");

/// Most claims one target may be asked for.
const MAX_CLAIMS: usize = 64;
/// Longest name of a claim, in bytes.
const MAX_NAME: usize = 100;

/// How one claim is asked for (OIDC Core section 5.5.1).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClaimWish {
    /// Needed for what the person wants to do; still no reason to fail, except for `acr`.
    #[serde(default)]
    pub essential: bool,
    /// The one value wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The values wanted, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
}

/// The `claims` parameter (OIDC Core section 5.5).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClaimsRequest {
    /// Claims wanted from userinfo.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub userinfo: BTreeMap<String, ClaimWish>,
    /// Claims wanted in the ID token.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub id_token: BTreeMap<String, ClaimWish>,
}

impl ClaimsRequest {
    /// Parses the parameter's JSON. Members the specification does not know are ignored, as it demands.
    pub fn parse(text: &str) -> Result<Self, OAuthError> {
        let parsed = json::parse_object(text.as_bytes()).map_err(|_| MALFORMED)?;
        Ok(Self {
            userinfo: wishes(parsed.get("userinfo"))?,
            id_token: wishes(parsed.get("id_token"))?,
        })
    }

    /// These without the claims of a person that belong to a scope the client may not ask for (OA9).
    #[must_use]
    pub fn limited_to(mut self, allowed: &Scopes) -> Self {
        let may = |name: &str| userinfo::scope_of(name).is_none_or(|scope| allowed.contains(scope));
        self.userinfo.retain(|name, _| may(name));
        self.id_token.retain(|name, _| may(name));
        self
    }

    /// The scopes whose claims are asked for one by one: consent is asked as for these scopes.
    pub fn scopes(&self) -> Scopes {
        let names = self.userinfo.keys().chain(self.id_token.keys());
        names
            .filter_map(|name| userinfo::scope_of(name))
            .filter_map(|scope| scope.parse().ok())
            .collect()
    }

    /// The `acr` values without one of which the request must fail; `None` if any sign-in will do. An empty list means
    /// that only values were named which this product cannot reach.
    pub fn essential_acr(&self) -> Option<Vec<Acr>> {
        let wish = self.id_token.get("acr").filter(|wish| wish.essential)?;
        let named = wish.named();
        (!named.is_empty()).then(|| named.into_iter().filter_map(Acr::parse).collect())
    }

    /// The `acr` values wanted if they can be had.
    pub fn wanted_acr(&self) -> Vec<Acr> {
        self.id_token
            .get("acr")
            .map(|wish| wish.named().into_iter().filter_map(Acr::parse).collect())
            .unwrap_or_default()
    }

    /// The only person the client wants to hear about (OIDC Core section 5.5.1).
    pub fn required_sub(&self) -> Option<&str> {
        self.id_token.get("sub")?.value.as_ref()?.as_str()
    }
}

impl ClaimWish {
    fn named(&self) -> Vec<&str> {
        self.value
            .iter()
            .chain(&self.values)
            .filter_map(Value::as_str)
            .collect()
    }
}

fn wishes(member: Option<&Value>) -> Result<BTreeMap<String, ClaimWish>, OAuthError> {
    match member {
        None | Some(Value::Null) => Ok(BTreeMap::new()),
        Some(Value::Object(members)) if members.len() <= MAX_CLAIMS => members
            .iter()
            .map(|(name, how)| Ok((claim_name(name)?, wish(how)?)))
            .collect(),
        Some(_) => Err(MALFORMED),
    }
}

fn claim_name(name: &str) -> Result<String, OAuthError> {
    if (1..=MAX_NAME).contains(&name.len()) {
        Ok(name.to_owned())
    } else {
        Err(MALFORMED)
    }
}

fn wish(how: &Value) -> Result<ClaimWish, OAuthError> {
    let members: &Map<String, Value> = match how {
        Value::Null => return Ok(ClaimWish::default()),
        Value::Object(members) => members,
        _ => return Err(MALFORMED),
    };
    let essential = match members.get("essential") {
        None => false,
        Some(Value::Bool(essential)) => *essential,
        Some(_) => return Err(MALFORMED),
    };
    let values = match members.get("values") {
        None => Vec::new(),
        Some(Value::Array(values)) => values.clone(),
        Some(_) => return Err(MALFORMED),
    };
    Ok(ClaimWish {
        essential,
        value: members.get("value").cloned(),
        values,
    })
}
