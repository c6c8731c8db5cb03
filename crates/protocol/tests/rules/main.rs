//! What the protocol's rules accept and refuse. Every refusal stands beside the nearest thing that is accepted.

#[cfg(test)]
mod access_token;
#[cfg(test)]
mod authorize;
#[cfg(test)]
mod bearer;
#[cfg(test)]
mod claims;
#[cfg(test)]
mod claims_request;
#[cfg(test)]
mod client_auth;
#[cfg(test)]
mod discovery;
#[cfg(test)]
mod error;
#[cfg(test)]
mod forgery;
#[cfg(test)]
mod id_token;
#[cfg(test)]
mod introspection;
#[cfg(test)]
mod json;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod logout;
#[cfg(test)]
mod make;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod params;
#[cfg(test)]
mod pkce;
#[cfg(test)]
mod redirect;
#[cfg(test)]
mod resource;
#[cfg(test)]
mod response;
#[cfg(test)]
mod token;
#[cfg(test)]
mod userinfo;
#[cfg(test)]
mod validation;
