//! The services as one value: started with a run, asked for each job's environment.

mod shared;

pub(crate) use shared::{Job, Pending, PendingKind, Shared};

use crate::{ArtifactStore, CacheStore, Error, JobEnvironment, JobIdentity, Result, ServicesConfig};
use serde_json::json;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use tokio::sync::oneshot;

/// Seconds a job's tokens could last; in truth they end with [`Services::end_job`].
const TOKEN_LIFETIME: i64 = 7 * 24 * 3600;

/// Artifacts, caches and identity tokens for the jobs of a run. Stops listening when dropped.
#[derive(Debug)]
pub struct Services {
    shared: Arc<Shared>,
    server: Option<Server>,
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

    /// Services that listen nowhere: whoever holds them serves [`Services::router`] at the root of `url`
    /// (no path: clients drop it).
    ///
    /// # Errors
    /// No random numbers to be had.
    pub fn embedded(config: ServicesConfig, url: &str) -> Result<Services> {
        let shared = Shared::new(config, url.trim_end_matches('/'))?;
        Ok(Services { shared: Arc::new(shared), server: None })
    }

    /// All endpoints, for the root of a host and port.
    pub fn router(&self) -> axum::Router {
        crate::http::router(Arc::clone(&self.shared))
    }

    /// Where the services are, with a closing slash.
    pub fn url(&self) -> String {
        format!("{}/", self.shared.url)
    }

    /// The run's artifacts; shared with what jobs do over HTTP.
    pub fn artifacts(&self) -> &ArtifactStore {
        &self.shared.artifacts
    }

    /// The machine's caches; shared with what jobs do over HTTP.
    pub fn caches(&self) -> &CacheStore {
        &self.shared.caches
    }

    /// Admits a job and gives it its tokens. Admitted again, the earlier tokens end.
    pub fn job_environment(&self, identity: &JobIdentity) -> JobEnvironment {
        let shared = &self.shared;
        let job = Arc::new(Job::new(identity));
        let now = shared.now();
        let token = |use_: &str, more: serde_json::Value| {
            let mut claims = json!({
                "iss": shared.issuer(), "iat": now, "nbf": now, "exp": now + TOKEN_LIFETIME,
                "use": use_, "job": job.backend_id, "nonce": job.nonce,
            });
            if let (Some(claims), serde_json::Value::Object(more)) = (claims.as_object_mut(), more) {
                claims.extend(more);
            }
            shared.signer.jwt(&claims)
        };
        // 1 reads, 2 writes, as the cache clients of image builders understand it.
        let access = job.scopes.read.iter().map(|scope| {
            let permission = if job.scopes.write.as_ref() == Some(scope) { 3 } else { 1 };
            json!({"Scope": scope, "Permission": permission})
        });
        let access = serde_json::Value::Array(access.collect()).to_string();
        let scope = format!("Actions.Results:{}:{}", job.run_backend_id, job.backend_id);
        let runtime_token = token("runtime", json!({"scp": scope, "ac": access}));
        let url = self.url();
        let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut environment = JobEnvironment {
            action_env: vec![
                variable("ACTIONS_RUNTIME_URL", &url),
                variable("ACTIONS_RUNTIME_TOKEN", &runtime_token),
                variable("ACTIONS_RESULTS_URL", &url),
                variable("ACTIONS_CACHE_URL", &url),
                variable("ACTIONS_CACHE_SERVICE_V2", "True"),
                variable("ACTIONS_CACHE_MODE", if identity.cache_write { "write" } else { "read" }),
                variable("ACTIONS_ORCHESTRATION_ID", &format!("{}.{}", job.run_backend_id, job.backend_id)),
            ],
            run_env: Vec::new(),
            secrets_to_mask: vec![signature(&runtime_token)],
        };
        if identity.id_token {
            let request_token = token("id-token", json!({}));
            // The client appends `&audience=`, so there must be a query already.
            environment.run_env = vec![
                variable("ACTIONS_ID_TOKEN_REQUEST_URL", &format!("{url}oidc/token?api-version=2.0")),
                variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN", &request_token),
            ];
            environment.action_env.extend(environment.run_env.iter().cloned());
            environment.secrets_to_mask.push(signature(&request_token));
        }
        shared.admit(job);
        environment
    }

    /// Ends a job, by its leg id: its tokens stop working, what it had begun to upload is dropped.
    pub fn end_job(&self, job_id: &str) {
        self.shared.end(job_id);
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

/// The part of a token that makes it one. Header and claims are no secret, and searching every line of output for them
/// as well, in every encoding, costs far more than it hides.
fn signature(token: &str) -> String {
    token.rsplit('.').next().unwrap_or(token).to_owned()
}
