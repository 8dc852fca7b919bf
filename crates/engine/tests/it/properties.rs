//! Random workflows, and inputs in any order.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;

use api::{Conclusion, LegId};
use engine::{Effect, Groups, Holder, Input, Run, Selection};
use proptest::prelude::*;
use workflow::Program;

use crate::script::{facts, program};

const IFS: &[&str] = &[
    "",
    "",
    "",
    "always()",
    "failure()",
    "cancelled()",
    "success() || failure()",
    "github.ref == 'refs/heads/main'",
    "false",
    "always() && toJSON(needs) != '{}'",
    "failure('nobody')",
];
const GROUPS: &[&str] =
    &["", "", "", "", "g", "G", "h", "{group: g, cancel-in-progress: true}", "{group: h, queue: max}"];
const STRATEGIES: &[&str] = &[
    "",
    "",
    "{matrix: {n: [1, 2, 3]}}",
    "{fail-fast: false, matrix: {n: [1, 2, 3]}}",
    "{max-parallel: 1, matrix: {n: [1, 2, 3, 4]}}",
    "{max-parallel: 2, fail-fast: false, matrix: {n: [1, 2, 3, 4], include: [{n: 9}]}}",
    "{matrix: '${{ fromJSON(vars.word) }}'}",
    "{matrix: {n: '${{ fromJSON(vars.list) }}'}}",
];
const REST: &[&str] = &[
    "",
    "",
    "",
    "environment: prod",
    "continue-on-error: true",
    "continue-on-error: ${{ matrix.n == 1 }}",
    "timeout-minutes: ${{ vars.nothing }}",
    "name: '${{ matrix.n }}'",
];

/// A job: which earlier jobs it needs, and indices into the pools; `call` is 0 for a job of its own.
#[derive(Clone, Debug)]
struct Draft {
    needs: u8,
    condition: usize,
    group: usize,
    strategy: usize,
    rest: usize,
    call: usize,
}

fn draft() -> impl Strategy<Value = Draft> {
    (any::<u8>(), 0..IFS.len(), 0..GROUPS.len(), 0..STRATEGIES.len(), 0..REST.len(), 0usize..4).prop_map(
        |(needs, condition, group, strategy, rest, call)| Draft { needs, condition, group, strategy, rest, call },
    )
}

fn text(on: &str, group: usize, jobs: &[Draft], callee: Option<&str>) -> String {
    let mut text = format!("on: {on}\n");
    if !GROUPS[group].is_empty() {
        writeln!(text, "concurrency: {}", GROUPS[group]).unwrap();
    }
    text += "jobs:\n";
    for (index, job) in jobs.iter().enumerate() {
        writeln!(text, "  j{index}:").unwrap();
        let mut key = |name: &str, value: &str| {
            if !value.is_empty() {
                writeln!(text, "    {name}: {value}").unwrap();
            }
        };
        let needs: Vec<String> =
            (0..index.min(8)).filter(|bit| job.needs & (1 << bit) != 0).map(|bit| format!("j{bit}")).collect();
        key("needs", &if needs.is_empty() { String::new() } else { format!("[{}]", needs.join(", ")) });
        key("if", IFS[job.condition]);
        key("concurrency", GROUPS[job.group]);
        key("strategy", STRATEGIES[job.strategy]);
        match callee {
            Some(callee) if job.call == 1 => {
                key("uses", &format!("./.github/workflows/{callee}.yml"));
            }
            _ => {
                key("runs-on", "x");
                key("steps", "[{run: 'true'}]");
                if let Some((name, value)) = REST[job.rest].split_once(": ") {
                    key(name, value);
                }
            }
        }
    }
    text
}

