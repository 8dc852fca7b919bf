//! What clients were told, and whether it is still so.

use std::collections::{BTreeMap, HashMap};
use std::io::Read as _;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::api::{Answer, Api};
use super::load::{BRANCHES, LINES, content_of, is_size};
use super::site::Site;
use crate::server::instance::PASSWORD;

/// How much is looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Every push and run; of the rest what is new.
    Recent,
    All,
}

/// How many of the newest are looked at after each death.
const RECENT: usize = 6;

/// An acknowledged push has its run within this time.
const PATIENCE: Duration = Duration::from_secs(120);

/// A log as it was last seen.
#[derive(Clone, Debug, Default)]
pub(super) struct SeenLog {
    run: i64,
    text: String,
    /// Nothing is added any more.
    ended: bool,
}

#[derive(Default)]
pub(super) struct Told {
    /// Commits in the order in which each branch got them, acknowledged or not.
    attempts: HashMap<String, Vec<String>>,
    /// Branch and commit.
    pushes: Vec<(String, String)>,
    approvals: Vec<i64>,
    /// By job.
    pub(super) logs: BTreeMap<i64, SeenLog>,
    /// By run: the commit.
    artifacts: BTreeMap<i64, String>,
    /// By run: status, conclusion, commit.
    runs: BTreeMap<i64, (String, Option<String>, String)>,
    /// By job, of completed ones: run, name and conclusion.
    jobs: BTreeMap<i64, (i64, String, String)>,
    context: String,
    checks: u64,
}

/// Everything that was told to any client. Clones are the same one.
#[derive(Clone)]
pub(super) struct Ledger {
    told: Arc<Mutex<Told>>,
    /// Held from a question to the entry of its answer: an older answer must not come after a newer one.
    looking: Arc<Mutex<()>>,
    tools: std::path::PathBuf,
}

impl Ledger {
    pub(super) fn new(site: &Site) -> Self {
        Self { told: Arc::default(), looking: Arc::default(), tools: site.tools() }
    }

    fn looking(&self) -> MutexGuard<'_, ()> {
        self.looking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What failures say of when they were found.
    pub(super) fn context(&self, text: String) {
        self.told().context = text;
    }

    pub(super) fn attempt(&self, branch: &str, sha: &str) {
        self.told().attempts.entry(branch.to_owned()).or_default().push(sha.to_owned());
    }

    pub(super) fn pushed(&self, branch: &str, sha: &str) {
        self.told().pushes.push((branch.to_owned(), sha.to_owned()));
    }

    pub(super) fn approved(&self, run: i64) {
        self.told().approvals.push(run);
    }

    /// Runs that wait for somebody.
    pub(super) fn waiting(&self) -> Vec<i64> {
        let told = self.told();
        told.runs.iter().filter(|(_, (status, ..))| status == "waiting").map(|(run, _)| *run).collect()
    }

    /// How many runs were seen and have not ended.
    pub(super) fn open(&self) -> usize {
        let told = self.told();
        let seen = told.runs.values().filter(|(status, ..)| status != "completed").count();
        let unseen = told.pushes.iter().filter(|(_, sha)| !told.runs.values().any(|(.., of)| of == sha)).count();
        seen + unseen
    }

