//! The database as a whole.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection as _, Executor};

use tokio::sync::Semaphore;

use crate::clock::Jump;
use crate::health::Watch;
use crate::query::{Query as _, Reader};
use crate::tx::{Inner as TxInner, Tx};
use crate::wake::Wakes;
use crate::{Clock, Error, Health, Listener, Micros, Result, Topic, args, migrate};

/// How long a statement waits for a connection before the database counts as away.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long PostgreSQL may take for one statement before it counts as away: it may stand still and keep its connections.
const LONGEST_STATEMENT: Duration = Duration::from_secs(30);
/// How long SQLite's one writer may be waited for: everybody's transactions queue for it.
const WRITER_PATIENCE: Duration = Duration::from_secs(30);
/// How long a database that others open as well is tried again when it is opened, and the pause between two attempts.
const FIRST_PATIENCE: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// An answer that took longer does not tell the time well enough, in microseconds.
const EXACT: Micros = 500_000;
/// Statements kept prepared on each connection.
const STATEMENTS: usize = 500;
/// Connections of one server to PostgreSQL: for transactions, and for single statements that read. Who has a transaction may
/// read beside it; readers wait for nobody, so the two never wait for each other.
const TRANSACTIONS: u32 = 12;
const READERS: u32 = 8;

/// A database with its wake-ups and its clock. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pool: Pool,
    wakes: Wakes,
    clock: Clock,
    health: Watch,
    /// Listens for other servers' notifications.
    ear: Option<tokio::task::AbortHandle>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(ear) = &self.ear {
            ear.abort();
        }
    }
}

#[derive(Debug)]
pub(crate) enum Pool {
    /// One connection writes, the others read.
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres {
        transactions: PgPool,
        readers: PgPool,
        /// Taken in turn before a connection is asked for: a queue is no sign that the database is away.
        turns: Arc<Semaphore>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

impl Store {
    /// Opens the database and brings it to this version. `address` is a path, `sqlite://PATH` or `postgres://…`.
    ///
    /// # Errors
    /// When it cannot be reached, a newer Trunkline made it, or a migration fails.
    pub async fn open(address: &str) -> Result<Self> {
        Self::open_with(address, Clock::system()).await
    }

    /// As [`Store::open`], with a clock of one's own.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_with(address: &str, clock: Clock) -> Result<Self> {
        let wakes = Wakes::new();
        let (pool, ear) = if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            let options = postgres_options(address)?;
            reach(&options).await?;
            let (transactions, readers) = (postgres(&options, TRANSACTIONS), postgres(&options, READERS));
            // A connection of its own: it is never given back.
            let ear = tokio::spawn(listen(postgres(&options, 1), wakes.clone())).abort_handle();
            let turns = Arc::new(Semaphore::new(TRANSACTIONS as usize));
            (Pool::Postgres { transactions, readers, turns }, Some(ear))
        } else {
            (sqlite(Path::new(address.strip_prefix("sqlite://").unwrap_or(address)))?, None)
        };
        let store = Self(Arc::new(Inner { pool, wakes, clock, health: Watch::new(), ear }));
        let until = Instant::now() + FIRST_PATIENCE;
        loop {
            match store.prepare().await {
                Ok(()) => return Ok(store),
                // Who makes a file of SQLite's a log does not wait for others who do: `busy_timeout` is for statements.
                Err(Error::Conflict { .. }) if Instant::now() < until => tokio::time::sleep(FIRST_PAUSE).await,
                Err(error) => return Err(error),
            }
        }
    }

    async fn prepare(&self) -> Result<()> {
        if let Some(time) = self.time_of_database().await? {
            self.0.clock.begin_at(time);
        }
        migrate::run(self).await
    }

    #[must_use]
    pub fn backend(&self) -> Backend {
        match self.0.pool {
            Pool::Sqlite { .. } => Backend::Sqlite,
            Pool::Postgres { .. } => Backend::Postgres,
        }
    }

    /// For reading outside of a transaction.
    #[must_use]
    pub fn read(&self) -> Reader {
        Reader { store: self.clone() }
    }

