//! Listeners: connections in, requests to the router, an orderly end.

mod bounds;
mod patience;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use registry::Tls;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub(crate) use bounds::Bounds;
pub(crate) use patience::Patience;
use patience::{PatientBody, PatientStream};

/// How long requests may go on after the server was asked to stop. Long polls end at once, by their own means.
const PARTING: Duration = Duration::from_secs(30);
/// How often an administrator is told that connections are turned away.
const TELLING: Duration = Duration::from_secs(60);

/// What answers, and for whom.
pub(crate) struct Listen {
    pub(crate) router: Router,
    pub(crate) tls: Option<Tls>,
    pub(crate) bounds: Arc<Bounds>,
    pub(crate) patience: Patience,
    /// Told when connections are turned away.
    pub(crate) tell: Box<dyn Fn(String) + Send + Sync>,
}

impl Listen {
    /// Answers requests until `stop`; then finishes those that are under way.
    pub(crate) async fn serve(self, listeners: Vec<TcpListener>, stop: CancellationToken) {
        let graceful = GracefulShutdown::new();
        let accepting = listeners.iter().map(|listener| self.accept(listener, &graceful, &stop));
        futures_util::future::join_all(accepting).await;
        drop(listeners);
        let _ = tokio::time::timeout(PARTING, graceful.shutdown()).await;
    }

    async fn accept(&self, listener: &TcpListener, graceful: &GracefulShutdown, stop: &CancellationToken) {
        let mut told: Option<Instant> = None;
        let mut tell = |message: String| {
            if told.is_none_or(|at| at.elapsed() >= TELLING) {
                told = Some(Instant::now());
                (self.tell)(message);
            }
        };
        loop {
            let (stream, from) = tokio::select! {
                () = stop.cancelled() => return,
                accepted = listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) if is_of_connection(&error) => continue,
                    Err(error) => {
                        // Out of files, most likely: connections that end make room.
                        tell(format!("no connection can be taken: {error}"));
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
            };
            let Some(admitted) = self.bounds.admit(from.ip()) else {
                tell(format!("there are too many connections; one from {} was turned away", from.ip()));
                continue;
            };
            let _ = stream.set_nodelay(true);
            let (watcher, router, tls, patience) =
                (graceful.watcher(), self.router.clone(), self.tls.clone(), self.patience);
            tokio::spawn(async move {
                let _admitted = admitted;
                match tls {
                    None => connection(stream, from, router, watcher, patience).await,
                    Some(tls) => {
                        if let Ok(Ok(stream)) = tokio::time::timeout(patience.head, tls.accept(stream)).await {
                            connection(stream, from, router, watcher, patience).await;
                        }
                    }
                }
            });
        }
    }
}

async fn connection<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static>(
    stream: S,
    from: SocketAddr,
    router: Router,
    watcher: Watcher,
    patience: Patience,
) {
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience.head);
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(from));
        service.call(request.map(|body| PatientBody::new(body, patience)))
    });
    // A client that goes away is no event.
    let stream = TokioIo::new(PatientStream::new(stream, patience));
    let _ = watcher.watch(http.serve_connection(stream, service)).await;
}

fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
