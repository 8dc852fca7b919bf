//! One job with its sandbox, services and a repository.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use actions::native::{
    Images, NativeCall, NativeOutcome, NativePlace, NativePost, Registries, SharedSnapshot, run, run_post,
};
use git::{RepoName, Repository, SnapshotStore, Sources};
use indexmap::IndexMap;
use sandbox::{FreshDir, Launcher, LauncherConfig, Mode, Placement, SandboxSpec};
use services::{JobIdentity, Services, ServicesConfig};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::fixture::git_in;

pub(crate) struct Job {
    pub(crate) place: NativePlace,
    pub(crate) env: IndexMap<String, String>,
    pub(crate) log: Arc<Mutex<Vec<String>>>,
    pub(crate) own: PathBuf,
    _launcher: Arc<Launcher>,
    pub(crate) dir: TempDir,
}

/// Runs a test in an isolated job and in one on the host.
pub(crate) fn in_both<F: Future<Output = ()>>(test: impl Fn(Job) -> F) {
    for placement in [Placement::Isolated, Placement::Host] {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let job = Job::new(placement).await;
            if placement == Placement::Isolated && job.place.sandbox.isolation().mode == Mode::Host {
                println!("skipped: {}", job.place.sandbox.isolation().missing.join("; "));
                return;
            }
            test(job).await;
        });
    }
}

impl Job {
    pub(crate) async fn new(placement: Placement) -> Job {
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path().join("own");
        std::fs::create_dir_all(&own).unwrap();
        git_in(&own, &["init", "-q", "-b", "main"]);
        std::fs::write(own.join("tracked.txt"), "committed\n").unwrap();
        std::fs::create_dir(own.join("src")).unwrap();
        std::fs::write(own.join("src/lib.rs"), "// lib\n").unwrap();
        git_in(&own, &["add", "-A"]);
        git_in(&own, &["commit", "-q", "-m", "first"]);
        let sha = git_in(&own, &["rev-parse", "HEAD"]);

        let store_dir = dir.path().join("store");
        let snapshots = Arc::new(SnapshotStore::open(&store_dir).unwrap());
        let mut config = LauncherConfig::new(dir.path().join("state"));
        config.snapshot_root = Some(store_dir.clone());
        let launcher = Arc::new(Launcher::start(config).unwrap());
        let mut spec = SandboxSpec::new("job", dir.path().join("job"));
        spec.placement = placement;
        spec.dirs = vec![FreshDir { path: "/home/runner".into() }, FreshDir { path: "/opt/hostedtoolcache".into() }];
        let sandbox = launcher.sandbox(spec).await.unwrap();
        let inside = |path: &str| sandbox.inside_path(Path::new(path));
        let workspace = inside("/home/runner/work/repo/repo");
        let temp = inside("/home/runner/work/_temp");
        let home = inside("/home/runner");
        for path in [&workspace, &temp] {
            std::fs::create_dir_all(sandbox.host_path(path)).unwrap();
        }
        let services = Services::start(ServicesConfig::new(dir.path().join("data"), dir.path().join("run"))).unwrap();
        let repository = Arc::new(Repository::open(&own).unwrap());
        let identity = JobIdentity {
            run_id: "77".into(),
            attempt: 1,
            job_id: "build".into(),
            repository: "octo/repo".into(),
            git_ref: "refs/heads/main".into(),
            default_branch: "main".into(),
            sha,
            event_name: "push".into(),
            cache_write: true,
            ..JobIdentity::default()
        };
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let env = IndexMap::from([
            ("PATH".to_owned(), std::env::var("PATH").unwrap()),
            ("HOME".to_owned(), text(&home)),
            ("GITHUB_WORKSPACE".to_owned(), text(&workspace)),
            ("GITHUB_REPOSITORY".to_owned(), "octo/repo".to_owned()),
            ("GITHUB_SERVER_URL".to_owned(), "https://github.com".to_owned()),
            ("GITHUB_RUN_ID".to_owned(), "77".to_owned()),
            ("GITHUB_REF".to_owned(), "refs/heads/main".to_owned()),
            ("RUNNER_TEMP".to_owned(), text(&temp)),
            ("GIT_CONFIG_GLOBAL".to_owned(), "/dev/null".to_owned()),
        ]);
        let place = NativePlace {
            workspace_is_shared: false,
            tool_cache: inside("/opt/hostedtoolcache"),
            home,
            workspace,
            temp,
            services: Arc::new(services),
            identity,
            repository: Arc::clone(&repository),
            repository_name: RepoName::parse("octo/repo").unwrap(),
            remote_url: "https://github.com/octo/repo".to_owned(),
            sources: Arc::new(Sources {
                entries: Vec::new(),
                cache_dir: store_dir,
                offline: true,
                server_url: "https://github.com".to_owned(),
                token: None,
                ..Sources::default()
            }),
            snapshot: Arc::new(SharedSnapshot::new(repository, Arc::clone(&snapshots), None)),
            snapshots,
            images: Arc::new(Images::new(
                dir.path().join("images"),
                Arc::clone(&launcher),
                dir.path().join("builder"),
                Registries::new(image::client::Routes::default()),
            )),
            sandbox,
        };
        Job { place, env, log: Arc::default(), own, _launcher: launcher, dir }
    }

    fn call(&self, name: &str, inputs: IndexMap<String, String>) -> NativeCall {
        let log = Arc::clone(&self.log);
        NativeCall {
            name: name.to_owned(),
            reference: if name == "golangci-lint" { "v9".to_owned() } else { "v4".to_owned() },
            inputs,
            env: self.env.clone(),
            place: self.place.clone(),
            cancel: CancellationToken::new(),
            log: Arc::new(move |line| log.lock().unwrap().push(line.to_owned())),
        }
    }

    pub(crate) async fn run(&self, name: &str, inputs: &[(&str, &str)]) -> NativeOutcome {
        self.run_until(name, inputs, &CancellationToken::new()).await
    }

    pub(crate) async fn run_until(
        &self,
        name: &str,
        inputs: &[(&str, &str)],
        cancel: &CancellationToken,
    ) -> NativeOutcome {
        let inputs = inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut call = self.call(name, inputs);
        call.cancel = cancel.clone();
        run(call).await
    }

    /// Runs an action that must not fail.
    pub(crate) async fn good(&self, name: &str, inputs: &[(&str, &str)]) -> NativeOutcome {
        let outcome = self.run(name, inputs).await;
        assert_eq!(outcome.failure, None, "{name} {inputs:?}: {}", self.said());
        outcome
    }

    pub(crate) async fn post(&self, post: NativePost) -> NativeOutcome {
        let inputs = post.inputs.clone();
        run_post(post.clone(), self.call(&post.name, inputs)).await
    }

    pub(crate) fn said(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    pub(crate) fn host(&self, inside: impl AsRef<Path>) -> PathBuf {
        self.place.sandbox.host_path(inside.as_ref())
    }

    /// A file of the workspace.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let host = self.host(self.place.workspace.join(path));
        std::fs::create_dir_all(host.parent().unwrap()).unwrap();
        std::fs::write(host, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        let host = self.host(self.place.workspace.join(path));
        std::fs::read_to_string(&host).unwrap_or_else(|error| panic!("{path}: {error}: {}", self.said()))
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.host(self.place.workspace.join(path)).symlink_metadata().is_ok()
    }
}

pub(crate) fn output<'a>(outcome: &'a NativeOutcome, name: &str) -> Option<&'a str> {
    outcome.outputs.get(name).map(String::as_str)
}
