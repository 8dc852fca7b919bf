//! Listeners: connections in, requests to the router, an orderly end.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use registry::Tls;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How long requests may go on after the server was asked to stop. Long polls end at once, by their own means.
const PARTING: Duration = Duration::from_secs(30);
/// How long a client may take for its headers, and for the handshake.
const PATIENCE: Duration = Duration::from_secs(60);

/// Answers requests until `stop`; then finishes those that are under way.
pub(crate) async fn serve(listeners: Vec<TcpListener>, tls: Option<Tls>, router: Router, stop: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let accepting = listeners.iter().map(|listener| accept(listener, tls.as_ref(), &router, &graceful, &stop));
    futures_util::future::join_all(accepting).await;
    drop(listeners);
    let _ = tokio::time::timeout(PARTING, graceful.shutdown()).await;
}

async fn accept(
    listener: &TcpListener,
    tls: Option<&Tls>,
    router: &Router,
    graceful: &GracefulShutdown,
    stop: &CancellationToken,
) {
    loop {
        let (stream, from) = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) if is_of_connection(&error) => continue,
                Err(_) => {
                    // Out of files, most likely: connections that end make room.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let _ = stream.set_nodelay(true);
        let watcher = graceful.watcher();
        let router = router.clone();
        let tls = tls.cloned();
        tokio::spawn(async move {
            match tls {
                None => connection(stream, from, router, watcher).await,
                Some(tls) => {
                    if let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, tls.accept(stream)).await {
                        connection(stream, from, router, watcher).await;
                    }
                }
            }
        });
    }
}

async fn connection<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static>(
    stream: S,
    from: SocketAddr,
    router: Router,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(from));
        service.call(request)
    });
    // A client that goes away is no event.
    let _ = watcher.watch(http.serve_connection(TokioIo::new(stream), service)).await;
}

fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
