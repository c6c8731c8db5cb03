//! OAuth and OpenID Connect as clients and attackers meet them: over HTTP, on both engines.

/// Runs each test on both engines: `on_sqlite::name` and `on_postgres::name`.
macro_rules! on_both_engines {
    ($($name:ident)+) => {
        mod on_sqlite {
            $(#[tokio::test] async fn $name() { super::$name(testkit::Backend::Sqlite).await; })+
        }
        mod on_postgres {
            $(#[tokio::test] async fn $name() { super::$name(testkit::Backend::Postgres).await; })+
        }
    };
}

#[cfg(test)]
mod ask;
#[cfg(test)]
mod authorize;
#[cfg(test)]
mod away;
#[cfg(test)]
mod beliefs;
#[cfg(test)]
mod client_auth;
#[cfg(test)]
mod code;
#[cfg(test)]
mod code_flow;
#[cfg(test)]
mod consent;
#[cfg(test)]
mod cors;
#[cfg(test)]
mod discovery;
#[cfg(test)]
mod edges;
#[cfg(test)]
mod forgery;
#[cfg(test)]
mod grown;
#[cfg(test)]
mod id_token;
#[cfg(test)]
mod interaction;
#[cfg(test)]
mod introspect;
#[cfg(test)]
mod logout;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod oidcc;
#[cfg(test)]
mod pairwise;
#[cfg(test)]
mod pkce;
#[cfg(test)]
mod races;
#[cfg(test)]
mod redirect;
#[cfg(test)]
mod refresh;
#[cfg(test)]
mod registration;
#[cfg(test)]
mod revoke;
#[cfg(test)]
mod strictness;
#[cfg(test)]
mod suite;
#[cfg(test)]
mod switched_off;
#[cfg(test)]
mod tenants;
#[cfg(test)]
mod userinfo;
