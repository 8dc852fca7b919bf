//! Expressions: where they may stand, what they may name, and where an error points.

use insta::assert_snapshot;

use super::support::told;

#[test]
fn contexts_of_each_place() {
    assert_snapshot!(told("
on: push
run-name: ${{ env.X }}
env:
  A: ${{ secrets.A }} ${{ matrix.b }}
jobs:
  a:
    runs-on: ${{ steps.x }}
    if: secrets.TOKEN != ''
    steps:
      - if: secrets.TOKEN
        run: echo ${{ needz.a }} ${{ hashfile('x') }}
"), @r#"
    error[workflow/invalid-expression]: Unrecognized named-value: 'env'. Located at position 1 within expression: env.X
     --> .github/workflows/ci.yml:3:15
      |
    3 | run-name: ${{ env.X }}
      |               ^^^ not known here
      |
      = help: known here: github, inputs, vars

    error[workflow/invalid-expression]: Unrecognized named-value: 'matrix'. Located at position 1 within expression: matrix.b
     --> .github/workflows/ci.yml:5:27
      |
    5 |   A: ${{ secrets.A }} ${{ matrix.b }}
      |                           ^^^^^^ not known here
      |
      = help: known here: github, inputs, vars, secrets

    error[workflow/invalid-expression]: Unrecognized named-value: 'steps'. Located at position 1 within expression: steps.x
     --> .github/workflows/ci.yml:8:18
      |
    8 |     runs-on: ${{ steps.x }}
      |                  ^^^^^ not known here
      |
      = help: known here: github, inputs, vars, needs, strategy, matrix

    error[workflow/invalid-expression]: Unrecognized named-value: 'secrets'. Located at position 1 within expression: secrets.TOKEN != ''
     --> .github/workflows/ci.yml:9:9
      |
    9 |     if: secrets.TOKEN != ''
      |         ^^^^^^^ not known here
      |
      = help: known here: github, inputs, vars, needs

    error[workflow/invalid-expression]: Unrecognized named-value: 'secrets'. Located at position 1 within expression: secrets.TOKEN
      --> .github/workflows/ci.yml:11:13
       |
    11 |       - if: secrets.TOKEN
       |             ^^^^^^^ not known here
       |
       = help: known here: github, inputs, vars, needs, strategy, matrix, steps, job, runner, env

    error[workflow/invalid-expression]: Unrecognized named-value: 'needz'. Located at position 1 within expression: needz.a
      --> .github/workflows/ci.yml:12:23
       |
    12 |         run: echo ${{ needz.a }} ${{ hashfile('x') }}
       |                       ^^^^^ not known here
       |
       = help: did you mean `needs`?
       = help: known here: github, inputs, vars, needs, strategy, matrix, secrets, steps, job, runner, env

    error[workflow/invalid-expression]: Unrecognized function: 'hashfile'. Located at position 1 within expression: hashfile('x')
      --> .github/workflows/ci.yml:12:38
       |
    12 |         run: echo ${{ needz.a }} ${{ hashfile('x') }}
       |                                      ^^^^^^^^ not known here
       |
       = help: did you mean `hashFiles`?
       = help: known here: hashFiles, case, contains, endsWith, format, fromJSON, join, startsWith, toJSON
    "#);
}

#[test]
fn no_expression_here() {
    assert_snapshot!(told("
on:
  push:
    branches: ['${{ github.ref }}']
name: ${{ github.ref }}
jobs:
  a:
    needs: ${{ github.ref }}
    runs-on: x
    steps:
      - uses: a/b@${{ github.ref }}
      - id: ${{ github.ref }}
        run: x
        shell: ${{ github.ref }}
"), @r#"
    error[workflow/expression-not-allowed]: no expression can stand here
     --> .github/workflows/ci.yml:4:17
      |
    4 |     branches: ['${{ github.ref }}']
      |                 ^^^^^^^^^^^^^^^^^
      |
      = help: write the value itself: it is read before anything is evaluated

    error[workflow/expression-not-allowed]: no expression can stand here
     --> .github/workflows/ci.yml:5:7
      |
    5 | name: ${{ github.ref }}
      |       ^^^^^^^^^^^^^^^^^
      |
      = help: write the value itself: it is read before anything is evaluated

    error[workflow/expression-not-allowed]: no expression can stand here
     --> .github/workflows/ci.yml:8:12
      |
    8 |     needs: ${{ github.ref }}
      |            ^^^^^^^^^^^^^^^^^
      |
      = help: write the value itself: it is read before anything is evaluated

    error[workflow/expression-not-allowed]: no expression can stand here
      --> .github/workflows/ci.yml:11:19
       |
    11 |       - uses: a/b@${{ github.ref }}
       |                   ^^^^^^^^^^^^^^^^^
       |
       = help: write the value itself: it is read before anything is evaluated

    error[workflow/expression-not-allowed]: no expression can stand here
      --> .github/workflows/ci.yml:12:13
       |
    12 |       - id: ${{ github.ref }}
       |             ^^^^^^^^^^^^^^^^^
       |
       = help: write the value itself: it is read before anything is evaluated

    error[workflow/expression-not-allowed]: no expression can stand here
      --> .github/workflows/ci.yml:14:16
       |
    14 |         shell: ${{ github.ref }}
       |                ^^^^^^^^^^^^^^^^^
       |
       = help: write the value itself: it is read before anything is evaluated
    "#);
}

#[test]
fn an_escaped_expression_is_text() {
    assert_snapshot!(told("
on: push
name: ${{ '${{ name }}' }}
jobs:
  a:
    runs-on: x
"), @"");
}

#[test]
fn errors_point_into_block_scalars() {
    assert_snapshot!(told("
on: push
jobs:
  a:
    runs-on: x
    steps:
      - run: |
          echo one
          echo ${{ github.sha }} ${{ githib.ref }}
      - run: >
          folded
          ${{ 1 + 1 }}
      - run: \"quoted \\t ${{ nope.x }}\"
      - run: echo ${{ github.sha
"), @r#"
    error[workflow/invalid-expression]: Unrecognized named-value: 'githib'. Located at position 1 within expression: githib.ref
     --> .github/workflows/ci.yml:9:38
      |
    9 |           echo ${{ github.sha }} ${{ githib.ref }}
      |                                      ^^^^^^ not known here
      |
      = help: did you mean `github`?
      = help: known here: github, inputs, vars, needs, strategy, matrix, secrets, steps, job, runner, env

    error[workflow/invalid-expression]: Unexpected symbol: '+'. Located at position 3 within expression: 1 + 1
      --> .github/workflows/ci.yml:12:17
       |
    12 |           ${{ 1 + 1 }}
       |                 ^

    error[workflow/invalid-expression]: Unrecognized named-value: 'nope'. Located at position 1 within expression: nope.x
      --> .github/workflows/ci.yml:13:29
       |
    13 |       - run: "quoted \t ${{ nope.x }}"
       |                             ^^^^ not known here
       |
       = help: known here: github, inputs, vars, needs, strategy, matrix, secrets, steps, job, runner, env

    error[workflow/invalid-expression]: The expression is not closed. An unescaped ${{ sequence was found, but the closing }} sequence was not found.
      --> .github/workflows/ci.yml:14:19
       |
    14 |       - run: echo ${{ github.sha
       |                   ^^^^^^^^^^^^^^
    "#);
}

#[test]
fn conditions() {
    assert_snapshot!(told("
on: push
jobs:
  a:
    if: success('b') && failure()
    runs-on: x
    steps:
      - if: success('x')
        run: x
      - if: ${{ github.ref }} == 'x'
        run: x
      - if: |
          ${{ github.ref == 'x' }}
        run: x
      - if: always
        run: x
      - if: true
        run: x
      - if: ''
        run: x
      - if: 'a ='
        run: x
"), @r#"
    error[workflow/invalid-expression]: Too many parameters supplied: 'success'. Located at position 1 within expression: success('x')
     --> .github/workflows/ci.yml:8:13
      |
    8 |       - if: success('x')
      |             ^^^^^^^

    warning[workflow/condition-always-true]: this condition is always true
      --> .github/workflows/ci.yml:10:13
       |
    10 |       - if: ${{ github.ref }} == 'x'
       |             ^^^^^^^^^^^^^^^^^^^^^^^^ the text outside `${{ }}` makes it a string
       |
       = help: put the whole condition into one `${{ }}`, or leave out `${{` and `}}`

    warning[workflow/condition-always-true]: this condition is always true
      --> .github/workflows/ci.yml:12:13
       |
    12 |         - if: |
       |  _____________^
    13 | |           ${{ github.ref == 'x' }}
       | |__________________________________^ the line break outside `${{ }}` makes it a string
       |
       = help: end the block with `|-` or `>-`, or leave out `${{` and `}}`

    error[workflow/invalid-expression]: Unrecognized named-value: 'always'. Located at position 1 within expression: always
      --> .github/workflows/ci.yml:15:13
       |
    15 |       - if: always
       |             ^^^^^^ not known here
       |
       = help: did you mean `always()`?
       = help: known here: github, inputs, vars, needs, strategy, matrix, steps, job, runner, env

    error[workflow/invalid-expression]: Unrecognized named-value: 'a'. Located at position 1 within expression: a =
      --> .github/workflows/ci.yml:21:14
       |
    21 |       - if: 'a ='
       |              ^ not known here
       |
       = help: known here: github, inputs, vars, needs, strategy, matrix, steps, job, runner, env
    "#);
}

#[test]
fn properties_that_the_file_knows() {
    assert_snapshot!(told("
on:
  workflow_dispatch:
    inputs:
      version: {}
  workflow_call:
    outputs:
      o: {value: '${{ jobs.bulid.outputs.v }}'}
      p: {value: '${{ jobs.build.outputs.w }}'}
jobs:
  build:
    runs-on: x
    outputs:
      v: ${{ steps.missing.outputs.v }}
      ok: ${{ steps.one.outputs.v }}
    strategy:
      matrix:
        os: [a]
        include:
          - extra: 1
    steps:
      - run: echo ${{ steps.one.outputs.v }}
      - id: one
        run: echo ${{ matrix.oss }} ${{ matrix.extra }} ${{ inputs.verison }}
      - run: echo ${{ steps.one.output.v }} ${{ needs.build.result }}
  last:
    needs: build
    runs-on: x
    steps:
      - run: echo ${{ needs.build.outputs.x }} ${{ needs.build.outputs.v }} ${{ needs.*.result }} ${{ matrix.a }}
"), @r#"
    warning[workflow/unknown-job]: there is no job `bulid`
     --> .github/workflows/ci.yml:8:23
      |
    8 |       o: {value: '${{ jobs.bulid.outputs.v }}'}
      |                       ^^^^^^^^^^^^^^^^^^^^ this is always empty
      |
      = help: did you mean `build`?

    warning[workflow/unknown-output]: the job `build` has no output `w`
     --> .github/workflows/ci.yml:9:23
      |
    9 |       p: {value: '${{ jobs.build.outputs.w }}'}
      |                       ^^^^^^^^^^^^^^^^^^^^ this is always empty
      |
      = help: known here: v, ok

    warning[workflow/unknown-step]: there is no step with the id `missing`
      --> .github/workflows/ci.yml:14:14
       |
    14 |       v: ${{ steps.missing.outputs.v }}
       |              ^^^^^^^^^^^^^^^^^^^^^^^ this is always empty
       |
       = help: known here: one

    warning[workflow/unknown-step]: the step `one` does not come before this one
      --> .github/workflows/ci.yml:22:23
       |
    22 |       - run: echo ${{ steps.one.outputs.v }}
       |                       ^^^^^^^^^^^^^^^^^^^ this is always empty

    warning[workflow/unknown-matrix-key]: the matrix has no `oss`
      --> .github/workflows/ci.yml:24:23
       |
    24 |         run: echo ${{ matrix.oss }} ${{ matrix.extra }} ${{ inputs.verison }}
       |                       ^^^^^^^^^^ this is always empty
       |
       = help: did you mean `os`?

    warning[workflow/unknown-input]: there is no input `verison`
      --> .github/workflows/ci.yml:24:61
       |
    24 |         run: echo ${{ matrix.oss }} ${{ matrix.extra }} ${{ inputs.verison }}
       |                                                             ^^^^^^^^^^^^^^ this is always empty
       |
       = help: did you mean `version`?

    warning[workflow/unknown-step]: a step has no `output`
      --> .github/workflows/ci.yml:25:23
       |
    25 |       - run: echo ${{ steps.one.output.v }} ${{ needs.build.result }}
       |                       ^^^^^^^^^^^^^^^^^^ this is always empty
       |
       = help: did you mean `outputs`?

    warning[workflow/unknown-needs-context]: the job `build` does not need `build`
      --> .github/workflows/ci.yml:25:49
       |
    25 |       - run: echo ${{ steps.one.output.v }} ${{ needs.build.result }}
       |                                                 ^^^^^^^^^^^^^^^^^^ this is always empty

    warning[workflow/unknown-output]: the job `build` has no output `x`
      --> .github/workflows/ci.yml:30:23
       |
    30 |       - run: echo ${{ needs.build.outputs.x }} ${{ needs.build.outputs.v }} ${{ needs.*.result }} ${{ matrix.a }}
       |                       ^^^^^^^^^^^^^^^^^^^^^ this is always empty
       |
       = help: known here: v, ok

    warning[workflow/unknown-matrix-key]: the matrix has no `a`
      --> .github/workflows/ci.yml:30:103
       |
    30 |       - run: echo ${{ needs.build.outputs.x }} ${{ needs.build.outputs.v }} ${{ needs.*.result }} ${{ matrix.a }}
       |                                                                                                       ^^^^^^^^ this is always empty
    "#);
}

#[test]
fn a_dynamic_matrix_knows_nothing() {
    assert_snapshot!(told("
on: push
jobs:
  a:
    runs-on: ${{ matrix.os }}
    strategy:
      matrix: ${{ fromJSON(vars.MATRIX) }}
  b:
    runs-on: ${{ matrix.os }}
    strategy:
      matrix:
        a: [1]
        include: ${{ fromJSON(vars.MATRIX) }}
"), @"");
}
