//! One suite for two engines. A test is an async function of the engine; [`on_both`] makes a test of it for each.
//!
//! `cfg(test)` on each module tells clippy that it is a test.

/// Makes a test for each engine of each named function.
macro_rules! on_both {
    ($($name:ident)+) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(testkit::Backend::Sqlite).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(testkit::Backend::Postgres).await;
            })+
        }
    };
}

#[cfg(test)]
mod activity;
#[cfg(test)]
mod append;
#[cfg(test)]
mod attempts;
#[cfg(test)]
mod factors;
#[cfg(test)]
mod families;
#[cfg(test)]
mod invariants;
#[cfg(test)]
mod isolation;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod log;
#[cfg(test)]
mod migrations;
#[cfg(test)]
mod passkeys;
#[cfg(test)]
mod people;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod races;
#[cfg(test)]
mod reach;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod shared;
#[cfg(test)]
mod sqlite_file;
#[cfg(test)]
mod statements;
#[cfg(test)]
mod tenancy;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod transactions;
