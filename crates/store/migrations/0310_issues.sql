-- Issues, and pull requests, which are issues with a row in `pulls`.
CREATE TABLE issues (
    id {id},
    repo_id BIGINT NOT NULL REFERENCES repositories (id),
    number BIGINT NOT NULL,
    is_pull BOOLEAN NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    -- open, closed
    state TEXT NOT NULL,
    state_reason TEXT,
    author_id BIGINT NOT NULL,
    -- As the author's payloads say: user, job, dependabot
    author_kind TEXT NOT NULL,
    assignees TEXT NOT NULL,
    locked BOOLEAN NOT NULL,
    closed_by BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    closed_at BIGINT
);
CREATE UNIQUE INDEX issues_number ON issues (repo_id, number);
CREATE INDEX issues_open ON issues (repo_id, is_pull, state, number);

CREATE TABLE pulls (
    issue_id BIGINT PRIMARY KEY REFERENCES issues (id),
    repo_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    head_repo_id BIGINT,
    -- Short names of branches.
    head_ref TEXT NOT NULL,
    head_sha TEXT NOT NULL,
    base_ref TEXT NOT NULL,
    base_sha TEXT NOT NULL,
    draft BOOLEAN NOT NULL,
    maintainer_can_modify BOOLEAN NOT NULL,
    -- The commit `refs/pull/N/merge` points to; of which base and head it was made; null while nobody tried.
    merge_sha TEXT,
    merge_of TEXT,
    mergeable BOOLEAN,
    merged BOOLEAN NOT NULL,
    merged_at BIGINT,
    merged_by BIGINT,
    -- The commit on the base branch.
    merge_commit_sha TEXT,
    auto_merge TEXT
);
CREATE UNIQUE INDEX pulls_number ON pulls (repo_id, number);
CREATE INDEX pulls_head ON pulls (head_repo_id, head_ref);
CREATE INDEX pulls_base ON pulls (repo_id, base_ref);
CREATE INDEX pulls_auto_merge ON pulls (issue_id) WHERE auto_merge IS NOT NULL;

CREATE TABLE labels (
    id {id},
    repo_id BIGINT NOT NULL REFERENCES repositories (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    color TEXT NOT NULL,
    description TEXT
);
CREATE UNIQUE INDEX labels_name ON labels (repo_id, name_key);
CREATE TABLE issue_labels (
    issue_id BIGINT NOT NULL REFERENCES issues (id),
    label_id BIGINT NOT NULL REFERENCES labels (id),
    PRIMARY KEY (issue_id, label_id)
);

CREATE TABLE comments (
    id {id},
    repo_id BIGINT NOT NULL REFERENCES repositories (id),
    issue_id BIGINT NOT NULL REFERENCES issues (id),
    author_id BIGINT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX comments_issue ON comments (issue_id, id);

CREATE TABLE reviews (
    id {id},
    repo_id BIGINT NOT NULL REFERENCES repositories (id),
    issue_id BIGINT NOT NULL REFERENCES issues (id),
    author_id BIGINT NOT NULL,
    -- PENDING, COMMENTED, APPROVED, CHANGES_REQUESTED, DISMISSED
    state TEXT NOT NULL,
    body TEXT NOT NULL,
    commit_sha TEXT NOT NULL,
    -- Why it was dismissed.
    dismissal TEXT,
    created_at BIGINT NOT NULL,
    submitted_at BIGINT
);
CREATE INDEX reviews_issue ON reviews (issue_id, id);

CREATE TABLE review_comments (
    id {id},
    repo_id BIGINT NOT NULL REFERENCES repositories (id),
    issue_id BIGINT NOT NULL REFERENCES issues (id),
    review_id BIGINT NOT NULL REFERENCES reviews (id),
    author_id BIGINT NOT NULL,
    body TEXT NOT NULL,
    path TEXT NOT NULL,
    diff_hunk TEXT NOT NULL,
    commit_sha TEXT NOT NULL,
    original_commit_sha TEXT NOT NULL,
    -- Lines of the file on its side; the position counts lines below the first `@@` of the file's diff.
    line BIGINT,
    start_line BIGINT,
    side TEXT NOT NULL,
    start_side TEXT,
    position BIGINT,
    original_position BIGINT,
    -- line, file
    subject TEXT NOT NULL,
    in_reply_to BIGINT,
    -- Of the first comment of a conversation: who called it resolved.
    resolved_by BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX review_comments_issue ON review_comments (issue_id, id);

CREATE TABLE requested_reviewers (
    issue_id BIGINT NOT NULL REFERENCES issues (id),
    -- user, team
    kind TEXT NOT NULL,
    reviewer_id BIGINT NOT NULL,
    PRIMARY KEY (issue_id, kind, reviewer_id)
);
