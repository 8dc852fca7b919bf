//! Statements: alone, or in a transaction.

use std::future::Future;

use crate::arg::Arg;
use crate::conn::Conn;
use crate::store::Pool;
use crate::{Error, Micros, Record, Result, Row, Store};

/// What can be asked: a [`Reader`] outside of transactions, a [`crate::Tx`] within one.
pub trait Query: Send {
    /// The store's time.
    fn now(&self) -> Micros;

    /// # Errors
    /// When the database is away or refuses the statement.
    fn rows(&mut self, sql: impl AsRef<str> + Send, args: Vec<Arg>) -> impl Future<Output = Result<Vec<Row>>> + Send;

    /// # Errors
    /// When the database is away or refuses the statement, or a row is not what the record says.
    fn fetch_all<R: Record>(
        &mut self,
        sql: impl AsRef<str> + Send,
        args: Vec<Arg>,
    ) -> impl Future<Output = Result<Vec<R>>> + Send {
        async move { self.rows(sql, args).await?.iter().map(R::read).collect() }
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// As [`Query::fetch_all`].
    fn fetch_optional<R: Record>(
        &mut self,
        sql: impl AsRef<str> + Send,
        args: Vec<Arg>,
    ) -> impl Future<Output = Result<Option<R>>> + Send {
        async move { self.rows(sql, args).await?.first().map(R::read).transpose() }
    }

    /// The first row.
    ///
    /// # Errors
    /// As [`Query::fetch_all`], and [`Error::Missing`] when there is no row.
    fn fetch_one<R: Record>(
        &mut self,
        sql: impl AsRef<str> + Send,
        args: Vec<Arg>,
    ) -> impl Future<Output = Result<R>> + Send {
        async move { self.fetch_optional(sql, args).await?.ok_or(Error::Missing) }
    }
}

/// Reads outside of transactions: each statement sees what is committed by then.
#[derive(Clone, Debug)]
pub struct Reader {
    pub(crate) store: Store,
}

impl Query for Reader {
    fn now(&self) -> Micros {
        self.store.now()
    }

    async fn rows(&mut self, sql: impl AsRef<str> + Send, args: Vec<Arg>) -> Result<Vec<Row>> {
        let sql = sql.as_ref().to_owned();
        let asking = async {
            match self.store.pool() {
                Pool::Sqlite { readers, .. } => Conn::Sqlite(&mut *readers.acquire().await?).rows(sql, args).await,
                Pool::Postgres { readers, .. } => Conn::Postgres(&mut *readers.acquire().await?).rows(sql, args).await,
            }
        };
        let result = self.store.patiently(asking).await;
        self.store.note(result)
    }
}

/// `$3, $4, $5`: `count` placeholders from `first`, for `IN (…)`.
#[must_use]
pub fn placeholders(first: usize, count: usize) -> String {
    (first..first + count).map(|index| format!("${index}")).collect::<Vec<_>>().join(", ")
}
