//! A thousand queued jobs of one step, taken by two runners.

use std::time::{Duration, Instant};

use super::super::Asked;
use super::super::table::Row;
use super::http::Client;
use super::percentile;
use super::site::{RUNNER, Site};

const JOBS: usize = 1000;

pub(super) fn measure(site: &mut Site, _: &Asked<'_>) -> Result<Vec<Row>, String> {
    let server = site.serve(0)?;
    // A matrix has 256 legs at most.
    let mut workflow = "on: push\njobs:\n".to_owned();
    for part in 0..4 {
        let legs: Vec<String> = (0..JOBS / 4).map(|leg| leg.to_string()).collect();
        workflow.push_str(&format!(
            "  part{part}:\n    runs-on: ubuntu-latest\n    strategy: {{ matrix: {{ leg: [{}] }} }}\n    steps: [{{ run: 'true' }}]\n",
            legs.join(", ")
        ));
    }
    let runners = [site.runner(&server, "one")?, site.runner(&server, "two")?];
    let tree = site.commit("many", &workflow)?;
    let before_push = server.cpu_seconds();
    site.push(&server, &tree)?;
    let patience = Instant::now() + Duration::from_secs(60);
    while site.database.sql("SELECT COUNT(*) FROM jobs WHERE status = 'queued'")?.trim() != JOBS.to_string() {
        if Instant::now() > patience {
            return Err("the jobs are not queued".to_owned());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let queued = server.cpu_seconds();
    let begun = Instant::now();
    let threads: Vec<_> = runners.into_iter().map(|runner| std::thread::spawn(move || work(runner))).collect();
    let mut claims = Vec::new();
    for thread in threads {
        claims.extend(thread.join().map_err(|_| "a runner broke")??);
    }
    let taken = begun.elapsed().as_secs_f64();
    if claims.len() != JOBS {
        return Err(format!("{} of {JOBS} jobs were taken", claims.len()));
    }
    let done = server.cpu_seconds();
    #[expect(clippy::cast_precision_loss, reason = "a thousand")]
    let each = |seconds: f64| seconds * 1000.0 / JOBS as f64;
    let name = site.name;
    Ok(vec![
        Row::at_most(
            format!("{name}: processor time a job, event to end"),
            None,
            each(done - before_push),
            "ms",
            5.0,
            "issue",
        ),
        Row::beside(format!("{name}: of it for event, verdicts and queue"), each(queued - before_push), "ms"),
        Row::at_most(format!("{name}: queue to claim, p99"), None, percentile(&claims, 99.0), "ms", 100.0, "aim"),
        Row::beside(format!("{name}: queue to claim, median"), percentile(&claims, 50.0), "ms"),
        Row::beside(format!("{name}: all of them"), taken, "s"),
    ])
}

/// Takes jobs and says of each what a real runner says; how long each was waited for, in milliseconds.
fn work(mut runner: Client) -> Result<Vec<f64>, String> {
    let mut waits = Vec::new();
    loop {
        let asked = Instant::now();
        let job = runner.ask("POST", &format!("{RUNNER}/claim?wait=2"), br#"{"free":1}"#)?;
        match job.status {
            200 => waits.push(asked.elapsed().as_secs_f64() * 1000.0),
            204 => return Ok(waits),
            other => return Err(format!("claim: {other} {}", job.text())),
        }
        let (id, fence) = (job.value("id").unwrap_or_default(), job.value("fence").unwrap_or_default());
        let leg = job.value("leg").unwrap_or_default();
        let path = format!("{RUNNER}/jobs/{id}/{fence}");
        let step =
            |seq: u32, kind: &str, rest: &str| format!(r#"{{"seq":{seq},"at":1,"type":"{kind}","leg":{leg},{rest}}}"#);
        let events = [
            step(1, "job_started", r#""runs_on":["ubuntu-latest"],"isolation":{"mode":"sandbox"}"#),
            step(2, "step_started", r#""step":0,"id":"set-up","name":"Set up job","stage":"pre""#),
            step(3, "step_finished", r#""step":0,"outcome":"success","conclusion":"success""#),
            step(4, "step_started", r#""step":1,"id":"run","name":"Run true","stage":"main""#),
            step(5, "step_finished", r#""step":1,"outcome":"success","conclusion":"success""#),
        ];
        let body = format!(r#"{{"events":[{}]}}"#, events.join(","));
        for (method, place, body) in [
            ("POST", format!("{path}/events"), body.into_bytes()),
            ("PUT", format!("{path}/log?offset=0"), b"TLI1\x01\x08\x00\x05true\n".to_vec()),
            (
                "POST",
                format!("{path}/finish"),
                br#"{"events":5,"log":12,"outcome":{"type":"executed","conclusion":"success"}}"#.to_vec(),
            ),
        ] {
            let answer = runner.ask(method, &place, &body)?;
            if answer.status >= 300 {
                return Err(format!("{place}: {} {}", answer.status, answer.text()));
            }
        }
    }
}
