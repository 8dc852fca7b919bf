use identity::{Actor, Caller, Credentials, Identity, MasterKeys, NewAccount, RepoRef, Settings, Visibility};
use store::testing::Database;
use store::{Clock, Store};

/// An identity over a database of its own, with a clock that stands still.
pub(crate) struct Fixture {
    pub(crate) identity: Identity,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
}

/// 2026-11-30
const NOW: i64 = 1_796_000_000_000_000;
pub(crate) const PASSWORD: &str = "correct horse battery";

impl Fixture {
    pub(crate) async fn new(database: &Database) -> Self {
        Self::with(database, Settings::default()).await
    }

    pub(crate) async fn with(database: &Database, settings: Settings) -> Self {
        let clock = Clock::by_hand(NOW);
        let store = database.open_with(clock.clone()).await;
        let identity = Identity::start(store.clone(), MasterKeys::from_bytes([1; 32], &[]), settings).await.unwrap();
        Self { identity, store, clock }
    }

    pub(crate) async fn user(&self, login: &str) -> i64 {
        let account = NewAccount { login, password: Some(PASSWORD), ..NewAccount::default() };
        self.identity.create_user(Actor::server(), &account, false).await.unwrap()
    }

    /// The user by their password.
    pub(crate) async fn caller(&self, login: &str) -> Caller {
        let credentials = Credentials::Basic { user: login.into(), password: PASSWORD.into() };
        self.identity.authenticate(&credentials, "::1").await.unwrap()
    }

    pub(crate) async fn by_token(&self, text: &str) -> Result<Caller, identity::Error> {
        self.identity.authenticate(&Credentials::Token(text.to_owned()), "::1").await
    }

    /// Everything that SQL has, as text: what must not be found in it is looked for here.
    pub(crate) async fn dump(&self) -> String {
        use store::Query as _;
        let mut text = String::new();
        let mut query = self.store.read();
        for (table, column) in [
            ("users", "COALESCE(password, '')"),
            ("tokens", "hash || hint || name || scopes || permissions"),
            ("sessions", "hash || csrf"),
            ("job_tokens", "hash || permissions"),
            ("one_time_tokens", "hash"),
            ("runner_secrets", "hash"),
            ("settings", "value"),
            ("audit", "subject || details || actor"),
        ] {
            let rows: Vec<String> = query.fetch_all(format!("SELECT {column} FROM {table}"), vec![]).await.unwrap();
            text.push_str(&rows.join("\n"));
        }
        for (table, column) in [("secrets", "sealed"), ("box_keys", "sealed"), ("provider_logins", "sealed")] {
            let rows: Vec<Vec<u8>> = query.fetch_all(format!("SELECT {column} FROM {table}"), vec![]).await.unwrap();
            for row in rows {
                text.push_str(&String::from_utf8_lossy(&row));
            }
        }
        text
    }
}

pub(crate) fn repo(id: i64, owner_id: i64, visibility: Visibility) -> RepoRef {
    RepoRef { id, owner_id, visibility, archived: false }
}
