-- Artifacts of runs; their content is an object.
CREATE TABLE artifacts (
    id {id},
    repo_id BIGINT NOT NULL,
    run_id BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    job_id BIGINT NOT NULL,
    -- The claim of the job that uploaded it.
    fence BIGINT NOT NULL,
    -- The leg, as its owner is told.
    leg TEXT NOT NULL,
    name TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    -- sha256:…
    digest TEXT NOT NULL,
    -- None once it has expired.
    object TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    UNIQUE (run_id, attempt, name)
);
CREATE INDEX artifacts_by_repo ON artifacts (repo_id, id);
CREATE INDEX artifacts_by_expiry ON artifacts (expires_at) WHERE object IS NOT NULL;

-- Caches of repositories; their content is an object.
CREATE TABLE caches (
    id {id},
    repo_id BIGINT NOT NULL,
    repository TEXT NOT NULL,
    -- The full ref it was saved for.
    scope TEXT NOT NULL,
    cache_key TEXT NOT NULL,
    version TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    object TEXT NOT NULL,
    run_id TEXT NOT NULL,
    job TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    UNIQUE (repo_id, scope, cache_key, version)
);
CREATE INDEX caches_by_use ON caches (repo_id, used_at);

-- Content on its way: announced, and not complete yet.
CREATE TABLE uploads (
    id {id},
    repo_id BIGINT NOT NULL,
    run_id BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    job_id BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    -- As GitHub's clients know the job.
    backend_id TEXT NOT NULL,
    -- artifact or cache
    kind TEXT NOT NULL,
    -- The artifact's name, or the cache's key.
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    -- The cache's scope; the artifact's media type.
    detail TEXT NOT NULL,
    expires_at BIGINT,
    -- The content, once it is committed.
    object TEXT,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    -- JSON: the list of blocks that it was joined from.
    blocks TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX uploads_by_job ON uploads (job_id);
CREATE INDEX uploads_by_name ON uploads (repo_id, kind, name);

CREATE TABLE upload_parts (
    upload_id BIGINT NOT NULL,
    -- The block's id, or the offset of a range.
    part TEXT NOT NULL,
    object TEXT NOT NULL,
    size BIGINT NOT NULL,
    PRIMARY KEY (upload_id, part)
);
