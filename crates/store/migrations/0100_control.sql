-- What happened. Written in the transaction of the change; `control` makes verdicts and runs of it, webhooks are sent from it.
CREATE TABLE events (
    id {id},
    repo_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    action TEXT,
    git_ref TEXT NOT NULL,
    before_sha TEXT,
    sha TEXT NOT NULL,
    -- JSON: what the gates look at beyond the columns.
    facts TEXT NOT NULL,
    actor_id BIGINT,
    actor_login TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    -- JSON: GitHub's webhook payload.
    payload TEXT NOT NULL,
    -- pending, done, or failed after too many attempts
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    error TEXT,
    not_before BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    done_at BIGINT
);
CREATE INDEX events_pending ON events (repo_id, id) WHERE state = 'pending';
CREATE INDEX events_of_repo ON events (repo_id, id);
CREATE INDEX events_troubled ON events (id) WHERE state = 'failed' OR (state = 'pending' AND attempts > 0);

CREATE TABLE workflows (
    id {id},
    repo_id BIGINT NOT NULL,
    path TEXT NOT NULL,
    name TEXT NOT NULL,
    -- active, disabled_manually, disabled_inactivity, deleted
    state TEXT NOT NULL,
    next_run_number BIGINT NOT NULL,
    -- how many there are
    runs BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (repo_id, path)
);

-- One for every workflow of every event, whether or not it ran.
CREATE TABLE verdicts (
    event_id BIGINT NOT NULL,
    workflow_path TEXT NOT NULL,
    repo_id BIGINT NOT NULL,
    workflow_name TEXT NOT NULL,
    -- yes, no, awaits_approval, undetermined
    runs TEXT NOT NULL,
    gate TEXT NOT NULL,
    reason TEXT NOT NULL,
    line BIGINT,
    col BIGINT,
    -- JSON: how subjects fared against patterns.
    evidence TEXT NOT NULL,
    run_id BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (event_id, workflow_path)
);
CREATE INDEX verdicts_of_run ON verdicts (run_id);

CREATE TABLE runs (
    id {id},
    repo_id BIGINT NOT NULL,
    workflow_id BIGINT NOT NULL,
    workflow_path TEXT NOT NULL,
    workflow_name TEXT NOT NULL,
    title TEXT NOT NULL,
    event_id BIGINT NOT NULL,
    event_name TEXT NOT NULL,
    number BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    -- queued, waiting, action_required, in_progress, completed
    status TEXT NOT NULL,
    conclusion TEXT,
    reason TEXT,
    head_sha TEXT NOT NULL,
    -- NULL for tags
    head_branch TEXT,
    git_ref TEXT NOT NULL,
    head_repo_id BIGINT,
    pull_number BIGINT,
    actor_id BIGINT,
    actor_login TEXT NOT NULL,
    trigger_login TEXT NOT NULL,
    -- full, dependabot, none: which secrets it gets
    trust TEXT NOT NULL,
    -- how many workflow_run events led here
    chain BIGINT NOT NULL,
    priority BIGINT NOT NULL,
    suite_id BIGINT,
    created_at BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    completed_at BIGINT,
    UNIQUE (event_id, workflow_path),
    UNIQUE (workflow_id, number)
);
CREATE INDEX runs_of_repo ON runs (repo_id, id);
-- Lists by one thing, newest first, with what they are narrowed by further: the rows themselves are read for one page only.
CREATE INDEX runs_of_workflow ON runs (repo_id, workflow_id, id, event_name, pull_number);
CREATE INDEX runs_by_status ON runs (repo_id, status, id, workflow_id, event_name, pull_number);
CREATE INDEX runs_by_conclusion ON runs (repo_id, conclusion, id, workflow_id, event_name, pull_number);
CREATE INDEX runs_by_branch ON runs (repo_id, head_branch, id, workflow_id, event_name, status, conclusion, actor_login, pull_number);
CREATE INDEX runs_by_event ON runs (repo_id, event_name, id, pull_number);
CREATE INDEX runs_by_actor ON runs (repo_id, actor_login, id, workflow_id, event_name, status, conclusion, pull_number);
CREATE INDEX runs_by_suite ON runs (repo_id, suite_id) WHERE suite_id IS NOT NULL;
CREATE INDEX runs_by_time ON runs (repo_id, created_at, id);
CREATE INDEX runs_by_sha ON runs (repo_id, head_sha, id);
CREATE INDEX runs_open ON runs (id) WHERE status <> 'completed';

