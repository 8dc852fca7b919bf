//! Two files with every key there is.

use super::support::{told, told_of_action};

const WORKFLOW: &str = r#"
name: every key
description: what it does
run-name: ${{ github.actor }} runs ${{ inputs.text }}
on:
  branch_protection_rule: {types: [created]}
  check_run: {types: [completed]}
  check_suite: {types: [completed]}
  create:
  delete:
  deployment:
  deployment_status:
  discussion: {types: [answered]}
  discussion_comment: {types: created}
  fork:
  gollum:
  image_version: {types: [ready], names: [a], versions: ['1.*']}
  issue_comment: {types: [created]}
  issues: {types: [typed]}
  label: {types: [created]}
  merge_group: {types: [checks_requested], branches: [main]}
  milestone: {types: [closed]}
  page_build:
  project: {types: [created]}
  project_card: {types: [moved]}
  project_column: {types: [moved]}
  public:
  pull_request: {types: [stacked, opened], branches: [main], paths: ['src/**']}
  pull_request_comment: {types: [created]}
  pull_request_review: {types: [submitted]}
  pull_request_review_comment: {types: [created]}
  pull_request_target: {types: [opened], branches-ignore: [x], paths-ignore: ['docs/**']}
  push: {branches: [main], tags-ignore: [v0.*], paths: ['**.rs', '!x.rs']}
  registry_package: {types: [published]}
  release: {types: [released]}
  repository_dispatch: {types: [anything]}
  schedule:
    - {cron: '30 5 * * 1-5', timezone: Europe/Berlin}
  status:
  watch: {types: [started]}
  workflow_call:
    inputs:
      text: {description: d, type: string, required: true, default: x}
      flag: {type: boolean, default: false}
      count: {type: number, default: '${{ github.run_number }}'}
    secrets:
      plain:
      named: {description: d, required: true}
    outputs:
      o: {description: d, value: '${{ jobs.build.outputs.o }}'}
  workflow_dispatch:
    inputs:
      text: {description: d, type: string, required: true, default: x}
      flag: {type: boolean, default: true}
      count: {type: number, default: 1}
      place: {type: environment}
      pick: {type: choice, options: [a, b], default: b}
  workflow_run: {types: [completed], workflows: [CI], branches: [main]}
permissions:
  actions: read
  artifact-metadata: write
  attestations: none
  checks: read
  code-quality: read
  contents: write
  copilot-requests: write
  deployments: read
  discussions: read
  drives: read
  id-token: write
  issues: read
  models: read
  packages: read
  pages: read
  pull-requests: read
  repository-projects: read
  security-events: read
  statuses: read
  vulnerability-alerts: read
env: {A: 1, B: '${{ secrets.B }}', C: }
defaults: {run: {shell: bash, working-directory: src}}
concurrency: {group: 'ci-${{ github.ref }}', cancel-in-progress: '${{ github.ref != vars.MAIN }}', queue: max}
jobs:
  first: {runs-on: ubuntu-latest, concurrency: one}
  build:
    name: Build ${{ matrix.os }}
    needs: [first]
    if: ${{ !cancelled() && success('first') }}
    permissions: read-all
    strategy:
      fail-fast: false
      max-parallel: 2
      matrix:
        os: [ubuntu-latest, {name: x}]
        version: [1.10, '2']
        include: [{os: mac, extra: true}]
        exclude: [{os: ubuntu-latest, version: '2'}]
    runs-on: {group: organization/large, labels: ['${{ matrix.os }}', x64]}
    environment: {name: prod, url: '${{ steps.out.outputs.url }}', deployment: false}
    env: {T: '${{ secrets.T }}'}
    defaults: {run: {shell: '${{ matrix.extra }} {0}', working-directory: '${{ env.A }}'}}
    timeout-minutes: ${{ fromJSON('30') }}
    cancel-timeout-minutes: 2
    continue-on-error: ${{ matrix.extra == true }}
    container:
      image: alpine:${{ matrix.version }}
      options: --cpus 1
      env: {A: '${{ secrets.A }}'}
      ports: [80, '${{ matrix.extra }}']
      volumes: ['/a:/b']
      credentials: {username: u, password: '${{ secrets.P }}'}
    services:
      db:
        image: postgres:17
        options: --health-cmd x
        env: {A: b}
        ports: ['5432:5432']
        volumes: [a]
        credentials: {username: u, password: p}
        entrypoint: sh
        command: -c true
      cache: redis
    outputs: {o: '${{ steps.out.outputs.o }}'}
    snapshot: {image-name: mine, if: github.ref == 'x', version: 2.*}
    steps:
      - name: run ${{ matrix.os }}
        id: out
        if: hashFiles('**/lock') != ''
        run: echo ${{ hashFiles('a') }} ${{ job.status }} ${{ runner.os }} ${{ strategy.job-index }}
        shell: bash
        working-directory: ${{ env.A }}
        env: {X: "${{ env.A }}", Y: true}
        continue-on-error: true
        timeout-minutes: 1
        background: true
      - name: uses
        id: checkout
        if: always()
        uses: actions/checkout@v5
        with: {fetch-depth: 0, ref: '${{ github.sha }}'}
        env: {A: b}
        continue-on-error: ${{ true }}
        timeout-minutes: 2
        background: false
      - {name: wait, id: w, wait: [out], continue-on-error: true}
      - {name: all, id: wa, wait-all: , continue-on-error: true}
      - {name: cancel, id: c, cancel: out, continue-on-error: true}
      - parallel:
          - run: a
          - uses: ./b
  call:
    name: Call
    needs: build
    if: success()
    permissions: {contents: read}
    concurrency: {group: x, queue: single}
    strategy: {matrix: {a: [1]}}
    uses: o/r/.github/workflows/x.yml@v1
    with: {a: '${{ needs.build.outputs.o }}', b: 1, c: true, d: '${{ matrix.a }}'}
    secrets: {A: '${{ secrets.A }}'}
  inherits:
    uses: ./.github/workflows/x.yml
    secrets: inherit
"#;

const ACTIONS: [&str; 3] = [
    "
name: every key
description: d
author: me
inputs:
  a: {description: d, required: true, default: '${{ github.token }}', deprecationMessage: m, other: [1]}
  b:
outputs:
  o: {description: d}
branding: {icon: anchor, color: gray-dark}
runs: {using: node24, main: m.js, pre: p.js, pre-if: success(), post: q.js, post-if: \"always() && runner.os == 'Linux'\"}
",
    "
name: docker
description: d
inputs: {a: {}}
runs:
  using: docker
  image: docker://alpine
  entrypoint: e
  args: ['${{ inputs.a }}', b]
  env: {A: '${{ inputs.a }}'}
  pre-entrypoint: p
  pre-if: always()
  post-entrypoint: q
  post-if: failure()
",
    "
name: composite
description: d
inputs: {a: {}}
outputs:
  o: {description: d, value: '${{ steps.one.outputs.x }}'}
runs:
  using: composite
  steps:
    - {name: n, id: one, if: 'inputs.a', run: 'echo ${{ inputs.a }}', shell: bash, env: {A: b}, continue-on-error: true, working-directory: x}
    - {name: n, id: two, if: always(), uses: o/r@v1, with: {a: '${{ steps.one.outcome }}'}, env: {A: b}, continue-on-error: false}
",
];

#[test]
fn every_key_is_taken() {
    assert_eq!(told(WORKFLOW), "");
}

#[test]
fn every_key_of_actions_is_taken() {
    for text in ACTIONS {
        assert_eq!(told_of_action(text), "");
    }
}
