//! The matrix: legs, names, bounds.

use expr::Value;
use insta::assert_snapshot;
use workflow::{Leg, MatrixError, TemplateKind, expand_matrix, leg_name};

use super::support::{good, told};

fn evaluated(matrix: &str) -> Value {
    let workflow = good(&format!("on: push\njobs:\n  a:\n    runs-on: x\n    strategy:\n      matrix: {matrix}\n"));
    let matrix = workflow.jobs[0].strategy.as_ref().unwrap().matrix.as_ref().unwrap().clone();
    assert!(matches!(matrix.kind, TemplateKind::Mapping(_)));
    matrix.evaluate(&super::templates::Nothing).unwrap()
}

fn legs(matrix: &str) -> Vec<Leg> {
    expand_matrix(&evaluated(matrix)).unwrap()
}

fn shown(matrix: &str) -> Vec<String> {
    legs(matrix)
        .iter()
        .map(|leg| {
            let pairs: Vec<String> =
                leg.values.iter().map(|(key, value)| format!("{key}={}", value.to_display_string())).collect();
            pairs.join(" ")
        })
        .collect()
}

#[test]
fn the_first_axis_turns_slowest() {
    assert_eq!(shown("{a: [1, 2], b: [x, y]}"), ["a=1 b=x", "a=1 b=y", "a=2 b=x", "a=2 b=y"]);
}

#[test]
fn exclude_matches_in_part_and_comes_first() {
    assert_eq!(shown("{a: [1, 2], b: [x, y], exclude: [{a: 1}, {b: Y, A: '2'}]}"), ["a=2 b=x"]);
    assert_eq!(shown("{a: [1], exclude: [{a: 1}], include: [{a: 1, b: 2}]}"), ["a=1 b=2"]);
    assert_eq!(shown("{a: [1], exclude: [{a: 1}]}"), Vec::<String>::new());
    assert_eq!(shown("{a: [{os: l, v: 1}, {os: w, v: 2}], exclude: [{a: {os: l}}]}"), ["a=Object"], "deep and partial");
}

#[test]
fn include_as_in_githubs_documentation() {
    let matrix = "{fruit: [apple, pear], animal: [cat, dog], include: [{color: green}, {color: pink, animal: cat}, \
                  {fruit: apple, shape: circle}, {fruit: banana}, {fruit: banana, animal: cat}]}";
    assert_eq!(
        shown(matrix),
        [
            "fruit=apple animal=cat color=pink shape=circle",
            "fruit=apple animal=dog color=green shape=circle",
            "fruit=pear animal=cat color=pink",
            "fruit=pear animal=dog color=green",
            "fruit=banana",
            "fruit=banana animal=cat",
        ]
    );
}

#[test]
fn include_alone_makes_legs() {
    assert_eq!(shown("{include: [{a: 1}, {a: 2, b: x}]}"), ["a=1", "a=2 b=x"]);
}

#[test]
fn names() {
    let name = |matrix: &str| leg_name("job", &legs(matrix)[0]);
    assert_eq!(name("{a: [1.50], b: [true], c: ['']}"), "job (1.5, true)");
    assert_eq!(name("{a: [1], include: [{extra: x}]}"), "job (1)", "what include adds is left out");
    assert_eq!(name("{include: [{a: 1, extra: x}]}"), "job (1, x)", "an entry of its own has its values");
    assert_eq!(name("{a: [{os: l, v: [1, 2]}]}"), "job (l, 1, 2)", "values inside count one by one");
    assert_eq!(name("{a: [null]}"), "job");
    let long = name(&format!("{{a: ['{}']}}", "é".repeat(200)));
    assert_eq!(long.chars().count(), 100);
    assert!(long.ends_with("é..."));
}

#[test]
fn bounds() {
    let axis = |count: usize| (0..count).map(|value| value.to_string()).collect::<Vec<_>>().join(", ");
    assert_eq!(legs(&format!("{{a: [{}], b: [{}]}}", axis(16), axis(16))).len(), 256);
    let value = |a: usize, b: usize| {
        let numbers = |count: usize| Value::array((0..count).map(|value| Value::Number(value as f64)));
        Value::object([("a", numbers(a)), ("b", numbers(b))])
    };
    assert_eq!(expand_matrix(&value(257, 1)).unwrap_err(), MatrixError::TooLarge { count: 257 });
    assert_eq!(expand_matrix(&value(100_000, 100_000)).unwrap_err(), MatrixError::TooLarge { count: 10_000_000_000 });
    let wide = Value::object(
        (0..60).map(|axis| (format!("a{axis}"), Value::array((0..1000).map(|value| Value::Number(f64::from(value)))))),
    );
    assert!(matches!(expand_matrix(&wide), Err(MatrixError::TooLarge { .. })));
}

