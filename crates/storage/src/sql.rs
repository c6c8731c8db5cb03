//! One statement text and one tuple of values for two engines.

use std::sync::{Arc, LazyLock};

use domain::TenantId;
use sqlx::error::BoxDynError;
#[cfg(feature = "bulk")]
use sqlx::postgres::PgArgumentBuffer;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, Encode, FromRow, Postgres, SqlSafeStr as _, SqlStr, Sqlite, Type};

use crate::{Query as _, StoreError, Tx};

/// A statement: one text, or two where the engines differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sql {
    pub(crate) postgres: &'static str,
    pub(crate) sqlite: &'static str,
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self {
            postgres: text,
            sqlite: text,
        }
    }
}

/// A value both engines can take.
pub(crate) trait Bind<'q>:
    Encode<'q, Postgres> + Type<Postgres> + Encode<'q, Sqlite> + Type<Sqlite> + Send
{
}

impl<'q, T> Bind<'q> for T where
    T: Encode<'q, Postgres> + Type<Postgres> + Encode<'q, Sqlite> + Type<Sqlite> + Send
{
}

/// A row both engines can give.
pub(crate) trait Record:
    for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin
{
}

impl<T> Record for T where T: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}

/// The values of a statement, in the order of their numbers.
pub(crate) trait Binds<'q>: Send {
    fn postgres(self, to: &mut PgArguments) -> Result<(), BoxDynError>;
    fn sqlite(self, to: &mut SqliteArguments) -> Result<(), BoxDynError>;
    /// As fields of a row of PostgreSQL's binary COPY.
    #[cfg(feature = "bulk")]
    fn copy(self, to: &mut PgArgumentBuffer) -> Result<(), BoxDynError>;
}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<'q, $($name: Bind<'q>),*> Binds<'q> for ($($name,)*) {
            #[expect(non_snake_case, reason = "the type's name names its value")]
            fn postgres(self, to: &mut PgArguments) -> Result<(), BoxDynError> {
                let ($($name,)*) = self;
                $(to.add($name)?;)*
                Ok(())
            }

            #[expect(non_snake_case, reason = "the type's name names its value")]
            fn sqlite(self, to: &mut SqliteArguments) -> Result<(), BoxDynError> {
                let ($($name,)*) = self;
                $(to.add($name)?;)*
                Ok(())
            }

            #[cfg(feature = "bulk")]
            #[expect(non_snake_case, reason = "the type's name names its value")]
            fn copy(self, to: &mut PgArgumentBuffer) -> Result<(), BoxDynError> {
                let ($($name,)*) = self;
                $(crate::bulk::field(to, $name)?;)*
                Ok(())
            }
        }
    };
}

macro_rules! tuples_up_to {
    ($first:ident $($rest:ident)*) => {
        tuples! { $first $($rest)* }
        tuples_up_to! { $($rest)* }
    };
    () => {};
}

tuples_up_to! { A B C D E F G H I J K L M N O P Q R S T U V W }

impl Binds<'_> for () {
    fn postgres(self, _: &mut PgArguments) -> Result<(), BoxDynError> {
        Ok(())
    }

    fn sqlite(self, _: &mut SqliteArguments) -> Result<(), BoxDynError> {
        Ok(())
    }

    #[cfg(feature = "bulk")]
    fn copy(self, _: &mut PgArgumentBuffer) -> Result<(), BoxDynError> {
        Ok(())
    }
}

/// The values of several rows of one tenant, one after the other, as [`Insert`] takes them.
pub(crate) struct Rows<T> {
    pub(crate) tenant: TenantId,
    pub(crate) rows: Vec<T>,
}

impl<'q, T: Binds<'q>> Binds<'q> for Rows<T> {
    fn postgres(self, to: &mut PgArguments) -> Result<(), BoxDynError> {
        self.rows.into_iter().try_for_each(|row| row.postgres(to))
    }

    fn sqlite(self, to: &mut SqliteArguments) -> Result<(), BoxDynError> {
        for (number, row) in self.rows.into_iter().enumerate() {
            // The first row's was bound already.
            if number > 0 {
                to.add(self.tenant)?;
            }
            row.sqlite(to)?;
        }
        Ok(())
    }

    #[cfg(feature = "bulk")]
    fn copy(self, to: &mut PgArgumentBuffer) -> Result<(), BoxDynError> {
        self.rows.into_iter().try_for_each(|row| row.copy(to))
    }
}

/// Highest `$n` of a text, or how many `?` it has.
///
/// SQLite takes a missing value for NULL and ignores one too many, so both engines are asked the same question first.
pub(crate) fn arity(text: &str) -> usize {
    let numbered = text.split('$').skip(1).map(leading_number).max();
    numbered.unwrap_or_else(|| text.matches('?').count())
}

