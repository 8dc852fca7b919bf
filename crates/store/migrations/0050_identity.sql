-- Accounts: users, organisations and bots share names and ids.
CREATE TABLE users (
    id {id},
    login TEXT NOT NULL,
    -- The login in lower case.
    login_key TEXT NOT NULL UNIQUE,
    -- User, Organization or Bot.
    kind TEXT NOT NULL,
    name TEXT,
    email TEXT,
    description TEXT,
    site_admin BOOLEAN NOT NULL,
    suspended BOOLEAN NOT NULL,
    -- argon2id, in the PHC form; none for organisations, bots and who logs in at a provider only.
    password TEXT,
    -- What members of an organisation are in each of its repositories.
    default_role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- In whose name the tokens of jobs act. The first row: its id is 1.
INSERT INTO users (login, login_key, kind, site_admin, suspended, default_role, created_at, updated_at)
VALUES ('github-actions[bot]', 'github-actions[bot]', 'Bot', FALSE, FALSE, 'none', 0, 0);

-- Who a user is at an identity provider.
CREATE TABLE user_identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);

CREATE TABLE memberships (
    org_id BIGINT NOT NULL REFERENCES users (id),
    user_id BIGINT NOT NULL REFERENCES users (id),
    -- member or admin.
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, user_id)
);
CREATE INDEX memberships_of_user ON memberships (user_id);

CREATE TABLE teams (
    id {id},
    org_id BIGINT NOT NULL REFERENCES users (id),
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    -- closed: seen by members of the organisation; secret: by its own.
    privacy TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (org_id, slug)
);

CREATE TABLE team_members (
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id),
    -- member or maintainer.
    role TEXT NOT NULL,
    PRIMARY KEY (team_id, user_id)
);
CREATE INDEX team_members_of_user ON team_members (user_id);

CREATE TABLE team_repositories (
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    repo_id BIGINT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (team_id, repo_id)
);
CREATE INDEX team_repositories_of_repository ON team_repositories (repo_id);

CREATE TABLE collaborators (
    repo_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (repo_id, user_id)
);
CREATE INDEX collaborators_of_user ON collaborators (user_id);

-- Tokens are kept as SHA-256 only.
CREATE TABLE sessions (
    id {id},
    hash TEXT NOT NULL UNIQUE,
    user_id BIGINT NOT NULL REFERENCES users (id),
    csrf TEXT NOT NULL,
    agent TEXT,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_of_user ON sessions (user_id);

CREATE TABLE tokens (
    id {id},
    -- personal or fine_grained.
    kind TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    -- The last characters, by which its owner knows it.
    hint TEXT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    -- Of a fine-grained token: whose repositories it is for, its permissions, and the ids as JSON (null: all).
    owner_id BIGINT REFERENCES users (id),
    permissions TEXT NOT NULL,
    repository_ids TEXT,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    expires_at BIGINT
);
CREATE INDEX tokens_of_user ON tokens (user_id);

CREATE TABLE job_tokens (
    hash TEXT PRIMARY KEY,
    job_id BIGINT NOT NULL,
    run_id BIGINT NOT NULL,
    repo_id BIGINT NOT NULL,
    permissions TEXT NOT NULL,
    fork BOOLEAN NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX job_tokens_of_job ON job_tokens (job_id);

CREATE TABLE runner_secrets (
    runner_id BIGINT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

-- Good for one use: registering or removing a runner, setting the server up.
CREATE TABLE one_time_tokens (
    hash TEXT PRIMARY KEY,
    -- registration, removal or set_up.
    purpose TEXT NOT NULL,
    -- repository, organization or server.
    scope TEXT NOT NULL,
    scope_id BIGINT NOT NULL,
    created_by BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Where users have logged in lately: guesses from elsewhere do not keep them out there.
CREATE TABLE login_addresses (
    user_id BIGINT NOT NULL REFERENCES users (id),
    address TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, address)
);

-- Tries of passwords that failed or are under way, by user and address.
CREATE TABLE login_failures (
    subject TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL
);

-- Logins that are under way at an identity provider.
CREATE TABLE provider_logins (
    state_hash TEXT PRIMARY KEY,
    -- Nonce and PKCE verifier, in an envelope.
    sealed {bytes} NOT NULL,
    return_to TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE secrets (
    id {id},
    -- repository, environment, organization or dependabot.
    scope TEXT NOT NULL,
    scope_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    sealed {bytes} NOT NULL,
    -- Of an organisation's: all, private or selected.
    visibility TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (scope, scope_id, name)
);

CREATE TABLE secret_repositories (
    secret_id BIGINT NOT NULL REFERENCES secrets (id) ON DELETE CASCADE,
    repo_id BIGINT NOT NULL,
    PRIMARY KEY (secret_id, repo_id)
);

-- The pairs that clients seal secrets for.
CREATE TABLE box_keys (
    id {id},
    scope TEXT NOT NULL,
    scope_id BIGINT NOT NULL,
    public {bytes} NOT NULL,
    sealed {bytes} NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (scope, scope_id)
);

CREATE TABLE variables (
    id {id},
    scope TEXT NOT NULL,
    scope_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    visibility TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (scope, scope_id, name)
);

CREATE TABLE variable_repositories (
    variable_id BIGINT NOT NULL REFERENCES variables (id) ON DELETE CASCADE,
    repo_id BIGINT NOT NULL,
    PRIMARY KEY (variable_id, repo_id)
);

-- What was done and refused. Each row holds a keyed hash over itself and the hash of the row before.
CREATE TABLE audit (
    id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    -- user, job, runner, server or anonymous.
    actor_kind TEXT NOT NULL,
    actor_id BIGINT,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    allowed BOOLEAN NOT NULL,
    repo_id BIGINT,
    org_id BIGINT,
    subject TEXT NOT NULL,
    details TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX audit_of_repository ON audit (repo_id, id);
CREATE INDEX audit_of_organization ON audit (org_id, id);

-- The last row of the log: whoever writes the next one locks it.
CREATE TABLE audit_head (
    one BIGINT PRIMARY KEY,
    last_id BIGINT NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO audit_head (one, last_id, hash) VALUES (1, 0, '');
