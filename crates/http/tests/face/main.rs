//! The public face as browsers, operators and attackers meet it: pages, cookies, administration, the edge.

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
mod account;
#[cfg(test)]
mod admin;
#[cfg(test)]
mod admin_gate;
#[cfg(test)]
mod audit_unread;
#[cfg(test)]
mod busy;
#[cfg(test)]
mod consent;
#[cfg(test)]
mod cookies;
#[cfg(test)]
mod cross_site;
#[cfg(test)]
mod devices;
#[cfg(test)]
mod edge_pages;
#[cfg(test)]
mod edge_refusals;
#[cfg(test)]
mod enumeration;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod factors;
#[cfg(test)]
mod forwarding;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod invitation;
#[cfg(test)]
mod language;
#[cfg(test)]
mod logout;
#[cfg(test)]
mod mail;
#[cfg(test)]
mod mail_forms;
#[cfg(test)]
mod mail_links;
#[cfg(test)]
mod mail_lost;
#[cfg(test)]
mod mail_lost_account;
#[cfg(test)]
mod mail_takeover;
#[cfg(test)]
mod mail_twins;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod not_me;
#[cfg(test)]
mod not_yet;
#[cfg(test)]
mod notices;
#[cfg(test)]
mod oversize;
#[cfg(test)]
mod own_language;
#[cfg(test)]
mod own_pages;
#[cfg(test)]
mod passkeys;
#[cfg(test)]
mod passwords;
#[cfg(test)]
mod planted;
#[cfg(test)]
mod replace_last;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod security_txt;
#[cfg(test)]
mod steps;
#[cfg(test)]
mod switches;
#[cfg(test)]
mod throttle;
#[cfg(test)]
mod throttle_away;
#[cfg(test)]
mod throttle_requests;
#[cfg(test)]
mod throttle_shared;
#[cfg(test)]
mod throttle_sign_in;
#[cfg(test)]
mod throttle_told;
#[cfg(test)]
mod userinfo_level;
#[cfg(test)]
mod watch;