fn programs() -> impl Strategy<Value = Arc<Program>> {
    let jobs = |most| proptest::collection::vec(draft(), 1..most);
    let group = 0..GROUPS.len();
    (group.clone(), jobs(7), group.clone(), jobs(4), group, jobs(3)).prop_map(|(g0, root, g1, mid, g2, leaf)| {
        program(
            &text("push", g0, &root, Some("mid")),
            &[
                ("mid", &text("workflow_call", g1, &mid, Some("leaf"))),
                ("leaf", &text("workflow_call", g2, &leaf, None)),
            ],
        )
    })
}

/// What the world still owes the run.
#[derive(Default)]
struct World {
    planned: Vec<LegId>,
    started: HashSet<LegId>,
    finished: HashMap<LegId, Conclusion>,
    entering: Vec<Holder>,
    gates: Vec<LegId>,
    running: Vec<LegId>,
    left: HashSet<Holder>,
    asked: HashSet<Holder>,
    done: Option<Conclusion>,
    history: Vec<(Input, String)>,
}

impl World {
    fn apply(&mut self, run: &mut Run, input: Input) -> Result<(), TestCaseError> {
        let effects = run.apply(input.clone());
        self.history.push((input, format!("{effects:?}")));
        for effect in effects {
            prop_assert!(self.done.is_none(), "after the end: {effect:?}");
            match effect {
                Effect::Planned(job) => {
                    prop_assert_eq!(job.leg, LegId(u32::try_from(self.planned.len()).unwrap()));
                    self.planned.push(job.leg);
                }
                Effect::Waiting { leg, .. } => prop_assert!(self.planned.contains(&leg)),
                Effect::Enter { holder, .. } => {
                    prop_assert!(self.asked.insert(holder), "{holder:?} asks twice");
                    self.entering.push(holder);
                }
                Effect::Leave(holder) => {
                    prop_assert!(self.asked.contains(&holder) && self.left.insert(holder), "{holder:?} leaves twice");
                    self.entering.retain(|one| *one != holder);
                }
                Effect::Gate { leg, .. } => self.gates.push(leg),
                Effect::Start(order) => {
                    prop_assert!(self.planned.contains(&order.leg));
                    prop_assert!(self.started.insert(order.leg), "{} starts twice", order.leg);
                    prop_assert!(!self.finished.contains_key(&order.leg));
                    self.running.push(order.leg);
                }
                Effect::Cancel { leg } => {
                    prop_assert!(self.running.contains(&leg), "{leg} does not run");
                }
                Effect::Finished { leg, conclusion, .. } => {
                    prop_assert!(self.planned.contains(&leg));
                    prop_assert!(self.finished.insert(leg, conclusion).is_none(), "{leg} ends twice");
                    prop_assert!(!self.running.contains(&leg), "{leg} ends before it answers");
                    self.gates.retain(|one| *one != leg);
                }
                Effect::Done { conclusion, .. } => self.done = Some(conclusion),
            }
        }
        Ok(())
    }

    /// An answer that is owed, chosen by two numbers. None when nothing is owed.
    fn answer(&mut self, which: usize, how: usize) -> Option<Input> {
        let owed = self.entering.len() + self.gates.len() + self.running.len();
        if owed == 0 {
            return None;
        }
        let which = which % owed;
        if which < self.entering.len() {
            let holder = self.entering.remove(which);
            return Some(if how.is_multiple_of(5) { Input::Evicted(holder) } else { Input::Entered(holder) });
        }
        let which = which - self.entering.len();
        if which < self.gates.len() {
            let leg = self.gates.remove(which);
            return Some(Input::Gate { leg, refused: how.is_multiple_of(3).then(|| "no".to_owned()) });
        }
        let leg = self.running.remove(which - self.gates.len());
        Some(Input::Ended { leg, conclusion: result(how), outputs: vec![("x".to_owned(), how.to_string())] })
    }
}

fn result(how: usize) -> Conclusion {
    match how % 6 {
        0 => Conclusion::Failure,
        1 => Conclusion::Cancelled,
        2 => Conclusion::Skipped,
        _ => Conclusion::Success,
    }
}