CREATE TABLE run_attempts (
    id {id},
    run_id BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    -- What the run was told: contexts, secrets, workflow files, selection. An envelope.
    sealed {bytes} NOT NULL,
    debug BOOLEAN NOT NULL,
    status TEXT NOT NULL,
    conclusion TEXT,
    trigger_id BIGINT,
    trigger_login TEXT NOT NULL,
    next_input BIGINT NOT NULL,
    next_event BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    completed_at BIGINT,
    UNIQUE (run_id, attempt)
);

-- The engine's log: the state is what these make of it.
CREATE TABLE run_inputs (
    run_id BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    input TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (run_id, attempt, seq)
);

-- Inputs that other transactions have for a run; taken in by the next step of it.
CREATE TABLE run_inbox (
    id {id},
    run_id BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    input TEXT NOT NULL,
    not_before BIGINT NOT NULL
);
CREATE INDEX run_inbox_of_run ON run_inbox (run_id, id);

CREATE TABLE run_events (
    run_id BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    leg BIGINT,
    at BIGINT NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (run_id, attempt, seq)
);

CREATE TABLE jobs (
    id {id},
    run_id BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    leg BIGINT NOT NULL,
    repo_id BIGINT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    needs TEXT NOT NULL,
    matrix TEXT,
    -- a call of a reusable workflow
    call BOOLEAN NOT NULL,
    -- planned, waiting, queued, in_progress, completed
    status TEXT NOT NULL,
    conclusion TEXT,
    reason TEXT,
    labels TEXT NOT NULL,
    -- the labels in lower case and order, by which jobs are matched with runners
    labels_key TEXT NOT NULL,
    runner_group TEXT,
    priority BIGINT NOT NULL,
    sealed {bytes},
    environment TEXT,
    environment_url TEXT,
    deployment_id BIGINT,
    check_id BIGINT,
    runner_id BIGINT,
    runner_name TEXT,
    fence BIGINT NOT NULL,
    -- the runner's own name for the claim
    claim_id TEXT,
    lease_until BIGINT,
    lost_count BIGINT NOT NULL,
    -- cancel is polite, kill is not
    cancel BOOLEAN NOT NULL,
    kill BOOLEAN NOT NULL,
    deadline BIGINT,
    -- of the claim: the number of the runner's last event
    last_event BIGINT NOT NULL,
    outputs TEXT NOT NULL,
    first_error TEXT,
    created_at BIGINT NOT NULL,
    queued_at BIGINT,
    started_at BIGINT,
    completed_at BIGINT,
    UNIQUE (run_id, attempt, leg)
);
-- In the order in which jobs are taken; with what decides who may, so that a long queue is looked over in the index alone.
CREATE INDEX jobs_queued ON jobs (repo_id, labels_key, priority DESC, id, runner_group, queued_at, status) WHERE status = 'queued';
CREATE INDEX jobs_in_progress ON jobs (repo_id, lease_until) WHERE status = 'in_progress';
CREATE INDEX jobs_of_runner ON jobs (runner_id) WHERE status = 'in_progress';
CREATE UNIQUE INDEX jobs_by_claim ON jobs (runner_id, claim_id) WHERE claim_id IS NOT NULL;

CREATE TABLE runner_groups (
    id {id},
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    -- server, organization, repository; with its id
    scope TEXT NOT NULL,
    scope_id BIGINT NOT NULL,
    -- all, or the repositories in runner_group_repos
    visibility TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (scope, scope_id, name_key)
);
CREATE TABLE runner_group_repos (
    group_id BIGINT NOT NULL,
    repo_id BIGINT NOT NULL,
    PRIMARY KEY (group_id, repo_id)
);
CREATE TABLE runners (
    id {id},
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    group_id BIGINT NOT NULL,
    scope TEXT NOT NULL,
    scope_id BIGINT NOT NULL,
    labels TEXT NOT NULL,
    os TEXT NOT NULL,
    arch TEXT NOT NULL,
    version TEXT NOT NULL,
    slots BIGINT NOT NULL,
    ephemeral BOOLEAN NOT NULL,
    draining BOOLEAN NOT NULL,
    -- an ephemeral one has had its job
    used BOOLEAN NOT NULL,
    -- one of its leases ran out, and it has said nothing since
    given_up BOOLEAN NOT NULL,
    seen_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (group_id, name_key)
);