    /// # Errors
    /// When the database is away.
    pub async fn begin(&self) -> Result<Tx> {
        let begun = match &self.0.pool {
            Pool::Sqlite { writer, .. } => {
                writer.begin_with("BEGIN IMMEDIATE").await.map(TxInner::Sqlite).map_err(Into::into)
            }
            Pool::Postgres { transactions, turns, .. } => {
                match tokio::time::timeout(WRITER_PATIENCE, turns.clone().acquire_owned()).await {
                    Ok(Ok(turn)) => {
                        let begun = self.patiently(async { Ok(transactions.begin().await?) }).await;
                        begun.map(|tx| TxInner::Postgres(tx, turn))
                    }
                    Ok(Err(_)) | Err(_) => {
                        let message = "too many transactions wait".to_owned();
                        Err(Error::Conflict { message })
                    }
                }
            }
        };
        let inner = self.note(begun)?;
        Ok(Tx::new(self.clone(), inner))
    }

    /// Wakes who listens to a topic in this process and, a moment later, on other servers. Within a transaction
    /// [`Tx::wake`] does it when that is committed.
    pub fn wake(&self, topic: Topic) {
        self.0.wakes.wake(topic);
        if let Pool::Postgres { readers, .. } = &self.0.pool {
            let (pool, payload) = (readers.clone(), self.0.wakes.payload(&[topic]));
            tokio::spawn(async move {
                // A hint that is lost is made up for by the slow poll of who waits for it.
                let _ = sqlx::query("SELECT pg_notify('trunkline', $1)").bind(payload).execute(&pool).await;
            });
        }
    }

    #[must_use]
    pub fn listen(&self, topic: Topic) -> Listener {
        self.0.wakes.listen(topic)
    }

    #[must_use]
    pub fn now(&self) -> Micros {
        self.0.clock.now()
    }

    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Follows the clock that times are taken from; how far it has jumped, until that was made up for.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn settle_clock(&self) -> Result<Option<Jump>> {
        if self.backend() == Backend::Sqlite || self.0.clock.is_by_hand() {
            return Ok(self.0.clock.settle());
        }
        Ok(match self.time_of_database().await? {
            Some(time) => self.0.clock.settle_at(time),
            None => self.0.clock.owed(),
        })
    }

    /// PostgreSQL's time; `None` where that is not what counts, or the answer took too long to tell the time.
    async fn time_of_database(&self) -> Result<Option<Micros>> {
        if self.backend() == Backend::Sqlite || self.0.clock.is_by_hand() {
            return Ok(None);
        }
        let asked = std::time::Instant::now();
        let sql = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)";
        let time: Micros = self.read().fetch_one(sql, args![]).await?;
        let took = Micros::try_from(asked.elapsed().as_micros()).unwrap_or(Micros::MAX);
        Ok((took <= EXACT).then_some(time.saturating_add(took / 2)))
    }

    /// Whether the database answered last time it was asked.
    #[must_use]
    pub fn health(&self) -> Health {
        self.0.health.get()
    }

    /// Ends all connections, waiting for those in use.
    pub async fn close(&self) {
        match &self.0.pool {
            Pool::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pool::Postgres { transactions, readers, .. } => {
                readers.close().await;
                transactions.close().await;
            }
        }
    }

    /// Writes SQLite's database, as it is at one moment, to a new file. Nobody waits for it.
    ///
    /// # Errors
    /// When the file is there already or cannot be written, or the database is PostgreSQL, which has tools of its own.
    pub async fn copy_to(&self, file: &Path) -> Result<()> {
        let Pool::Sqlite { writer, .. } = &self.0.pool else {
            return Err(Error::Statement { message: "PostgreSQL is copied with pg_dump".to_owned() });
        };
        // A connection of its own: the one that writes goes on writing.
        let mut connection = (*writer.connect_options()).clone().connect().await?;
        let sql = format!("VACUUM INTO '{}'", file.display().to_string().replace('\'', "''"));
        connection.execute(sqlx::AssertSqlSafe(sql)).await?;
        Ok(())
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.0.pool
    }

    pub(crate) fn wakes(&self) -> &Wakes {
        &self.0.wakes
    }

    /// A statement's answer, if it comes in time. SQLite is a file: it answers or fails.
    pub(crate) async fn patiently<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        match &self.0.pool {
            Pool::Sqlite { .. } => work.await,
            Pool::Postgres { .. } => tokio::time::timeout(LONGEST_STATEMENT, work).await.unwrap_or_else(|_| {
                let message = format!("it has not answered for {} seconds", LONGEST_STATEMENT.as_secs());
                Err(Error::Unavailable { message })
            }),
        }
    }

    pub(crate) fn note<T>(&self, result: Result<T>) -> Result<T> {
        self.0.health.note(self.now(), result)
    }
}

