-- Repositories. Their owner is a row of `users`: a person or an organisation.
CREATE TABLE repositories (
    id {id},
    owner_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    -- Lower case: names are found whatever their case.
    name_key TEXT NOT NULL,
    description TEXT NOT NULL,
    homepage TEXT NOT NULL,
    -- public, internal (everybody with an account), private
    visibility TEXT NOT NULL,
    default_branch TEXT NOT NULL,
    archived BOOLEAN NOT NULL,
    -- The repository it was forked from, while that exists.
    fork_of BIGINT,
    -- The first of the line of forks.
    fork_root BIGINT,
    actions_enabled BOOLEAN NOT NULL,
    -- What may be done with pull requests, as GitHub's settings are called.
    settings TEXT NOT NULL,
    topics TEXT NOT NULL,
    -- Numbers of issues and pull requests.
    next_number BIGINT NOT NULL,
    -- Bytes on the disk when they were last counted.
    size BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    pushed_at BIGINT,
    -- Being removed: nobody sees it any more.
    deleted_at BIGINT
);
CREATE UNIQUE INDEX repositories_name ON repositories (owner_id, name_key) WHERE deleted_at IS NULL;
CREATE INDEX repositories_deleted ON repositories (id) WHERE deleted_at IS NOT NULL;
CREATE INDEX repositories_fork_of ON repositories (fork_of);

-- Names that repositories had before.
CREATE TABLE repository_redirects (
    owner_id BIGINT NOT NULL,
    name_key TEXT NOT NULL,
    repo_id BIGINT NOT NULL REFERENCES repositories (id),
    PRIMARY KEY (owner_id, name_key)
);

-- What a push wants of one ref, written before git sees it. `pending` rows whose lock nobody holds are settled by looking at
-- the refs.
CREATE TABLE pushes (
    id {id},
    repo_id BIGINT NOT NULL REFERENCES repositories (id),
    -- The pushes that came together; also the name of the lock file.
    batch TEXT NOT NULL,
    -- pending, applied, refused
    state TEXT NOT NULL,
    git_ref TEXT NOT NULL,
    old TEXT NOT NULL,
    new TEXT NOT NULL,
    actor_id BIGINT,
    -- user, job
    actor_kind TEXT NOT NULL,
    -- The run whose token pushed.
    run_id BIGINT,
    -- git, api, merge, mirror …
    via TEXT NOT NULL,
    -- What else its events need, as JSON.
    facts TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    settled_at BIGINT
);
CREATE INDEX pushes_pending ON pushes (state, id) WHERE state = 'pending';
CREATE INDEX pushes_repo ON pushes (repo_id, id);

-- Pull requests whose head or base moved: their refs are made anew, then their events are told.
CREATE TABLE pull_updates (
    id {id},
    repo_id BIGINT NOT NULL REFERENCES repositories (id),
    issue_id BIGINT NOT NULL,
    -- head: its branch was pushed; base: the branch it goes into was
    kind TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    actor_id BIGINT,
    actor_kind TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX pull_updates_issue ON pull_updates (issue_id, id);

-- Branch and tag protection, and the branch protection of GitHub's API: one row a pattern.
CREATE TABLE protections (
    id {id},
    repo_id BIGINT NOT NULL REFERENCES repositories (id),
    -- branch, tag
    target TEXT NOT NULL,
    pattern TEXT NOT NULL,
    rules TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX protections_pattern ON protections (repo_id, target, pattern);

-- Large files.
CREATE TABLE lfs_objects (
    repo_id BIGINT NOT NULL REFERENCES repositories (id),
    oid TEXT NOT NULL,
    size BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (repo_id, oid)
);
CREATE TABLE lfs_locks (
    id {id},
    repo_id BIGINT NOT NULL REFERENCES repositories (id),
    path TEXT NOT NULL,
    git_ref TEXT NOT NULL,
    owner_id BIGINT NOT NULL,
    locked_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX lfs_locks_path ON lfs_locks (repo_id, path);