-- Concurrency groups: who has one (held) and who waits, in order of id.
CREATE TABLE concurrency (
    id {id},
    repo_id BIGINT NOT NULL,
    name_key TEXT NOT NULL,
    name TEXT NOT NULL,
    run_id BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    -- w0 is the run's own workflow, l3 its third job
    holder TEXT NOT NULL,
    held BOOLEAN NOT NULL,
    -- JSON: keys of the groups that it does not give back before it ends
    inside TEXT NOT NULL,
    since BIGINT NOT NULL,
    UNIQUE (run_id, attempt, holder)
);
CREATE INDEX concurrency_of_group ON concurrency (repo_id, name_key, id);

CREATE TABLE environments (
    id {id},
    repo_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    wait_minutes BIGINT NOT NULL,
    -- how many of the reviewers must approve
    approvals BIGINT NOT NULL,
    prevent_self_review BOOLEAN NOT NULL,
    admins_bypass BOOLEAN NOT NULL,
    -- all, protected (branches with protection), custom (the policies below)
    branch_policy TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (repo_id, name_key)
);
CREATE TABLE environment_reviewers (
    environment_id BIGINT NOT NULL,
    -- User or Team
    kind TEXT NOT NULL,
    reviewer_id BIGINT NOT NULL,
    PRIMARY KEY (environment_id, kind, reviewer_id)
);
CREATE TABLE environment_policies (
    id {id},
    environment_id BIGINT NOT NULL,
    -- branch or tag
    kind TEXT NOT NULL,
    pattern TEXT NOT NULL,
    UNIQUE (environment_id, kind, pattern)
);
-- Gates of one's own: a webhook asks, the answer comes back by its callback.
CREATE TABLE environment_gates (
    id {id},
    environment_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    sealed {bytes},
    enabled BOOLEAN NOT NULL,
    UNIQUE (environment_id, name)
);

-- A job that waits for its environment.
CREATE TABLE gates (
    id {id},
    job_id BIGINT NOT NULL UNIQUE,
    run_id BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    leg BIGINT NOT NULL,
    repo_id BIGINT NOT NULL,
    environment_id BIGINT NOT NULL,
    environment TEXT NOT NULL,
    -- waiting, approved, rejected, withdrawn
    state TEXT NOT NULL,
    approvals_needed BIGINT NOT NULL,
    wait_until BIGINT,
    waiting_since BIGINT NOT NULL,
    decided_at BIGINT
);
CREATE INDEX gates_waiting ON gates (run_id) WHERE state = 'waiting';
CREATE TABLE gate_reviews (
    gate_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    login TEXT NOT NULL,
    -- approved, rejected, bypassed
    state TEXT NOT NULL,
    comment TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (gate_id, user_id)
);
CREATE TABLE gate_requests (
    id {id},
    gate_id BIGINT NOT NULL,
    environment_gate_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    -- waiting, approved, rejected
    state TEXT NOT NULL,
    comment TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    sealed_token {bytes},
    delivered_at BIGINT,
    attempts BIGINT NOT NULL,
    next_attempt BIGINT NOT NULL,
    UNIQUE (gate_id, environment_gate_id)
);

CREATE TABLE deployments (
    id {id},
    repo_id BIGINT NOT NULL,
    run_id BIGINT,
    job_id BIGINT,
    environment TEXT NOT NULL,
    sha TEXT NOT NULL,
    git_ref TEXT NOT NULL,
    task TEXT NOT NULL,
    payload TEXT NOT NULL,
    description TEXT NOT NULL,
    transient BOOLEAN NOT NULL,
    production BOOLEAN NOT NULL,
    creator_id BIGINT,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX deployments_of_repo ON deployments (repo_id, environment, id);
CREATE TABLE deployment_statuses (
    id {id},
    deployment_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    description TEXT NOT NULL,
    environment_url TEXT NOT NULL,
    log_url TEXT NOT NULL,
    creator_id BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX deployment_statuses_of ON deployment_statuses (deployment_id, id);

CREATE TABLE schedules (
    id {id},
    repo_id BIGINT NOT NULL,
    workflow_path TEXT NOT NULL,
    cron TEXT NOT NULL,
    timezone TEXT NOT NULL,
    actor_id BIGINT,
    actor_login TEXT NOT NULL,
    -- the minute that was fired last, and the one that comes next
    last_minute BIGINT NOT NULL,
    next_minute BIGINT,
    UNIQUE (repo_id, workflow_path, cron, timezone)
);
CREATE INDEX schedules_next ON schedules (next_minute);
