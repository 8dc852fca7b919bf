//! Log lines that come in while fifty people read them.

use std::io::BufRead as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::super::Asked;
use super::super::table::Row;
use super::site::{RUNNER, Site};

const FOLLOWERS: usize = 50;
/// As large as the protocol lets one be.
const PIECE: usize = 1 << 20;
const PIECES: usize = 100;

pub(super) fn measure(site: &mut Site, _: &Asked<'_>) -> Result<Vec<Row>, String> {
    let server = site.serve(0)?;
    let workflow = "on: push\njobs:\n  loud:\n    runs-on: ubuntu-latest\n    steps: [{ run: 'true' }]\n";
    let mut runner = site.runner(&server, "loud")?;
    let tree = site.commit("loud", workflow)?;
    site.push(&server, &tree)?;
    let job = runner.ask("POST", &format!("{RUNNER}/claim?wait=30"), br#"{"free":1}"#)?;
    if job.status != 200 {
        return Err(format!("claim: {} {}", job.status, job.text()));
    }
    let value = |name: &str| job.value(name).unwrap_or_default();
    let (id, fence, run) = (value("id"), value("fence"), value("run_id"));
    let page = format!("/ann/loud/runs/{run}/jobs/{id}/lines");
    let seen: Arc<Vec<AtomicUsize>> = Arc::new((0..FOLLOWERS).map(|_| AtomicUsize::new(0)).collect());
    for follower in 0..FOLLOWERS {
        let mut reader = site.client(&server).follow(&page)?;
        let seen = seen.clone();
        std::thread::spawn(move || {
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                // Each line of the log says its number once.
                let found = line.windows(6).filter(|window| *window == b"number").count();
                seen[follower].fetch_add(found, Ordering::Relaxed);
                line.clear();
            }
        });
    }
    let mut stream = b"TLI1\x01".to_vec();
    let mut lines = 0;
    while stream.len() < PIECE * PIECES {
        lines += 1;
        let text = format!(
            "number {lines:08} of a log that is as long as that of a build often is, with paths/and/words.rs\n"
        );
        // Step 1, standard output: 1 * 8; no time passed; the text's length is below 128.
        stream.extend([8, 0, u8::try_from(text.len()).unwrap_or(127)]);
        stream.extend(text.as_bytes());
    }
    let begun = Instant::now();
    for (index, piece) in stream.chunks(PIECE).enumerate() {
        let path = format!("{RUNNER}/jobs/{id}/{fence}/log?offset={}", index * PIECE);
        let answer = runner.ask("PUT", &path, piece)?;
        if answer.status != 200 {
            return Err(format!("log: {} {}", answer.status, answer.text()));
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let finish =
        format!(r#"{{"events":0,"log":{},"outcome":{{"type":"executed","conclusion":"success"}}}}"#, stream.len());
    let answer = runner.ask("POST", &format!("{RUNNER}/jobs/{id}/{fence}/finish"), finish.as_bytes())?;
    if answer.status != 204 {
        return Err(format!("finish: {} {}", answer.status, answer.text()));
    }
    // Readers may be behind; none may miss a line.
    let patience = Instant::now() + Duration::from_secs(120);
    let behind = || seen.iter().filter(|count| count.load(Ordering::Relaxed) < lines).count();
    while behind() > 0 && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(100));
    }
    let caught_up = begun.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "bytes of a log")]
    let rate = stream.len() as f64 / seconds / 1e6;
    #[expect(clippy::cast_precision_loss, reason = "fifty")]
    let lost = behind() as f64;
    let name = site.name;
    Ok(vec![
        Row {
            target: ">= 50.0 (aim)".to_owned(),
            passed: Some(rate >= 50.0),
            ..Row::beside(format!("{name}: log lines in, {FOLLOWERS} live readers"), rate, "MB/s")
        },
        Row::at_most(format!("{name}: readers that miss a line"), None, lost, "", 0.0, "aim"),
        Row::beside(format!("{name}: until the last reader has all"), caught_up, "s"),
    ])
}
