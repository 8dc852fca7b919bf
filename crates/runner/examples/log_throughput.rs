//! Measures how fast a step's output reaches the record: from a real pipe, through masking and command recognition,
//! to a file. Prints MB/s for several kinds of output.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement to look at, not library code")]

use std::io::Write as _;
use std::time::Instant;

use runner::Masker;
use runner::command::{Options, Processor};
use runner::log::{JobLog, StepLog, Stream};
use runner::matcher::{Config, Matchers};
use runner::paths::Paths;

const TOTAL: usize = 1 << 30;

fn main() {
    let plain = "   Compiling serde_derive v1.0.229 (registry+index) with some more words in the line\n";
    let colons = "note: the trait bound `std::vec::Vec<core::option::Option<u8>>: foo::Bar` is not satisfied\n";
    let short = "ok\n";
    let returns = "Receiving objects:  42% (1234/2937), 12.3 MiB | 4.5 MiB/s\r";
    let secret = "deploying with token ghp_0123456789abcdefghijklmnop to production, please wait\n";
    let masked = |count: usize| {
        let masker = Masker::new();
        for index in 0..count {
            masker.add(&format!("ghp_{index:010}abcdefghijklmnop"));
        }
        masker
    };
    let hit = masked(10);
    hit.add("ghp_0123456789abcdefghijklmnop");
    let matchers = Matchers::new();
    let json = br#"{"problemMatcher":[{"owner":"x","pattern":[{"regexp":"^(.+):(\\d+):(\\d+): (error|warning): (.*)$","file":1,"line":2,"message":5}]}]}"#;
    Config::parse(json).unwrap().into_iter().for_each(|config| matchers.add(config));
    let none = Matchers::new();
    measure("plain lines, no secrets", plain, Masker::new(), none.clone());
    measure("plain lines, 1 secret", plain, masked(1), none.clone());
    measure("plain lines, 10 secrets", plain, masked(10), none.clone());
    measure("plain lines, 100 secrets", plain, masked(100), none.clone());
    measure("lines full of ::, 10 secrets", colons, masked(10), none.clone());
    measure("lines of two letters", short, masked(1), none.clone());
    measure("lines ended by \\r", returns, masked(1), none.clone());
    measure("a secret in every line", secret, hit, none);
    measure("one problem matcher", plain, masked(1), matchers);
}

fn measure(name: &str, line: &str, masker: Masker, matchers: Matchers) {
    let directory = tempfile::tempdir().unwrap();
    let job = JobLog::create(&directory.path().join("log")).unwrap();
    let log = StepLog::start(job, 1, Processor::new(Options::default(), masker, matchers, Paths::new("/w")));
    let (reader, mut writer) = std::io::pipe().unwrap();
    let block = line.repeat((1 << 16) / line.len());
    let total = if name.contains("matcher") || name.contains("every") { TOTAL / 8 } else { TOTAL };
    let blocks = total / block.len();
    let bytes = blocks * block.len();
    let feeder = std::thread::spawn(move || {
        for _ in 0..blocks {
            writer.write_all(block.as_bytes()).unwrap();
        }
    });
    let began = Instant::now();
    let cpu = cpu_time();
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let receiver = tokio::net::unix::pipe::Receiver::from_owned_fd(reader.into()).unwrap();
        log.pump(Stream::Out, receiver).await.unwrap();
    });
    let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu_time() - cpu);
    feeder.join().unwrap();
    let megabytes = bytes as f64 / 1e6;
    println!("{name:32} {:7.0} MB/s, {:7.0} MB per CPU second of this thread", megabytes / wall, megabytes / cpu);
}

/// CPU seconds of this thread.
fn cpu_time() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
