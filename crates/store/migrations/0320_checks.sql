CREATE TABLE statuses (
    id {id},
    repo_id BIGINT NOT NULL REFERENCES repositories (id),
    sha TEXT NOT NULL,
    context TEXT NOT NULL,
    -- error, failure, pending, success
    state TEXT NOT NULL,
    target_url TEXT,
    description TEXT,
    creator_id BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX statuses_sha ON statuses (repo_id, sha, id);

CREATE TABLE check_suites (
    id {id},
    repo_id BIGINT NOT NULL REFERENCES repositories (id),
    head_sha TEXT NOT NULL,
    head_branch TEXT,
    -- Who reports: `github-actions` for the runs of this server, else the name of an application.
    app TEXT NOT NULL,
    -- The workflow run it belongs to.
    run_id BIGINT,
    before TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX check_suites_sha ON check_suites (repo_id, head_sha, id);
CREATE UNIQUE INDEX check_suites_run ON check_suites (run_id);

CREATE TABLE check_runs (
    id {id},
    repo_id BIGINT NOT NULL REFERENCES repositories (id),
    suite_id BIGINT NOT NULL REFERENCES check_suites (id),
    head_sha TEXT NOT NULL,
    name TEXT NOT NULL,
    -- queued, in_progress, waiting, pending, completed
    status TEXT NOT NULL,
    -- success, failure, neutral, cancelled, skipped, timed_out, action_required, stale
    conclusion TEXT,
    external_id TEXT NOT NULL,
    details_url TEXT,
    -- Who made it may update it, whatever writes for the same job: one row for each of its keys.
    source_key TEXT,
    started_at BIGINT,
    completed_at BIGINT,
    output TEXT NOT NULL,
    annotations TEXT NOT NULL,
    actions TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX check_runs_sha ON check_runs (repo_id, head_sha, id);
CREATE INDEX check_runs_suite ON check_runs (suite_id, id);
CREATE UNIQUE INDEX check_runs_source ON check_runs (repo_id, source_key);

CREATE TABLE releases (
    id {id},
    repo_id BIGINT NOT NULL REFERENCES repositories (id),
    tag TEXT NOT NULL,
    target TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    draft BOOLEAN NOT NULL,
    prerelease BOOLEAN NOT NULL,
    author_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    published_at BIGINT
);
CREATE INDEX releases_repo ON releases (repo_id, id);
CREATE UNIQUE INDEX releases_tag ON releases (repo_id, tag) WHERE draft = FALSE;

CREATE TABLE release_assets (
    id {id},
    release_id BIGINT NOT NULL REFERENCES releases (id),
    name TEXT NOT NULL,
    label TEXT,
    content_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    digest TEXT NOT NULL,
    downloads BIGINT NOT NULL,
    uploader_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX release_assets_name ON release_assets (release_id, name);