fn sqlite(path: &Path) -> Result<Pool> {
    if path.as_os_str().is_empty() || path.to_string_lossy().contains("://") {
        return Err(Error::Address { address: path.to_string_lossy().into_owned() });
    }
    // An acknowledged commit survives a power cut: `synchronous=FULL`.
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(10))
        .foreign_keys(true)
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging();
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(WRITER_PATIENCE)
        .after_release(|connection, _| {
            Box::pin(async move {
                if !connection.is_in_transaction() {
                    return Ok(true);
                }
                // The transaction is about to be undone. Where SQLite has done that by itself, as when its disk is full, the
                // connection never learns of it, and would begin no other one: it is closed then.
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_lazy_with(options.clone());
    let readers = SqlitePoolOptions::new()
        .max_connections(4)
        .acquire_timeout(WRITER_PATIENCE)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_lazy_with(options.pragma("query_only", "true"));
    Ok(Pool::Sqlite { writer, readers })
}

fn postgres_options(address: &str) -> Result<PgConnectOptions> {
    Ok(PgConnectOptions::from_str(address)
        // Without the password that may stand in it.
        .map_err(|_| Error::Address { address: "postgres://…".to_owned() })?
        .application_name("trunkline")
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging())
}

/// Waits for the server to come, for a while: it may be starting at the same time. When it does not, its own words are told,
/// which a pool keeps to itself.
async fn reach(options: &PgConnectOptions) -> Result<()> {
    let began = tokio::time::Instant::now();
    loop {
        let error = match tokio::time::timeout(PATIENCE, sqlx::PgConnection::connect_with(options)).await {
            Ok(Ok(conn)) => {
                conn.close().await?;
                return Ok(());
            }
            Ok(Err(error)) => error,
            Err(_) => sqlx::Error::PoolTimedOut,
        };
        // `cannot_connect_now`: it starts or stops.
        let starts = error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("57P03"));
        let refused = error.as_database_error().is_some() && !starts;
        if refused || began.elapsed() >= PATIENCE {
            let place = format!("{}:{}", options.get_host(), options.get_port());
            return Err(Error::Unavailable { message: format!("{place}: {error}") });
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

fn postgres(options: &PgConnectOptions, connections: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .after_connect(|conn, _| {
            Box::pin(async move {
                conn.execute("SET default_transaction_isolation = 'read committed'").await?;
                // A transaction of a server that stands still must not hold the others up for ever, nor those who wait for it.
                conn.execute("SET idle_in_transaction_session_timeout = '60s'; SET lock_timeout = '25s'")
                    .await
                    .map(drop)
            })
        })
        .connect_lazy_with(options.clone())
}

/// Hands other servers' notifications on for as long as the process lives.
async fn listen(pool: PgPool, wakes: Wakes) {
    let mut pause = Duration::from_millis(100);
    loop {
        if let Ok(mut listener) = PgListener::connect_with(&pool).await
            && listener.listen("trunkline").await.is_ok()
        {
            pause = Duration::from_millis(100);
            wakes.wake_all();
            // `None` is a connection that was lost: what was said meanwhile is lost with it.
            while let Ok(heard) = listener.try_recv().await {
                match heard {
                    Some(notification) => wakes.notified(notification.payload()),
                    None => wakes.wake_all(),
                }
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}
