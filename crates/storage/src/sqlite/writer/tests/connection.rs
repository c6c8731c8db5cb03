//! How connections are set up, and that values must fit their statement.

use super::marks::{MARK, Marks, mark};
use crate::{Query as _, StoreError};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_few_and_too_many_values_are_refused() {
    let marks = Marks::new().await;
    let mut tx = marks.begin().await;
    let few = tx.handle().execute(MARK, ()).await;
    assert!(matches!(
        few,
        Err(StoreError::Arity {
            expected: 2,
            given: 1
        })
    ));
    let many = tx.handle().execute(MARK, (1_i64, 2_i64)).await;
    assert!(matches!(
        many,
        Err(StoreError::Arity {
            expected: 2,
            given: 3
        })
    ));
    mark(&mut tx, 1).await.unwrap();
    tx.finish().await.unwrap();
    assert_eq!(marks.names().await, [1]);
}

#[tokio::test]
async fn the_writing_connection_is_set_up_for_durability() {
    let marks = Marks::new().await;
    let mut tx = marks.begin().await;
    for (pragma, expected) in [
        (
            "SELECT synchronous FROM pragma_synchronous WHERE $1 IS NOT NULL",
            2,
        ),
        (
            "SELECT foreign_keys FROM pragma_foreign_keys WHERE $1 IS NOT NULL",
            1,
        ),
        ("SELECT temp_store FROM pragma_temp_store WHERE $1 IS NOT NULL", 2),
        (
            "SELECT recursive_triggers FROM pragma_recursive_triggers WHERE $1 IS NOT NULL",
            1,
        ),
        (
            "SELECT trusted_schema FROM pragma_trusted_schema WHERE $1 IS NOT NULL",
            0,
        ),
        (
            "SELECT journal_mode = 'wal' FROM pragma_journal_mode WHERE $1 IS NOT NULL",
            1,
        ),
        ("SELECT query_only FROM pragma_query_only WHERE $1 IS NOT NULL", 0),
    ] {
        assert_eq!(
            tx.handle().number(pragma, ()).await.unwrap(),
            expected,
            "{pragma}"
        );
    }
    drop(tx);
    let mut read = marks.db.read(marks.tenant).await.unwrap();
    let query_only = "SELECT query_only FROM pragma_query_only WHERE $1 IS NOT NULL";
    assert_eq!(read.handle().number(query_only, ()).await.unwrap(), 1);
    let refused = read.handle().execute(MARK, (1_i64,)).await;
    assert!(refused.is_err(), "readers cannot write");
}
