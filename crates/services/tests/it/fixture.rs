//! A repository's services and a job in them.

use services::{Clock, JobEnvironment, JobIdentity, Services, ServicesConfig};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tempfile::TempDir;

pub(crate) struct Fixture {
    pub(crate) services: Services,
    pub(crate) dir: TempDir,
    pub(crate) now: TestClock,
}

/// Stands still until moved.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<AtomicI64>);

impl TestClock {
    pub(crate) fn new() -> TestClock {
        TestClock(Arc::new(AtomicI64::new(jiff::Timestamp::now().as_second())))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn clock(&self) -> Clock {
        let seconds = Arc::clone(&self.0);
        Clock::new(move || jiff::Timestamp::from_second(seconds.load(Ordering::SeqCst)).unwrap())
    }
}

impl Fixture {
    pub(crate) fn start() -> Fixture {
        Fixture::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut ServicesConfig)) -> Fixture {
        let dir = TempDir::new().unwrap();
        let now = TestClock::new();
        let mut config = ServicesConfig::new(dir.path().join("data"), dir.path().join("run"));
        config.clock = now.clock();
        change(&mut config);
        Fixture { services: Services::start(config).unwrap(), dir, now }
    }

    pub(crate) fn environment(&self, job: &JobIdentity) -> JobEnvironment {
        self.services.job_environment(job)
    }
}

/// A push to `main` by a job that may do everything.
pub(crate) fn job(job_id: &str) -> JobIdentity {
    JobIdentity {
        run_id: "77".into(),
        run_number: 3,
        attempt: 1,
        job_id: job_id.into(),
        workflow: "ci".into(),
        workflow_ref: "octo/repo/.github/workflows/ci.yml@refs/heads/main".into(),
        workflow_sha: "1".repeat(40),
        repository: "octo/repo".into(),
        git_ref: "refs/heads/main".into(),
        default_branch: "main".into(),
        sha: "2".repeat(40),
        actor: "mona".into(),
        actor_id: "9".into(),
        event_name: "push".into(),
        id_token: true,
        cache_write: true,
        ..JobIdentity::default()
    }
}

pub(crate) fn variable<'a>(environment: &'a JobEnvironment, name: &str) -> &'a str {
    let found = environment.action_env.iter().find(|(key, _)| key == name);
    found.map_or_else(|| panic!("{name} is not set"), |(_, value)| value.as_str())
}
