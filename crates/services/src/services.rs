//! The services as one value: started with a run, asked for each job's environment.

mod directory;
mod shared;

use shared::Shared;

use crate::backend::Job;

use crate::remote::{Client, Remote};
use crate::{ArtifactStore, CacheStore, Error, JobEnvironment, JobIdentity, Result, ServicesConfig, admission};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use tokio::sync::oneshot;

/// Artifacts, caches and identity tokens for the jobs of a run. Stops listening when dropped.
#[derive(Debug)]
pub struct Services {
    place: Place,
    server: Option<Server>,
}

#[derive(Debug)]
enum Place {
    Own(Arc<Shared>),
    Server(Box<Access>),
}

/// What a runner has of a server's services, for one job.
#[derive(Debug)]
struct Access {
    /// With a closing slash.
    url: String,
    environment: JobEnvironment,
    artifacts: ArtifactStore,
    caches: CacheStore,
}

#[derive(Debug)]
struct Server {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Services {
    /// Listens on a free port of the loopback interface, in a thread of its own with a small runtime.
    /// Reads nothing and makes no key: that waits until a job asks.
    ///
    /// # Errors
    /// No port, thread or random numbers to be had.
    pub fn start(config: ServicesConfig) -> Result<Services> {
        let address = (Ipv4Addr::LOCALHOST, 0);
        let io = Error::io(Path::new("127.0.0.1"));
        let listener = TcpListener::bind(address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok((listener.local_addr()?.port(), listener))
        });
        let (port, listener) = listener.map_err(io)?;
        let mut services = Services::embedded(config, &format!("http://127.0.0.1:{port}"))?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_io().enable_time().max_blocking_threads(256).build();
        let runtime = runtime.map_err(Error::io(Path::new("services")))?;
        let (stop, stopped) = oneshot::channel();
        let router = services.router();
        let serve = move || {
            runtime.block_on(async {
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
                    return;
                };
                tokio::select! {
                    _ = axum::serve(listener, router).into_future() => {}
                    _ = stopped => {}
                }
            });
            // Reads and writes of clients that are gone by now need no end.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name("services".to_owned()).spawn(serve);
        let thread = thread.map_err(Error::io(Path::new("services")))?;
        services.server = Some(Server { stop: Some(stop), thread: Some(thread) });
        Ok(services)
    }

    fn embedded(config: ServicesConfig, url: &str) -> Result<Services> {
        let shared = Shared::new(config, url.trim_end_matches('/'))?;
        Ok(Services { place: Place::Own(Arc::new(shared)), server: None })
    }

    /// The services of a server, for one of its jobs: `environment` is what the server made for it. Content on its way lies
    /// below `dir`.
    ///
    /// # Errors
    /// An environment without a token.
    pub fn on_server(url: &str, environment: JobEnvironment, dir: &Path) -> Result<Services> {
        let client = Client::new(url, admission::runtime_token(&environment)?)?;
        let remote = Arc::new(Remote::new(client, dir.to_owned()));
        let access = Access {
            url: format!("{}/", url.trim_end_matches('/')),
            environment,
            artifacts: ArtifactStore::on_server(Arc::clone(&remote)),
            caches: CacheStore::on_server(remote),
        };
        Ok(Services { place: Place::Server(Box::new(access)), server: None })
    }

    /// All endpoints, for the root of a host and port.
    fn router(&self) -> axum::Router {
        match &self.place {
            Place::Own(shared) => crate::http::router(shared.clone()),
            Place::Server(_) => axum::Router::new(),
        }
    }

    /// Where the services are, with a closing slash.
    pub fn url(&self) -> String {
        match &self.place {
            Place::Own(shared) => format!("{}/", shared.edge.url),
            Place::Server(access) => access.url.clone(),
        }
    }

    /// The run's artifacts; shared with what jobs do over HTTP.
    pub fn artifacts(&self) -> &ArtifactStore {
        match &self.place {
            Place::Own(shared) => &shared.artifacts,
            Place::Server(access) => &access.artifacts,
        }
    }

    /// The machine's caches; shared with what jobs do over HTTP.
    pub fn caches(&self) -> &CacheStore {
        match &self.place {
            Place::Own(shared) => &shared.caches,
            Place::Server(access) => &access.caches,
        }
    }

    /// Tells what an action of ours did with a cache; what jobs do over HTTP is told where it is served.
    pub fn cache_news(&self, job: &JobIdentity, news: crate::CacheNews<'_>) {
        if let Place::Own(shared) = &self.place {
            shared.config.on_cache.hear(job, news);
        }
    }

    /// Admits a job and gives it its tokens. Admitted again, the earlier tokens end. A server's job has them already.
    pub fn job_environment(&self, identity: &JobIdentity) -> JobEnvironment {
        let shared = match &self.place {
            Place::Own(shared) => shared,
            Place::Server(access) => return access.environment.clone(),
        };
        let job = Arc::new(Job::new(identity));
        let more = serde_json::Value::Null;
        let environment = admission::environment(
            &shared.edge.signer,
            &shared.edge.url,
            &shared.edge.issuer,
            &job,
            &more,
            shared.edge.now(),
        );
        shared.admit(job);
        environment
    }

    /// Ends a job, by its leg id: its tokens stop working, what it had begun to upload is dropped.
    pub fn end_job(&self, job_id: &str) {
        if let Place::Own(shared) = &self.place {
            shared.end(job_id);
        }
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            drop(server.stop.take());
            if let Some(thread) = server.thread.take() {
                let _ = thread.join();
            }
        }
    }
}
