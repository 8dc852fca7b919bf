use std::io::{self, Write as _};
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;

use clap::Args;
use registry::{Anonymous, RequestLine, Tls};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{PlaceArgs, Settings, failure};
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  trunkline registry serve                              for this machine, at 127.0.0.1:5000
  trunkline registry serve --listen 0.0.0.0:443 --certificate fullchain.pem --key privkey.pem
  trunkline registry user add ann                       from then on nobody gets in without a password

Push with any client: `trunkline image push 127.0.0.1:5000/app:1`, `docker push`, `skopeo copy`. Figures for Prometheus stand
at /metrics. Access rules, upstreams to cache and collection are set in trunkline.toml, under [registry.serve].";

#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// The address and port to listen on; port 0 takes a free one [default: 127.0.0.1:5000]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Refuse every change
    #[arg(long)]
    read_only: bool,
    /// A certificate with its chain, as PEM: serves HTTPS
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// The certificate's private key, as PEM
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// No line for each request
    #[arg(short, long)]
    quiet: bool,
}

pub(super) fn run(args: &ServeArgs) -> Result<(), Failure> {
    let mut settings = Settings::read(&args.place)?;
    settings.config.read_only |= args.read_only;
    let serve = &settings.file.registry.serve;
    let in_file = |path: &Option<PathBuf>| path.as_ref().map(|path| settings.base.join(path));
    let certificate = args.certificate.clone().or_else(|| in_file(&serve.certificate));
    let key = args.key.clone().or_else(|| in_file(&serve.key));
    let tls = match (certificate, key) {
        (Some(certificate), Some(key)) => Some(Tls::open(&certificate, &key).map_err(failure)?),
        (None, None) => None,
        _ => return Err(Failure::usage("HTTPS needs both a certificate and its key")),
    };
    let listen = args.listen.clone().or_else(|| serve.listen.clone());
    let address = resolve(listen.as_deref().unwrap_or("127.0.0.1:5000"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::broken)?;
    runtime.block_on(serve_until_stopped(&settings, address, tls, args.quiet))
}

fn resolve(text: &str) -> Result<SocketAddr, Failure> {
    let addresses = text.to_socket_addrs().map_err(|error| {
        Failure::usage(format!("`{text}` is no address to listen on: {error}"))
            .hint("expected HOST:PORT, such as 127.0.0.1:5000")
    });
    addresses?.next().ok_or_else(|| Failure::usage(format!("`{text}` has no address")))
}

async fn serve_until_stopped(
    settings: &Settings,
    address: SocketAddr,
    tls: Option<Tls>,
    quiet: bool,
) -> Result<(), Failure> {
    let mut registry = settings.open()?;
    if !quiet {
        registry = registry.with_log(log);
    }
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Failure::broken(format!("cannot listen on {address}: {error}"))
            .hint("choose another with --listen; port 0 takes a free one")
    })?;
    let address = listener.local_addr().map_err(Failure::broken)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "listening on {scheme}://{address}, images in {}", settings.config.root.display());
    let _ = out.flush();
    drop(out);
    let open = settings.config.access.anonymous == Anonymous::All && !settings.config.read_only;
    if open && !address.ip().is_loopback() {
        let warning = "warning: everybody who reaches this address may push and delete; `trunkline registry user add NAME` ends that";
        let _ = writeln!(io::stderr(), "{warning}");
    }
    let mut interrupted = signal(SignalKind::interrupt()).map_err(Failure::broken)?;
    let mut terminated = signal(SignalKind::terminate()).map_err(Failure::broken)?;
    let stop = async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
        let _ = writeln!(io::stderr(), "stopping: requests under way are finished first");
    };
    registry.serve(listener, tls, stop).await.map_err(Failure::broken)
}

/// One line for one request: time, what was wanted, what came of it.
fn log(line: &RequestLine) {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
    let user = if line.user.is_empty() { "-" } else { &line.user };
    let time = line.time.as_secs_f64() * 1000.0;
    let cause = line.cause.as_ref().map(|cause| format!("  {cause}")).unwrap_or_default();
    let text = format!("{now} {user} {} {} {} {time:.1} ms{cause}", line.method, line.path, line.status);
    // Names come from clients: nothing of them may reach the terminal as a command to it.
    let text: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    let _ = writeln!(io::stderr(), "{text}");
}
