use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;

use super::{Reader, Readers};
use crate::StoreError;

fn readers(most: u32, wait: Duration) -> Readers {
    Readers::new(SqliteConnectOptions::new().in_memory(true), most, wait)
}

async fn ask(reader: &mut Reader, text: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(text).execute(reader.connection().unwrap()).await?;
    reader.went_well();
    Ok(())
}

#[tokio::test]
async fn a_connection_comes_back_unless_its_statement_failed() {
    let readers = readers(1, Duration::from_secs(9));
    let mut reader = readers.acquire().await.unwrap();
    ask(&mut reader, "CREATE TABLE here (one)").await.unwrap();
    drop(reader);
    let mut reader = readers.acquire().await.unwrap();
    ask(&mut reader, "SELECT one FROM here")
        .await
        .expect("the same connection");
    assert!(ask(&mut reader, "SELECT nothing").await.is_err());
    drop(reader);
    let mut reader = readers.acquire().await.unwrap();
    assert!(
        ask(&mut reader, "SELECT one FROM here").await.is_err(),
        "another connection"
    );
}

#[tokio::test]
async fn there_are_only_so_many_and_nobody_waits_longer_than_allowed() {
    let readers = readers(1, Duration::ZERO);
    let reader = readers.acquire().await.unwrap();
    let refused = readers.acquire().await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");
    drop(reader);
    readers.acquire().await.expect("it is free again");
}

#[tokio::test]
async fn closing_waits_for_those_in_use_and_refuses_others() {
    let readers = Arc::new(readers(2, Duration::from_secs(9)));
    let reader = readers.acquire().await.unwrap();
    let closing = tokio::spawn({
        let readers = Arc::clone(&readers);
        async move { readers.close().await }
    });
    tokio::task::yield_now().await;
    assert!(!closing.is_finished());
    drop(reader);
    closing.await.unwrap();
    assert!(matches!(readers.acquire().await, Err(StoreError::Closed)));
    readers.close().await;
}