fn leading_number(text: &str) -> usize {
    text.bytes()
        .take_while(u8::is_ascii_digit)
        .fold(0, |number, digit| number * 10 + usize::from(digit - b'0'))
}

/// Refuses values that do not fit the text.
pub(crate) fn fitting(text: &str, given: usize) -> Result<(), StoreError> {
    let expected = arity(text);
    if expected == given {
        Ok(())
    } else {
        Err(StoreError::Arity { expected, given })
    }
}

/// An INSERT of one row and the same of several: few sizes, so that few statements are prepared, and each number of rows
/// takes few statements.
#[derive(Debug)]
pub(crate) struct Insert {
    one: &'static str,
    wide: [LazyLock<Wide, Widen>; SIZES.len()],
}

/// Rows of the wide statements, falling.
const SIZES: [usize; 10] = [64, 32, 16, 8, 7, 6, 5, 4, 3, 2];

#[derive(Debug)]
struct Wide {
    postgres: String,
    sqlite: String,
}

type Widen = Box<dyn FnOnce() -> Wide + Send>;

impl Insert {
    /// Of the text for one row.
    pub(crate) fn of(one: &'static str) -> Self {
        let widen = |rows| {
            let make = move || Wide {
                postgres: widened(one, rows),
                sqlite: nameless(one, rows),
            };
            LazyLock::new(Box::new(make) as Widen)
        };
        Self {
            one,
            wide: SIZES.map(widen),
        }
    }

    /// Adds rows of the transaction's tenant, in few statements.
    pub(crate) async fn all<'a, T, B: Binds<'a>>(
        &'static self,
        tx: &mut Tx,
        mut rows: &[&'a T],
        values: impl Fn(&'a T) -> B,
    ) -> Result<(), StoreError> {
        let tenant = tx.tenant();
        while !rows.is_empty() {
            let (text, size) = self.fitting(rows.len());
            let (now, later) = rows.split_at_checked(size).unwrap_or((rows, &[]));
            let values = Rows {
                tenant,
                rows: now.iter().map(|row| values(row)).collect(),
            };
            tx.handle().execute(text, values).await?;
            rows = later;
        }
        Ok(())
    }

    /// The largest statement for at most `rows` rows, and how many it takes.
    fn fitting(&'static self, rows: usize) -> (Sql, usize) {
        let wide = SIZES.into_iter().zip(&self.wide).find(|(size, _)| *size <= rows);
        match wide {
            None => (self.one.into(), 1),
            Some((size, wide)) => {
                let (postgres, sqlite) = (wide.postgres.as_str(), wide.sqlite.as_str());
                (Sql { postgres, sqlite }, size)
            }
        }
    }
}

/// The text of an INSERT of one row for `rows` rows, with values by their place instead of by number: SQLite searches
/// the names of all values anew for each of them. Every row brings its tenant.
pub(crate) fn nameless(one_row: &str, rows: usize) -> String {
    let (values, otherwise) = tail_of(one_row);
    let head = values.split("VALUES").next().unwrap_or_default();
    let row = format!("({})", vec!["?"; arity(one_row)].join(", "));
    format!("{head}VALUES {}{otherwise}", vec![row; rows].join(", "))
}

/// An INSERT up to its row, and what it does with rows that are there already.
fn tail_of(one_row: &str) -> (&str, &str) {
    let at = one_row.find("ON CONFLICT").unwrap_or(one_row.len());
    let values = one_row.get(..at).unwrap_or(one_row).trim_end();
    (values, one_row.get(values.len()..).unwrap_or_default())
}

/// The text of an INSERT of one row, widened to `rows` rows. `$1`, the tenant, is shared by all.
fn widened(one_row: &str, rows: usize) -> String {
    let columns = arity(one_row) - 1;
    let (values, otherwise) = tail_of(one_row);
    let mut text = values.to_owned();
    for row in 1..rows {
        text.push_str(", ($1");
        for column in 0..columns {
            text.push_str(", $");
            text.push_str(&(2 + row * columns + column).to_string());
        }
        text.push(')');
    }
    text.push_str(otherwise);
    text
}

/// With [`built_once`] the one place that lets a text built at run time through to a database: settings and names, never
/// values from outside.
pub(crate) fn built(text: String) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(text)
}

/// The same for a text that is kept and used again.
pub(crate) fn built_once(text: &Arc<str>) -> SqlStr {
    sqlx::AssertSqlSafe(Arc::clone(text)).into_sql_str()
}
