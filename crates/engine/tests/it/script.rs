//! Drives a run with what a test scripts, and writes effects as lines.
//!
//! Legs are called by their key: `build`, `test#1`, `deploy/test`. A line is one of
//! `plan KEY`, `wait KEY: CODE`, `enter WHO GROUP [cancel] [max]`, `leave WHO`, `gate KEY ENVIRONMENT`, `start KEY`,
//! `cancel KEY`, `end KEY CONCLUSION [(CODE)] [NAME=VALUE…]`, `done CONCLUSION [(CODE)]`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use api::{Conclusion, LegId};
use engine::{Effect, Facts, Holder, Input, JobOrder, PlannedJob, Run, Selection, Why};
use expr::Value;
use span::{Color, Diagnostic, FileId, SourceMap, Span, render_terminal};
use workflow::{Program, link, parse_workflow};

/// A workflow with those that it calls: `./.github/workflows/NAME.yml`.
pub(crate) fn program(root: &str, called: &[(&str, &str)]) -> Arc<Program> {
    let mut sources = SourceMap::new();
    let mut read = |name: &str, text: &str| {
        let file: FileId = sources.add(name, text);
        let parsed = parse_workflow(file, name, text);
        let shown = render_terminal(&parsed.diagnostics, &sources, Color::Off);
        Arc::new(parsed.value.unwrap_or_else(|| panic!("not a workflow:\n{text}\n{shown}")))
    };
    let root = read("ci.yml", root);
    let called: HashMap<String, _> =
        called.iter().map(|(name, text)| (format!("./.github/workflows/{name}.yml"), read(name, text))).collect();
    let mut load = |name: &str, span: Span| {
        called.get(name).cloned().ok_or_else(|| Diagnostic::error("test", format!("no workflow `{name}`")).at(span))
    };
    let linked = link(&root, &mut load);
    Arc::new(linked.unwrap_or_else(|errors| panic!("{}", render_terminal(&errors, &sources, Color::Off))))
}

pub(crate) struct Script {
    pub(crate) run: Run,
    pub(crate) planned: Vec<PlannedJob>,
    pub(crate) orders: HashMap<String, JobOrder>,
    pub(crate) reasons: HashMap<String, Why>,
    pub(crate) done: Option<Conclusion>,
    pub(crate) why: Option<Why>,
}

impl Script {
    pub(crate) fn of(root: &str) -> Self {
        Self::new(program(root, &[]), facts(), Selection::default())
    }

    pub(crate) fn with(root: &str, called: &[(&str, &str)]) -> Self {
        Self::new(program(root, called), facts(), Selection::default())
    }

    pub(crate) fn selected(root: &str, called: &[(&str, &str)], selection: Selection) -> Self {
        Self::new(program(root, called), facts(), selection)
    }

    pub(crate) fn new(program: Arc<Program>, facts: Facts, selection: Selection) -> Self {
        Self {
            run: Run::new(program, facts, selection),
            planned: Vec::new(),
            orders: HashMap::new(),
            reasons: HashMap::new(),
            done: None,
            why: None,
        }
    }

    pub(crate) fn start(&mut self) -> String {
        self.apply(Input::Start)
    }

    pub(crate) fn cancel(&mut self) -> String {
        self.apply(Input::Cancel)
    }

    /// Answers for a started leg: `success`, `failure`, `cancelled`, `skipped`.
    pub(crate) fn ends(&mut self, key: &str, conclusion: &str) -> String {
        self.ends_with(key, conclusion, &[])
    }

    pub(crate) fn ends_with(&mut self, key: &str, conclusion: &str, outputs: &[(&str, &str)]) -> String {
        let outputs = outputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.apply(Input::Ended { leg: self.leg(key), conclusion: self::conclusion(conclusion), outputs })
    }

    pub(crate) fn enters(&mut self, key: &str) -> String {
        self.apply(Input::Entered(Holder::Leg(self.leg(key))))
    }

    pub(crate) fn evicts(&mut self, key: &str) -> String {
        self.apply(Input::Evicted(Holder::Leg(self.leg(key))))
    }

    pub(crate) fn gate(&mut self, key: &str, refused: Option<&str>) -> String {
        self.apply(Input::Gate { leg: self.leg(key), refused: refused.map(str::to_owned) })
    }

