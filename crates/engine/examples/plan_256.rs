//! How long planning and starting 256 legs of one matrix takes: `cargo run --release -p engine --example plan_256`.

use std::sync::Arc;
use std::time::Instant;

use engine::{Effect, Facts, Input, Run, Selection};
use expr::Value;
use span::{SourceMap, Span};
use workflow::{link, parse_workflow};

const WORKFLOW: &str = "
on: push
jobs:
  test:
    name: ${{ matrix.os }} ${{ matrix.version }} (${{ strategy.job-index }} of ${{ strategy.job-total }})
    runs-on: ${{ matrix.os }}
    if: github.ref == 'refs/heads/main'
    continue-on-error: ${{ matrix.version > 8 }}
    strategy:
      matrix:
        os: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
        version: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]
        include: [{os: a, extra: true}, {version: 3, more: [1, 2]}]
    steps: [{run: 'true'}]
";

fn main() {
    let mut sources = SourceMap::new();
    let file = sources.add("ci.yml", WORKFLOW);
    let Some(workflow) = parse_workflow(file, "ci.yml", WORKFLOW).value else {
        return;
    };
    let mut load = |name: &str, span: Span| Err(span::Diagnostic::error("none", name.to_owned()).at(span));
    let Ok(program) = link(&workflow, &mut load) else {
        return;
    };
    let program = Arc::new(program);
    let facts = Facts { github: Value::object([("ref", Value::from("refs/heads/main"))]), ..Facts::default() };
    let mut times = Vec::new();
    for _ in 0..101 {
        let mut run = Run::new(program.clone(), facts.clone(), Selection::default());
        let before = Instant::now();
        let effects = run.apply(Input::Start);
        times.push(before.elapsed());
        assert_eq!(effects.iter().filter(|effect| matches!(effect, Effect::Start(_))).count(), 256);
    }
    times.sort();
    println!("256 legs planned and started: median {:?}, worst {:?}", times[times.len() / 2], times[times.len() - 1]);
}