#[test]
fn exclusion_counts_before_the_bound() {
    let values = Value::array((0..300).map(|value| Value::Number(f64::from(value))));
    let exclude = Value::array((0..50).map(|value| Value::object([("a", Value::Number(f64::from(value)))])));
    assert_eq!(expand_matrix(&Value::object([("a", values), ("exclude", exclude)])).unwrap().len(), 250);
}

#[test]
fn evaluated_matrices_that_are_none() {
    let object = |key: &str, value: Value| Value::object([(key, value)]);
    for (matrix, error) in [
        (Value::Null, "a matrix is a mapping, this is nothing"),
        (object("a", "x".into()), "the axis `a` is a list, this is a string"),
        (object("a", Value::array([])), "the axis `a` has no values"),
        (object("include", Value::Null), "`include` is a list of mappings, this is nothing"),
        (object("include", Value::array([])), "this matrix has no axis and no `include`, so it makes no job"),
    ] {
        assert_eq!(expand_matrix(&matrix).unwrap_err().to_string(), error);
    }
}

#[test]
fn what_the_file_shows() {
    assert_snapshot!(told("
on: push
jobs:
  a:
    runs-on: x
    strategy:
      matrix:
        os: [a, b]
        node: []
        include: [{}]
        exclude: [{oss: a}, {os: a, node: 1}]
  b:
    runs-on: x
    strategy: {matrix: {}}
  c:
    runs-on: x
    strategy: {matrix: {os: x, exclude: [a]}}
  d:
    runs-on: x
    strategy: {matrix: {a: &l [1,2,3,4,5,6,7], b: *l, c: *l}}
  e:
    runs-on: x
    strategy: {matrix: {a: '${{ fromJSON(vars.A) }}', exclude: [{b: 1}]}}
"), @r#"
    error[workflow/invalid-matrix]: the axis `node` has no values
     --> .github/workflows/ci.yml:9:9
      |
    9 |         node: []
      |         ^^^^

    error[workflow/invalid-matrix]: this `include` entry says nothing
      --> .github/workflows/ci.yml:10:19
       |
    10 |         include: [{}]
       |                   ^^

    error[workflow/invalid-matrix]: `exclude` names `oss`, which is no axis of this matrix
      --> .github/workflows/ci.yml:11:20
       |
    11 |         exclude: [{oss: a}, {os: a, node: 1}]
       |                    ^^^
       |
       = help: did you mean `os`?

    error[workflow/invalid-matrix]: this matrix has no axis and no `include`, so it makes no job
      --> .github/workflows/ci.yml:14:16
       |
    14 |     strategy: {matrix: {}}
       |                ^^^^^^

    error[workflow/wrong-type]: expected a list, found a string
      --> .github/workflows/ci.yml:17:29
       |
    17 |     strategy: {matrix: {os: x, exclude: [a]}}
       |                             ^ this is a string

    error[workflow/wrong-type]: expected a mapping, found a string
      --> .github/workflows/ci.yml:17:42
       |
    17 |     strategy: {matrix: {os: x, exclude: [a]}}
       |                                          ^ this is a string

    error[workflow/matrix-too-large]: this matrix makes 343 jobs, at most 256 are allowed
      --> .github/workflows/ci.yml:20:16
       |
    20 |     strategy: {matrix: {a: &l [1,2,3,4,5,6,7], b: *l, c: *l}}
       |                ^^^^^^

    error[workflow/invalid-matrix]: `exclude` names `b`, which is no axis of this matrix
      --> .github/workflows/ci.yml:23:66
       |
    23 |     strategy: {matrix: {a: '${{ fromJSON(vars.A) }}', exclude: [{b: 1}]}}
       |                                                                  ^
       |
       = help: the axes are a
    "#);
}