    pub(crate) fn leg(&self, key: &str) -> LegId {
        let found = self.planned.iter().find(|job| job.key == key);
        found.unwrap_or_else(|| panic!("`{key}` is not planned")).leg
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.planned.iter().map(|job| job.name.as_str()).collect()
    }

    /// The sentence that tells why a leg ended as it did.
    pub(crate) fn reason(&self, key: &str) -> &str {
        &self.reasons[key].text
    }

    pub(crate) fn apply(&mut self, input: Input) -> String {
        let mut lines = String::new();
        for effect in self.run.apply(input) {
            let line = self.line(effect);
            writeln!(lines, "{line}").unwrap();
        }
        lines
    }

    fn line(&mut self, effect: Effect) -> String {
        let code = |why: &Option<Why>| why.as_ref().map(|why| format!(" ({})", why.code)).unwrap_or_default();
        match effect {
            Effect::Planned(planned) => {
                assert_eq!(planned.leg.0 as usize, self.planned.len(), "legs are planned in the order of their ids");
                let line = format!("plan {}", planned.key);
                self.planned.push(planned);
                line
            }
            Effect::Waiting { leg, reason } => format!("wait {}: {}", self.key(leg), reason.code),
            Effect::Enter { holder, group, cancel_in_progress, keep_all_pending, .. } => format!(
                "enter {} {group}{}{}",
                self.holder(holder),
                if cancel_in_progress { " cancel" } else { "" },
                if keep_all_pending { " max" } else { "" }
            ),
            Effect::Leave(holder) => format!("leave {}", self.holder(holder)),
            Effect::Gate { leg, environment } => {
                format!("gate {} {}", self.key(leg), environment.name)
            }
            Effect::Start(order) => {
                let key = self.key(order.leg);
                let line = format!("start {key}");
                assert!(self.orders.insert(key, *order).is_none(), "nothing starts twice");
                line
            }
            Effect::Cancel { leg } => format!("cancel {}", self.key(leg)),
            Effect::Finished { leg, conclusion, reason, outputs } => {
                let key = self.key(leg);
                let mut line = format!("end {key} {conclusion}{}", code(&reason));
                for (name, value) in outputs {
                    write!(line, " {name}={value}").unwrap();
                }
                self.reasons.extend(reason.map(|why| (key, why)));
                line
            }
            Effect::Done { conclusion, reason } => {
                self.done = Some(conclusion);
                let line = format!("done {conclusion}{}", code(&reason));
                self.why = reason;
                line
            }
        }
    }

    fn key(&self, leg: LegId) -> String {
        self.planned[leg.0 as usize].key.clone()
    }

    fn holder(&self, holder: Holder) -> String {
        match holder {
            Holder::Workflow(scope) => format!("workflow-{scope}"),
            Holder::Leg(leg) => self.key(leg),
        }
    }
}

pub(crate) fn conclusion(text: &str) -> Conclusion {
    match text {
        "success" => Conclusion::Success,
        "failure" => Conclusion::Failure,
        "cancelled" => Conclusion::Cancelled,
        "skipped" => Conclusion::Skipped,
        other => panic!("no conclusion `{other}`"),
    }
}

pub(crate) fn facts() -> Facts {
    Facts {
        github: Value::object([("ref", Value::from("refs/heads/main")), ("event_name", Value::from("push"))]),
        inputs: Value::Null,
        vars: Value::object([
            ("list", Value::from("[1, 2, 3]")),
            ("word", Value::from("hello")),
            ("nothing", Value::from("")),
        ]),
        secrets: Value::object([
            ("GITHUB_TOKEN", Value::from("t0ken")),
            ("KEY", Value::from("k3y")),
            ("EMPTY", Value::from("")),
        ]),
        mask: engine::Mask::default(),
        default_grant: None,
    }
}

/// A job with one line after its `runs-on`, or more: `job("build", "needs: a")`.
pub(crate) fn job(id: &str, keys: &str) -> String {
    let mut text = format!("  {id}:\n    runs-on: x\n    steps: [{{run: 'true'}}]\n");
    for line in keys.lines() {
        writeln!(text, "    {line}").unwrap();
    }
    text
}

/// A workflow of such jobs.
pub(crate) fn jobs(jobs: &[(&str, &str)]) -> String {
    let jobs: Vec<String> = jobs.iter().map(|(id, keys)| job(id, keys)).collect();
    format!("on: push\njobs:\n{}", jobs.concat())
}