/// Something that nobody expects: about any leg or workflow, of any kind, at any time.
fn noise(which: usize, how: usize, world: &World) -> Input {
    let leg = LegId(u32::try_from(which % (world.planned.len() + 2)).unwrap());
    match how % 6 {
        // Answers of legs that run are owed once, and not noise.
        0 if !world.running.contains(&leg) => Input::Ended { leg, conclusion: result(which), outputs: Vec::new() },
        1 => Input::Evicted(Holder::Leg(leg)),
        2 => Input::Evicted(Holder::Workflow(u32::try_from(which % 4).unwrap())),
        3 if !world.gates.contains(&leg) => Input::Gate { leg, refused: None },
        4 if !world.entering.contains(&Holder::Leg(leg)) => Input::Entered(Holder::Leg(leg)),
        _ => Input::Start,
    }
}

fn play(program: &Arc<Program>, moves: &[(u8, usize, usize)]) -> Result<World, TestCaseError> {
    let mut run = Run::new(program.clone(), facts(), Selection::default());
    let mut world = World::default();
    for (kind, which, how) in moves {
        let input = match kind {
            0 if how % 4 == 0 => Some(Input::Kill),
            0 => Some(Input::Cancel),
            1..4 => Some(noise(*which, *how, &world)),
            4 => Some(Input::Start),
            _ => world.answer(*which, *how),
        };
        if let Some(input) = input {
            world.apply(&mut run, input)?;
        }
    }
    world.apply(&mut run, Input::Start)?;
    // Whatever happened: once everything that is owed is answered, it is over.
    let mut steps = 0;
    while let Some(input) = world.answer(steps * 7, steps + 1) {
        world.apply(&mut run, input)?;
        steps += 1;
        prop_assert!(steps < 20_000, "no end");
    }
    prop_assert_eq!(world.done, run.conclusion());
    prop_assert!(world.done.is_some(), "stuck:\n{:#?}", world.history);
    prop_assert_eq!(world.finished.len(), world.planned.len());
    prop_assert_eq!(&world.asked, &world.left);
    Ok(world)
}

fn moves() -> impl Strategy<Value = Vec<(u8, usize, usize)>> {
    // Cancelling ends most of what could be tested, so it is rare.
    let kind = prop_oneof![1 => Just(0u8), 12 => 1u8..5, 60 => Just(9u8)];
    proptest::collection::vec((kind, 0usize..64, 0usize..64), 0..80)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_order_ends_and_nothing_happens_twice(program in programs(), moves in moves()) {
        let world = play(&program, &moves)?;
        // The same inputs again: the same effects, so a crash is a replay.
        let mut run = Run::new(program, facts(), Selection::default());
        for (input, effects) in world.history {
            prop_assert_eq!(format!("{:?}", run.apply(input)), effects);
        }
    }

    /// After a cancellation only jobs start whose `if` asks for it.
    #[test]
    fn a_cancelled_run_stops(program in programs(), moves in moves()) {
        let mut run = Run::new(program.clone(), facts(), Selection::default());
        let mut world = World::default();
        world.apply(&mut run, Input::Start)?;
        for (_, which, how) in &moves {
            if let Some(input) = world.answer(*which, *how) {
                world.apply(&mut run, input)?;
            }
        }
        let ended = world.done.is_some();
        world.apply(&mut run, Input::Cancel)?;
        let before = world.started.len();
        let mut asking = HashSet::new();
        let mut steps = 0;
        while let Some(input) = world.answer(steps * 5, 4) {
            for effect in run.clone().apply(input.clone()) {
                if let Effect::Start(order) = effect {
                    let condition = &order.workflow.jobs[order.job].condition;
                    let asks = condition.as_ref().is_some_and(|one| {
                        one.condition.expr().calls_any(&["always", "cancelled"])
                    });
                    prop_assert!(asks, "{} starts in a cancelled run", order.path);
                    asking.insert(order.leg);
                }
            }
            world.apply(&mut run, input)?;
            steps += 1;
        }
        prop_assert_eq!(world.started.len() - before, asking.len());
        prop_assert!(ended || matches!(world.done, Some(Conclusion::Cancelled | Conclusion::Failure)), "{:?}", world.done);
    }

    /// After the end was asked for nothing starts and nothing waits: only what runs still answers.
    #[test]
    fn a_killed_run_is_over_when_its_jobs_are(program in programs(), moves in moves()) {
        let mut run = Run::new(program, facts(), Selection::default());
        let mut world = World::default();
        world.apply(&mut run, Input::Start)?;
        for (_, which, how) in &moves {
            if let Some(input) = world.answer(*which, *how) {
                world.apply(&mut run, input)?;
            }
        }
        world.apply(&mut run, Input::Kill)?;
        let started = world.started.len();
        while let Some(leg) = world.running.pop() {
            world.apply(&mut run, Input::Ended { leg, conclusion: Conclusion::Success, outputs: Vec::new() })?;
        }
        prop_assert_eq!(world.started.len(), started);
        prop_assert!(world.done.is_some());
    }

    /// With real groups, two runs of the same workflow at once end as well.
    #[test]
    fn runs_that_share_groups_end(program in flat_programs(), nested in programs(), order in proptest::collection::vec(0usize..64, 1..60)) {
        share(&[program.clone(), program], &order)?;
        share(&[nested], &order)?;
    }
}

