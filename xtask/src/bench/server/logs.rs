//! Log lines that come in while fifty people read them.

use std::io::{BufReader, Read};
use std::time::Instant;

use flate2::read::GzDecoder;

use super::super::Asked;
use super::super::table::Row;
use super::http::Chunks;
use super::site::{RUNNER, Site};

const FOLLOWERS: usize = 50;
/// As large as the protocol lets one be.
const PIECE: usize = 1 << 20;
const PIECES: usize = 100;

/// Readers as browsers are, which take gzip; and readers that take everything as it is.
pub(super) fn measure(site: &mut Site, _: &Asked<'_>) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for gzip in [true, false] {
        rows.extend(with_readers(site, gzip)?);
    }
    Ok(rows)
}

fn with_readers(site: &mut Site, gzip: bool) -> Result<Vec<Row>, String> {
    let server = site.serve(0)?;
    let workflow = "on: push\njobs:\n  loud:\n    runs-on: ubuntu-latest\n    steps: [{ run: 'true' }]\n";
    let repository = if gzip { "loud" } else { "plain" };
    let mut runner = site.runner(&server, repository)?;
    let tree = site.commit(repository, workflow)?;
    site.push(&server, &tree)?;
    let job = runner.ask("POST", &format!("{RUNNER}/claim?wait=30"), br#"{"free":1}"#)?;
    if job.status != 200 {
        return Err(format!("claim: {} {}", job.status, job.text()));
    }
    let value = |name: &str| job.value(name).unwrap_or_default();
    let (id, fence, run) = (value("id"), value("fence"), value("run_id"));
    let page = format!("/ann/{repository}/runs/{run}/jobs/{id}/lines");
    let mut readers = Vec::new();
    for _ in 0..FOLLOWERS {
        let body = site.client(&server).follow(&page, gzip)?;
        readers.push(std::thread::spawn(move || read(body, gzip)));
    }
    let (stream, lines) = log();
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
    let resident = server.peak_mib();
    let (mut lost, mut caught_up) = (0, 0.0_f64);
    // Readers may be behind; none may miss a line, or get one twice.
    for reader in readers {
        let seen = reader.join().map_err(|_| "a reader broke")?;
        caught_up = caught_up.max((seen.ended - begun).as_secs_f64());
        lost += usize::from(seen.lines()? != lines);
    }
    #[expect(clippy::cast_precision_loss, reason = "bytes of a log")]
    let rate = stream.len() as f64 / seconds / 1e6;
    #[expect(clippy::cast_precision_loss, reason = "fifty")]
    let lost = lost as f64;
    let name = format!("{}, {FOLLOWERS} live readers{}", site.name, if gzip { "" } else { " without gzip" });
    let figure = if gzip {
        let target = ">= 50.0 (aim)".to_owned();
        Row { target, passed: Some(rate >= 50.0), ..Row::beside(format!("{name}: log lines in"), rate, "MB/s") }
    } else {
        Row::beside(format!("{name}: log lines in"), rate, "MB/s")
    };
    Ok(vec![
        figure,
        Row::at_most(format!("{name}: readers that miss a line"), None, lost, "", 0.0, "aim"),
        Row::beside(format!("{name}: until the last reader has all"), caught_up, "s"),
        Row::beside(format!("{name}: resident at most"), resident, "MiB"),
    ])
}

/// A stream as runners send it, and how many lines it has.
fn log() -> (Vec<u8>, usize) {
    let mut stream = b"TLI1".to_vec();
    // When the job began.
    stream.extend(1_796_000_000_000_000_i64.to_le_bytes());
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
    (stream, lines)
}

/// What one reader got, and when the last of it came.
struct Seen {
    ended: Instant,
    got: Got,
}

enum Got {
    /// Compressed: looked at when nothing is measured any more.
    Packed(Vec<u8>),
    Checked(Check),
}

fn read(mut body: BufReader<Chunks>, gzip: bool) -> Seen {
    let mut got = if gzip { Got::Packed(Vec::new()) } else { Got::Checked(Check::default()) };
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = body.read(&mut buffer) {
        match &mut got {
            Got::Packed(bytes) => bytes.extend(&buffer[..count]),
            Got::Checked(check) => check.feed(&buffer[..count]),
        }
    }
    Seen { ended: Instant::now(), got }
}

impl Seen {
    /// How many lines came, each once and in order; none if one did not.
    fn lines(self) -> Result<usize, String> {
        match self.got {
            Got::Checked(check) => Ok(check.lines()),
            Got::Packed(bytes) => {
                let (mut check, mut clear) = (Check::default(), GzDecoder::new(&*bytes));
                let mut buffer = vec![0; 1 << 16];
                loop {
                    match clear.read(&mut buffer).map_err(|error| format!("a reader's gzip: {error}"))? {
                        0 => return Ok(check.lines()),
                        count => check.feed(&buffer[..count]),
                    }
                }
            }
        }
    }
}

/// Looks for `number 00000001`, then for the next one.
#[derive(Default)]
struct Check {
    rest: Vec<u8>,
    lines: usize,
    wrong: bool,
}

impl Check {
    fn feed(&mut self, bytes: &[u8]) {
        const WORD: &[u8] = b"number ";
        const WHOLE: usize = WORD.len() + 8;
        self.rest.extend(bytes);
        let mut at = 0;
        while let Some(window) = self.rest.get(at..at + WHOLE) {
            if window[0] != b'n' || !window.starts_with(WORD) {
                at += 1;
                continue;
            }
            let number = window[WORD.len()..]
                .iter()
                .fold(0, |number, digit| number * 10 + usize::from(digit.wrapping_sub(b'0')));
            self.lines += 1;
            self.wrong |= number != self.lines;
            at += WHOLE;
        }
        self.rest.drain(..at);
    }

    fn lines(&self) -> usize {
        if self.wrong { 0 } else { self.lines }
    }
}
