//! From a push to its first step.

use std::net::TcpListener;
use std::time::Instant;

use super::super::Asked;
use super::super::measure::median;
use super::super::table::Row;
use super::site::Site;

/// The step connects to this process as the first thing that it does, so its start is seen here and not by its own clock.
pub(super) fn measure(site: &mut Site, asked: &Asked<'_>) -> Result<Vec<Row>, String> {
    let server = site.serve(2)?;
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    let workflow = format!(
        "on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps:\n      - run: 'true < /dev/tcp/127.0.0.1/{port}'\n"
    );
    let (mut from_answer, mut from_start) = (Vec::new(), Vec::new());
    for round in 0..=asked.rounds.max(9) {
        let tree = site.commit("pushed", &workflow)?;
        let begun = Instant::now();
        // The step may run before git has ended: who waits for it is another thread.
        let waiting = listener.try_clone().map_err(|error| error.to_string())?;
        let step = std::thread::spawn(move || waiting.accept().map(|_| Instant::now()));
        site.push(&server, &tree)?;
        let pushed = Instant::now();
        let step = step.join().map_err(|_| "the listener broke")?.map_err(|error| error.to_string())?;
        // The first one makes the repository, and a sandbox that later ones reuse.
        if round > 0 {
            from_answer.push(step.saturating_duration_since(pushed).as_secs_f64() * 1000.0);
            from_start.push(step.duration_since(begun).as_secs_f64() * 1000.0);
        }
        // The job ends before the next push, so that runners are idle.
        std::thread::sleep(std::time::Duration::from_millis(700));
    }
    Ok(vec![
        Row::at_most(
            format!("{}: push answered to first step", site.name),
            None,
            median(&from_answer),
            "ms",
            150.0,
            "issue",
        ),
        Row::beside(format!("{}: `git push` started to first step", site.name), median(&from_start), "ms"),
    ])
}