/// Workflows without calls: with calls two runs can hold what the other one waits for, which no run can see.
fn flat_programs() -> impl Strategy<Value = Arc<Program>> {
    (0..GROUPS.len(), proptest::collection::vec(draft(), 1..7)).prop_map(|(group, jobs)| {
        let jobs: Vec<Draft> = jobs.into_iter().map(|job| Draft { call: 0, ..job }).collect();
        program(&text("push", group, &jobs, None), &[])
    })
}

fn share(programs: &[Arc<Program>], order: &[usize]) -> Result<(), TestCaseError> {
    let mut runs: Vec<Run> =
        programs.iter().map(|program| Run::new(program.clone(), facts(), Selection::default())).collect();
    let mut groups: Groups<(usize, Holder)> = Groups::default();
    let mut inputs: Vec<(usize, Input)> = (0..runs.len()).map(|run| (run, Input::Start)).collect();
    let mut inside: HashSet<(usize, Holder)> = HashSet::new();
    let mut turn = 0;
    while !inputs.is_empty() {
        turn += 1;
        prop_assert!(turn < 20_000, "no end");
        let (run, input) = inputs.remove(order[turn % order.len()] % inputs.len());
        for effect in runs[run].apply(input) {
            match effect {
                Effect::Enter { holder, group, cancel_in_progress, keep_all_pending, .. } => {
                    let verdict = groups.enter(&group, (run, holder), cancel_in_progress, keep_all_pending);
                    inputs.extend(verdict.evicted.into_iter().map(|(run, holder)| (run, Input::Evicted(holder))));
                    inputs.extend(verdict.entered.map(|(run, holder)| (run, Input::Entered(holder))));
                    inside.insert((run, holder));
                }
                Effect::Leave(holder) => {
                    prop_assert!(inside.remove(&(run, holder)));
                    let entered = groups.leave((run, holder));
                    inputs.extend(entered.into_iter().map(|(run, holder)| (run, Input::Entered(holder))));
                }
                Effect::Gate { leg, .. } => inputs.push((run, Input::Gate { leg, refused: None })),
                Effect::Start(order) => {
                    let conclusion = result(turn);
                    inputs.push((run, Input::Ended { leg: order.leg, conclusion, outputs: Vec::new() }));
                }
                _ => {}
            }
        }
    }
    prop_assert!(inside.is_empty(), "{inside:?}");
    for run in &runs {
        prop_assert!(run.conclusion().is_some(), "stuck");
    }
    Ok(())
}
