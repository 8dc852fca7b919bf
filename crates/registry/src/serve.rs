use std::future::Future;
use std::io;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

use crate::outlet::{Direct, Outlet};
use crate::{Registry, Tls};

/// How long requests may go on after the registry was asked to stop.
const PARTING: Duration = Duration::from_secs(30);

impl Registry {
    /// Answers requests on a listener until `stop` is ready; then finishes those that are under way.
    pub async fn serve(
        &self,
        listener: TcpListener,
        tls: Option<Tls>,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let router = self.router();
        let graceful = GracefulShutdown::new();
        let collecting = self.config().collection.every.filter(|_| !self.config().read_only).map(|every| {
            let registry = self.clone();
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(every).await;
                    let registry = registry.clone();
                    // What fails now is tried again next time; the metrics show that it did not happen.
                    let _ = tokio::task::spawn_blocking(move || registry.collect()).await;
                }
            })
        });
        tokio::pin!(stop);
        loop {
            let stream = tokio::select! {
                () = &mut stop => break,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) if is_of_connection(&error) => continue,
                    Err(_) => {
                        // Out of files, most likely: connections that end make room.
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
            };
            let _ = stream.set_nodelay(true);
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(60));
            match tls.clone() {
                None => {
                    // Without vectored writes, the library would copy what stands for files.
                    http.writev(true);
                    let outlet = Outlet::default();
                    let service = TowerToHyperService::new(router.clone());
                    let way_out = outlet.clone();
                    let service = service_fn(move |mut request: Request<Incoming>| {
                        request.extensions_mut().insert(way_out.clone());
                        service.call(request)
                    });
                    let connection = http.serve_connection(TokioIo::new(Direct::new(stream, outlet)), service);
                    let connection = graceful.watch(connection);
                    tokio::spawn(async move {
                        // A client that goes away is no event.
                        let _ = connection.await;
                    });
                }
                Some(tls) => {
                    let watcher = graceful.watcher();
                    let service = TowerToHyperService::new(router.clone());
                    tokio::spawn(async move {
                        let handshake = tokio::time::timeout(Duration::from_secs(30), tls.0.accept(stream));
                        if let Ok(Ok(stream)) = handshake.await {
                            let _ = watcher.watch(http.serve_connection(TokioIo::new(stream), service)).await;
                        }
                    });
                }
            }
        }
        drop(listener);
        if let Some(collecting) = collecting {
            collecting.abort();
        }
        let _ = tokio::time::timeout(PARTING, graceful.shutdown()).await;
        Ok(())
    }
}

fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