    pub(super) fn until(&self, what: &str, patience: Duration, mut is_so: impl FnMut(&Told) -> bool) {
        let began = Instant::now();
        while !is_so(&self.told()) {
            assert!(began.elapsed() < patience, "this never came about: {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Takes in what a server says now; nobody answers when it is away.
    pub(super) fn follow(&self, api: &Api) -> Option<()> {
        let _looking = self.looking();
        let listed = runs(api)?;
        for run in &listed {
            self.see_run(run);
        }
        let open: Vec<i64> = {
            let told = self.told();
            let done = |run: &i64| told.jobs.values().filter(|(of, ..)| of == run).count() >= 2;
            told.runs.keys().rev().copied().filter(|run| !done(run)).take(12).collect()
        };
        for run in open {
            let jobs = ok(api, &format!("/actions/runs/{run}/jobs"))?.json();
            for job in jobs["jobs"].as_array().into_iter().flatten() {
                self.see_job(api, run, job)?;
            }
            self.see_artifacts(api, run)?;
        }
        Some(())
    }

    fn see_run(&self, run: &Value) {
        let id = run["id"].as_i64().expect("a run's id");
        let text = |name: &str| run[name].as_str().unwrap_or_default().to_owned();
        let conclusion = run["conclusion"].as_str().map(str::to_owned);
        let now = (text("status"), conclusion, text("head_sha"));
        let mut told = self.told();
        let context = told.context.clone();
        let known = told.runs.insert(id, now.clone());
        if let Some(known) = known.filter(|(status, ..)| status == "completed") {
            assert_eq!(now, known, "run {id} had ended, {context}");
        }
        let twice = told.runs.iter().any(|(other, (.., sha))| *other != id && *sha == now.2);
        assert!(!twice, "the push of {} made two runs, {context}", now.2);
    }

    fn see_job(&self, api: &Api, run: i64, job: &Value) -> Option<()> {
        let id = job["id"].as_i64().expect("a job's id");
        let status = job["status"].as_str().unwrap_or_default();
        if !matches!(status, "in_progress" | "completed") || job["conclusion"] == "skipped" {
            return Some(());
        }
        let answer = api.get(&format!("/repos/ann/app/actions/jobs/{id}/logs")).ok()?;
        if answer.status == 200 {
            self.see_log(run, id, answer.text(), status == "completed");
        }
        if status == "completed" {
            let text = |name: &str| job[name].as_str().unwrap_or_default().to_owned();
            let now = (run, text("name"), text("conclusion"));
            let mut told = self.told();
            let context = told.context.clone();
            let known = told.jobs.insert(id, now.clone());
            assert!(known.as_ref().is_none_or(|known| *known == now), "job {id} was {known:?}, {context}");
        }
        Some(())
    }

    /// A line that was shown is there for ever, in its place; another execution has a log of its own.
    fn see_log(&self, run: i64, job: i64, text: String, ended: bool) {
        let mut told = self.told();
        let context = told.context.clone();
        told.checks += 1;
        let known = told.logs.entry(job).or_default();
        // Each execution begins with a line at a time of its own.
        let again = known.text.lines().next() != text.lines().next();
        let whole = text.starts_with(&known.text) && (!known.ended || text == known.text);
        // Until a job that was queued again prints, the log of its first execution is shown; after that never again.
        assert!(
            whole || (again && !known.ended),
            "job {job} of run {run} showed {} bytes, and now {} others, {context}\n--- before\n{}\n--- now\n{text}",
            known.text.len(),
            text.len(),
            known.text
        );
        *known = SeenLog { run, text, ended };
    }

    fn see_artifacts(&self, api: &Api, run: i64) -> Option<()> {
        if self.told().artifacts.contains_key(&run) {
            return Some(());
        }
        let Some(id) = artifact(api, run)? else { return Some(()) };
        let sha = self.told().runs[&run].2.clone();
        // A listed artifact can be had, unless its server dies meanwhile or the job uploads it again.
        let answer = api.get(&format!("/repos/ann/app/actions/artifacts/{id}/zip")).ok()?;
        if answer.status == 200 {
            self.compare(run, &sha, &answer);
            self.told().artifacts.insert(run, sha);
        }
        Some(())
    }

    fn compare(&self, run: i64, sha: &str, answer: &Answer) {
        let mut told = self.told();
        told.checks += 1;
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&answer.body))
            .unwrap_or_else(|error| panic!("the artifact of run {run} is no zip: {error}, {}", told.context));
        let mut content = Vec::new();
        zip.by_name("out.txt").expect("its file").read_to_end(&mut content).expect("its content");
        let expected = content_of(sha, content.len());
        assert!(is_size(content.len()) && content == expected, "the artifact of run {run} differs, {}", told.context);
    }

    /// Everything that was told so far is so.
    pub(super) fn check(&self, site: &Site, depth: Depth) {
        for api in &site.apis {
            self.check_refs(api);
        }
        self.check_runs(site);
        let api = &site.apis[0];
        let (approvals, artifacts, logs, context) = {
            let told = self.told();
            let most = if depth == Depth::All { usize::MAX } else { RECENT };
            let logs = told.logs.iter().filter(|(_, log)| !log.ended || depth == Depth::All || log.run % 7 == 0);
            (
                told.approvals.iter().rev().take(most).copied().collect::<Vec<_>>(),
                told.artifacts.iter().rev().take(most).map(|(run, sha)| (*run, sha.clone())).collect::<Vec<_>>(),
                logs.rev().take(most).map(|(job, log)| (*job, log.run)).collect::<Vec<_>>(),
                told.context.clone(),
            )
        };
        for run in approvals {
            let answer = must(api, &format!("/actions/runs/{run}/approvals"), &context);
            let approved = answer.json().as_array().is_some_and(|all| all.iter().any(|one| one["state"] == "approved"));
            assert!(approved, "the approval of run {run} is gone, {context}: {}", answer.text());
            self.told().checks += 1;
        }
        for (run, sha) in artifacts {
            let began = Instant::now();
            // A job that was queued again may be about to replace it.
            let answer = loop {
                let id = artifact(api, run)
                    .flatten()
                    .unwrap_or_else(|| panic!("the artifact of run {run} is gone, {context}"));
                let answer = api.get(&format!("/repos/ann/app/actions/artifacts/{id}/zip")).expect("an answer");
                if answer.status == 200 {
                    break answer;
                }
                assert!(began.elapsed() < PATIENCE, "artifact {id}: {} {}, {context}", answer.status, answer.text());
            };
            self.compare(run, &sha, &answer);
        }
        for (job, run) in logs {
            let _looking = self.looking();
            let answer = must(api, &format!("/actions/jobs/{job}/logs"), &context);
            let ended = self.told().logs[&job].ended;
            self.see_log(run, job, answer.text(), ended);
        }
        let twice = std::fs::read_to_string(self.tools.join("twice")).unwrap_or_default();
        assert_eq!(twice, "", "jobs ran twice at the same time, {context}");
        if depth == Depth::All {
            self.check_ends(site);
        }
    }

    /// Each branch is where it was acknowledged to be, or at a later push whose answer was lost.
    fn check_refs(&self, api: &Api) {
        let address = format!("http://ann:{PASSWORD}@127.0.0.1:{}/ann/app.git", api.port);
        // What is acknowledged from here on may or may not be in the answer.
        let pushes = self.told().pushes.clone();
        let output = Command::new("git").args(["ls-remote", "--heads", &address]).output().expect("git");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut told = self.told();
        let context = &told.context;
        assert!(output.status.success(), "{}, {context}", String::from_utf8_lossy(&output.stderr));
        for branch in BRANCHES {
            let Some((_, pushed)) = pushes.iter().rfind(|(of, _)| of == branch) else { continue };
            let there = text.lines().find_map(|line| line.strip_suffix(&format!("\trefs/heads/{branch}")));
            let attempts = &told.attempts[branch];
            let place = |sha: &str| attempts.iter().position(|attempt| attempt == sha);
            let found = there.and_then(place);
            assert!(
                found >= place(pushed) && found.is_some(),
                "{branch} was acknowledged at {pushed} and is at {there:?}, {context}"
            );
        }
        told.checks += 1;
    }

    /// Each acknowledged push has its run.
    fn check_runs(&self, site: &Site) {
        let began = Instant::now();
        loop {
            let looking = self.looking();
            let listed = runs(&site.apis[0]).unwrap_or_default();
            listed.iter().for_each(|run| self.see_run(run));
            drop(looking);
            let told = self.told();
            let missing: Vec<&String> = told
                .pushes
                .iter()
                .map(|(_, sha)| sha)
                .filter(|sha| !listed.iter().any(|run| run["head_sha"] == ***sha))
                .collect();
            if missing.is_empty() {
                return;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "{missing:?} were pushed and have no runs, {}\n{}",
                told.context,
                site.said()
            );
            drop(missing);
            drop(told);
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Every run has ended, well or because its job was lost twice; no job was executed more than twice.
    fn check_ends(&self, site: &Site) {
        let told = self.told();
        for (run, (status, conclusion, sha)) in &told.runs {
            let marks = std::fs::read_to_string(self.tools.join(format!("{run}.marks"))).unwrap_or_default();
            let starts = marks.lines().filter(|line| line.starts_with("start ")).count();
            assert!(starts <= 2, "run {run} was executed {starts} times");
            assert_eq!(status, "completed", "run {run}");
            let jobs: Vec<_> = told.jobs.values().filter(|(of, ..)| of == run).collect();
            if conclusion.as_deref() == Some("success") {
                assert_eq!(jobs.len(), 2, "run {run}: {jobs:?}");
                assert!(marks.contains("end "), "run {run} did not run");
                let log = told.logs.values().find(|log| log.run == *run && log.text.contains("Z that were "));
                let log = log.unwrap_or_else(|| panic!("the log of run {run} ({sha}) is not whole"));
                let numbers = log.text.lines().filter_map(|line| line.split("Z line ").nth(1)?.parse().ok());
                assert_eq!(numbers.collect::<Vec<usize>>(), (1..=LINES).collect::<Vec<_>>(), "run {run}");
                assert!(told.artifacts.contains_key(run), "run {run} has no artifact");
            } else {
                let page = site.apis[0].get(&format!("/repos/ann/app/actions/runs/{run}/jobs")).expect("an answer");
                let twice = told.logs.values().any(|log| log.run == *run);
                assert!(twice, "run {run} is {conclusion:?}: {}\n{}", page.text(), site.said());
            }
        }
    }

    /// Runs that have not ended, with their jobs.
    pub(super) fn open_runs(&self, site: &Site) -> Vec<String> {
        let listed = runs(&site.apis[0]).expect("the runs");
        let open = listed.iter().filter(|run| run["status"] != "completed");
        open.map(|run| {
            let jobs = ok(&site.apis[0], &format!("/actions/runs/{}/jobs", run["id"])).map(|answer| answer.json());
            let jobs = jobs.unwrap_or_default();
            let jobs = jobs["jobs"].as_array().into_iter().flatten();
            let jobs: Vec<String> =
                jobs.map(|job| format!("{} {} {}", job["id"], job["name"], job["status"])).collect();
            format!("run {}: {} {jobs:?}", run["id"], run["status"])
        })
        .collect()
    }

    /// Takes in how everything ended.
    pub(super) fn look(&self, site: &Site) {
        let began = Instant::now();
        let finished = |told: &Told| {
            let jobs = |run: &i64| told.jobs.values().filter(|(of, ..)| of == run).count();
            told.runs.iter().all(|(run, (_, conclusion, _))| conclusion.as_deref() != Some("success") || jobs(run) >= 2)
        };
        while !finished(&self.told()) {
            assert!(began.elapsed() < PATIENCE, "the jobs of all runs");
            self.follow(&site.apis[0]);
        }
    }

    pub(super) fn summary(&self) -> String {
        let told = self.told();
        let lines: usize = told.logs.values().map(|log| log.text.lines().count()).sum();
        let failed = told.runs.values().filter(|(_, conclusion, _)| conclusion.as_deref() != Some("success")).count();
        format!(
            "{} acknowledged pushes, {} runs ({failed} given up after two losses), {} approvals, {} artifacts, {lines} lines of {} logs; {} checks",
            told.pushes.len(),
            told.runs.len(),
            told.approvals.len(),
            told.artifacts.len(),
            told.logs.len(),
            told.checks
        )
    }
}

fn ok(api: &Api, path: &str) -> Option<Answer> {
    api.get(&format!("/repos/ann/app{path}")).ok().filter(|answer| answer.status == 200)
}

/// From a server that is there.
fn must(api: &Api, path: &str, context: &str) -> Answer {
    let answer = api.get(&format!("/repos/ann/app{path}")).expect("an answer");
    assert_eq!(answer.status, 200, "{path}: {}, {context}", answer.text());
    answer
}

/// All runs; `None` when the server is away.
fn runs(api: &Api) -> Option<Vec<Value>> {
    let mut all = Vec::new();
    for page in 1.. {
        let listed = ok(api, &format!("/actions/runs?per_page=100&page={page}"))?.json();
        let listed = listed["workflow_runs"].as_array()?.clone();
        let last = listed.len() < 100;
        all.extend(listed);
        if last {
            return Some(all);
        }
    }
    None
}

/// The artifact of a run; `None` within when it has none yet.
fn artifact(api: &Api, run: i64) -> Option<Option<i64>> {
    let listed = ok(api, &format!("/actions/runs/{run}/artifacts"))?.json();
    Some(listed["artifacts"].as_array()?.first().and_then(|one| one["id"].as_i64()))
}
