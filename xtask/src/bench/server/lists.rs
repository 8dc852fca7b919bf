//! A hundred thousand runs: lists, filters, single ones.

use std::time::Instant;

use super::super::Asked;
use super::super::table::Row;
use super::percentile;
use super::site::Site;

const RUNS: usize = 100_000;
const REQUESTS: usize = 300;
const COMMITS: usize = 200;

pub(super) fn measure(site: &mut Site, _: &Asked<'_>) -> Result<Vec<Row>, String> {
    let workflow = "on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps: [{ run: 'true' }]\n";
    let server = site.serve(0)?;
    // As many commits as a page of runs has, and more.
    let mut tree = site.commit("old", workflow)?;
    for _ in 1..COMMITS {
        tree = site.commit("old", workflow)?;
    }
    let commits = site.commits(&tree)?;
    site.push(&server, &tree)?;
    let patience = Instant::now() + std::time::Duration::from_secs(30);
    let found = loop {
        let sql = "SELECT r.id, r.repo_id, r.workflow_id FROM runs r JOIN repositories p ON p.id = r.repo_id WHERE p.name = 'old'";
        let found = site.database.sql(sql)?;
        if !found.trim().is_empty() || Instant::now() > patience {
            break found;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    let mut ids = found.trim().split('|');
    let (Some(model), Some(repo), Some(workflow)) = (ids.next(), ids.next(), ids.next()) else {
        return Err(format!("the first run is not there: {found:?}"));
    };
    // Copies of a run that is real, with other commits, branches, events, actors and ends.
    let rows: Vec<String> =
        commits.iter().enumerate().map(|(number, sha)| format!("SELECT {number} AS number, '{sha}' AS sha")).collect();
    let commits = rows.join(" UNION ALL ");
    site.database.sql(&format!(
        "INSERT INTO runs (repo_id, workflow_id, workflow_path, workflow_name, title, event_id, event_name, number, attempt, status, \
         conclusion, head_sha, head_branch, git_ref, actor_id, actor_login, trigger_login, trust, chain, priority, created_at, \
         started_at, updated_at, completed_at) \
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {RUNS}), c AS ({commits}) \
         SELECT {repo}, {workflow}, r.workflow_path, r.workflow_name, r.title, -n.i, \
         CASE n.i % 5 WHEN 0 THEN 'pull_request' ELSE 'push' END, 1000 + n.i, 1, 'completed', \
         CASE n.i % 10 WHEN 0 THEN 'failure' ELSE 'success' END, c.sha, \
         CASE n.i % 7 WHEN 0 THEN 'main' ELSE 'feature' END, r.git_ref, r.actor_id, \
         CASE n.i % 3 WHEN 0 THEN 'bob' ELSE 'ann' END, r.trigger_login, r.trust, 0, 0, r.created_at, r.started_at, r.updated_at, \
         r.updated_at FROM n JOIN c ON c.number = n.i % {COMMITS}, runs r WHERE r.id = {model}"
    ))?;
    site.database.sql(&format!("UPDATE workflows SET runs = runs + {RUNS} WHERE id = {workflow}"))?;
    // What autovacuum does while runs come in one by one.
    site.database.settle("runs")?;
    let base = "/api/v3/repos/ann/old/actions/runs";
    let last: usize =
        site.database.sql("SELECT MAX(id) FROM runs")?.trim().parse().map_err(|_| "no runs".to_owned())?;
    let mut client = site.client(&server);
    let mut rows = Vec::new();
    for (what, path) in [
        (
            "list",
            Box::new(|n: usize| format!("{base}?per_page=30&page={}", 1 + n % 30)) as Box<dyn Fn(usize) -> String>,
        ),
        (
            "filter",
            Box::new(|n: usize| {
                let filters = [
                    "status=failure",
                    "branch=main",
                    "event=pull_request",
                    "actor=bob",
                    "branch=main&status=failure",
                    "branch=main&status=failure&event=push",
                    "status=success&exclude_pull_requests=true",
                ];
                format!("{base}?per_page=30&{}", filters[n % filters.len()])
            }),
        ),
        (
            "of a workflow",
            Box::new(move |n: usize| {
                format!("/api/v3/repos/ann/old/actions/workflows/ci.yml/runs?per_page=30&page={}", 1 + n % 30)
            }),
        ),
        ("open", Box::new(move |n: usize| format!("{base}/{}", last - n * 313 % (RUNS - 1)))),
        ("page", Box::new(|n: usize| format!("/ann/old/runs?page={}", 1 + n % 30))),
    ] {
        let mut times = Vec::new();
        for number in 0..REQUESTS {
            let begun = Instant::now();
            let answer = client.ask("GET", &path(number), &[])?;
            times.push(begun.elapsed().as_secs_f64() * 1000.0);
            if answer.status != 200 {
                return Err(format!("{}: {} {}", path(number), answer.status, answer.text()));
            }
        }
        let name = format!("{}: {RUNS} runs, {what}, p99", site.name);
        rows.push(Row::at_most(name, None, percentile(&times, 99.0), "ms", 50.0, "aim"));
    }
    Ok(rows)
}
