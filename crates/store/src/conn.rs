//! One connection, of either database: the only place where a statement is sent.

use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, AssertSqlSafe, PgConnection, SqliteConnection};

use crate::arg::{Arg, Kind};
use crate::{Error, Result, Row};

/// Statements are made of this crate's own words; values are bound.
pub(crate) type Sql = String;

pub(crate) enum Conn<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Conn<'_> {
    /// How many rows it touched.
    pub(crate) async fn execute(self, sql: Sql, args: Vec<Arg>) -> Result<u64> {
        Ok(match self {
            Self::Sqlite(conn) => {
                sqlx::query_with(AssertSqlSafe(sql), for_sqlite(args)?).execute(conn).await?.rows_affected()
            }
            Self::Postgres(conn) => {
                sqlx::query_with(AssertSqlSafe(sql), for_postgres(args)?).execute(conn).await?.rows_affected()
            }
        })
    }

    pub(crate) async fn rows(self, sql: Sql, args: Vec<Arg>) -> Result<Vec<Row>> {
        Ok(match self {
            Self::Sqlite(conn) => {
                let rows = sqlx::query_with(AssertSqlSafe(sql), for_sqlite(args)?).fetch_all(conn).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres(conn) => {
                let rows = sqlx::query_with(AssertSqlSafe(sql), for_postgres(args)?).fetch_all(conn).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// Several statements without values, as migrations are.
    pub(crate) async fn script(self, sql: String) -> Result<()> {
        match self {
            Self::Sqlite(conn) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await.map(drop)?,
            Self::Postgres(conn) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await.map(drop)?,
        }
        Ok(())
    }
}

macro_rules! bind {
    ($name:ident, $arguments:ty) => {
        fn $name(values: Vec<Arg>) -> Result<$arguments> {
            let mut bound = <$arguments>::default();
            bound.reserve(values.len(), 0);
            for value in values {
                match value {
                    Arg::Int(value) => bound.add(value),
                    Arg::Text(value) => bound.add(value),
                    Arg::Bytes(value) => bound.add(value),
                    Arg::Bool(value) => bound.add(value),
                    Arg::Float(value) => bound.add(value),
                    Arg::Null(Kind::Int) => bound.add(None::<i64>),
                    Arg::Null(Kind::Text) => bound.add(None::<String>),
                    Arg::Null(Kind::Bytes) => bound.add(None::<Vec<u8>>),
                    Arg::Null(Kind::Bool) => bound.add(None::<bool>),
                    Arg::Null(Kind::Float) => bound.add(None::<f64>),
                }
                .map_err(|error| Error::Statement { message: error.to_string() })?;
            }
            Ok(bound)
        }
    };
}

bind!(for_sqlite, SqliteArguments);
bind!(for_postgres, PgArguments);
