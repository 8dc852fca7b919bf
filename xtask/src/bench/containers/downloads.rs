use std::fs;
use std::path::Path;

use super::super::fresh;
use super::super::measure::{median, quiet, time};
use super::super::table::Row;
use super::tools::{Server, free_port};
use super::{Bench, layout};

const BYTES: usize = 256 << 20;

/// A blob from our registry beside the same file from nginx.
pub(super) fn download(bench: &Bench) -> Result<Vec<Row>, String> {
    let Some(curl) = bench.tool("curl", "downloads") else { return Ok(Vec::new()) };
    let directory = bench.place.join("download");
    fresh(&directory)?;
    let file = directory.join("file");
    fs::write(&file, layout::noise(3, BYTES)).map_err(|error| error.to_string())?;
    let digest = layout::hash(&file)?;

    let port = free_port()?;
    let root = directory.join("registry").to_string_lossy().into_owned();
    let words = ["registry", "serve", "--quiet", "--root", &root, "--listen", &format!("127.0.0.1:{port}")];
    let ours = Server::start(bench.trunkline(&words), port)?;
    let base = format!("http://127.0.0.1:{}/v2/bench/blobs", ours.port);
    let upload = [
        "--silent",
        "--fail",
        "--request",
        "POST",
        "--header",
        "Content-Type: application/octet-stream",
        "--header",
        "Expect:",
        "--data-binary",
        &format!("@{}", file.display()),
        &format!("{base}/uploads/?digest=sha256:{digest}"),
    ];
    time(&mut quiet(&curl, &upload, &directory))?;
    let ours_url = format!("{base}/sha256:{digest}");

    let nginx = match bench.tool("nginx", "downloads beside nginx") {
        Some(program) => Some(start_nginx(&program, &directory)?),
        None => None,
    };
    let nginx_url = nginx.as_ref().map(|nginx| format!("http://127.0.0.1:{}/file", nginx.port));
    let get = |url: &str| time(&mut quiet(&curl, &["--silent", "--fail", "--output", "/dev/null", url], &directory));
    get(&ours_url)?;
    let (mut ours_times, mut theirs_times) = (Vec::new(), Vec::new());
    // Quick ones, whose times vary much: more of them.
    for _ in 0..bench.rounds * 3 {
        ours_times.push(get(&ours_url)?);
        if let Some(url) = &nginx_url {
            theirs_times.push(get(url)?);
        }
    }
    let case = "download a blob of 256 MiB";
    Ok(vec![if theirs_times.is_empty() {
        Row::beside(case, median(&ours_times), "ms")
    } else {
        let theirs = median(&theirs_times);
        Row::at_most(case, Some(theirs), median(&ours_times), "ms", theirs / 0.8, "0.8 x the speed of nginx")
    }])
}

fn start_nginx(program: &Path, directory: &Path) -> Result<Server, String> {
    let port = free_port()?;
    let place = directory.display();
    let user = if fs::metadata("/proc/self").is_ok_and(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata) == 0) {
        "user root;"
    } else {
        ""
    };
    let config = format!(
        "{user} daemon off; master_process off; worker_processes 1; pid {place}/nginx.pid; error_log {place}/nginx.err;\n\
         events {{}}\nhttp {{ access_log off; sendfile on; tcp_nopush on; client_body_temp_path {place}/body;\n\
         proxy_temp_path {place}/proxy; fastcgi_temp_path {place}/fastcgi; uwsgi_temp_path {place}/uwsgi;\n\
         scgi_temp_path {place}/scgi; server {{ listen 127.0.0.1:{port}; root {place}; }} }}\n"
    );
    let path = directory.join("nginx.conf");
    fs::write(&path, config).map_err(|error| error.to_string())?;
    let words =
        ["-p", &directory.to_string_lossy(), "-c", &path.to_string_lossy(), "-e", &format!("{place}/nginx.err")];
    Server::start(quiet(program, &words, directory), port)
}
