//! A transaction.

use sqlx::{Postgres, Sqlite, Transaction};
use tokio::sync::OwnedSemaphorePermit;

use crate::arg::Arg;
use crate::conn::Conn;
use crate::query::Query;
use crate::{Backend, Micros, Result, Row, Store, Topic};

/// A transaction; undone unless it is committed.
///
/// SQLite has one writer, and this is it: nothing else writes until the transaction ends. PostgreSQL runs it at
/// `READ COMMITTED`; what must not change underneath is locked with [`Tx::lock_clause`].
#[derive(Debug)]
#[must_use = "a transaction that is dropped is undone"]
pub struct Tx {
    store: Store,
    inner: Inner,
    /// Sent when it is committed.
    wakes: Vec<Topic>,
}

#[derive(Debug)]
pub(crate) enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    /// With its turn, which ends after it.
    Postgres(Transaction<'static, Postgres>, OwnedSemaphorePermit),
}

/// How rows are locked by a `SELECT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Waits for who has the row.
    Wait,
    /// Passes over rows that another transaction has.
    Skip,
}

impl Tx {
    pub(crate) fn new(store: Store, inner: Inner) -> Self {
        Self { store, inner, wakes: Vec::new() }
    }

    pub(crate) fn conn(&mut self) -> Conn<'_> {
        match &mut self.inner {
            Inner::Sqlite(tx) => Conn::Sqlite(tx),
            Inner::Postgres(tx, _) => Conn::Postgres(tx),
        }
    }

    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    #[must_use]
    pub fn now(&self) -> Micros {
        self.store.now()
    }

    /// How many rows it touched.
    ///
    /// # Errors
    /// When the database is away or refuses the statement. PostgreSQL takes no further statement in this transaction then.
    pub async fn execute(&mut self, sql: impl AsRef<str>, args: Vec<Arg>) -> Result<u64> {
        let store = self.store.clone();
        let result = store.patiently(self.conn().execute(sql.as_ref().to_owned(), args)).await;
        store.note(result)
    }

    /// What goes behind a `SELECT` whose rows this transaction is about to change: nothing on SQLite, where it has the
    /// whole database.
    #[must_use]
    pub fn lock_clause(&self, lock: Lock) -> &'static str {
        match (self.store.backend(), lock) {
            (Backend::Sqlite, _) => "",
            (Backend::Postgres, Lock::Wait) => " FOR UPDATE",
            (Backend::Postgres, Lock::Skip) => " FOR UPDATE SKIP LOCKED",
        }
    }

    /// Wakes who listens, here and on other servers, once this is committed.
    pub fn wake(&mut self, topic: Topic) {
        if !self.wakes.contains(&topic) {
            self.wakes.push(topic);
        }
    }

    /// # Errors
    /// When it could not be committed, or nobody knows: a database that went away in the middle may have committed it.
    pub async fn commit(mut self) -> Result<()> {
        #[cfg(feature = "testing")]
        crate::testing::commit_point();
        if self.store.backend() == Backend::Postgres && !self.wakes.is_empty() {
            let payload = self.store.wakes().payload(&self.wakes);
            self.execute("SELECT pg_notify('trunkline', $1)", vec![payload.into()]).await?;
        }
        let inner = self.inner;
        let committing = async {
            match inner {
                Inner::Sqlite(tx) => tx.commit().await?,
                Inner::Postgres(tx, _turn) => tx.commit().await?,
            }
            Ok(())
        };
        let result = self.store.patiently(committing).await;
        self.store.note(result)?;
        #[cfg(feature = "testing")]
        crate::testing::commit_point();
        for topic in self.wakes {
            self.store.wakes().wake(topic);
        }
        Ok(())
    }

    /// Undoes it now rather than when it is dropped.
    ///
    /// # Errors
    /// When the database is away; it is undone then as well.
    pub async fn rollback(self) -> Result<()> {
        match self.inner {
            Inner::Sqlite(tx) => tx.rollback().await?,
            Inner::Postgres(tx, _turn) => tx.rollback().await?,
        }
        Ok(())
    }
}

impl Query for Tx {
    fn now(&self) -> Micros {
        self.store.now()
    }

    async fn rows(&mut self, sql: impl AsRef<str> + Send, args: Vec<Arg>) -> Result<Vec<Row>> {
        let store = self.store.clone();
        let result = store.patiently(self.conn().rows(sql.as_ref().to_owned(), args)).await;
        store.note(result)
    }
}
