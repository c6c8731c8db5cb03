//! What the use cases leave behind: the audit log, sealed fields, secrets, keys; on both engines.

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
mod audit;
#[cfg(test)]
mod audit_operator;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod sealing;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod session_limits;
#[cfg(test)]
mod story;
