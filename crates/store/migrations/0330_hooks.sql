-- Webhooks out.
CREATE TABLE hooks (
    id {id},
    -- One of the two.
    repo_id BIGINT REFERENCES repositories (id),
    owner_id BIGINT,
    active BOOLEAN NOT NULL,
    events TEXT NOT NULL,
    url TEXT NOT NULL,
    -- json, form
    content_type TEXT NOT NULL,
    secret_sealed {bytes},
    insecure_ssl BOOLEAN NOT NULL,
    -- The last delivery's answer: code, status and message.
    last_response TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX hooks_repo ON hooks (repo_id);
CREATE INDEX hooks_owner ON hooks (owner_id);

CREATE TABLE deliveries (
    id {id},
    hook_id BIGINT NOT NULL REFERENCES hooks (id),
    guid TEXT NOT NULL,
    event TEXT NOT NULL,
    action TEXT,
    repo_id BIGINT,
    redelivery BOOLEAN NOT NULL,
    payload TEXT NOT NULL,
    -- queued, sending, delivered, failed
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    status_code BIGINT,
    -- What went wrong, or the answer's words.
    status TEXT NOT NULL,
    request_headers TEXT NOT NULL,
    response_headers TEXT NOT NULL,
    response_body TEXT NOT NULL,
    -- Microseconds.
    duration BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    delivered_at BIGINT
);
CREATE INDEX deliveries_due ON deliveries (state, next_at);
CREATE INDEX deliveries_hook ON deliveries (hook_id, id);

-- How far events have been given to hooks.
CREATE TABLE hook_progress (
    id BIGINT PRIMARY KEY,
    event_id BIGINT NOT NULL
);

-- Repositories of GitHub, Gitea and Forgejo that run here.
CREATE TABLE connections (
    id {id},
    repo_id BIGINT NOT NULL REFERENCES repositories (id),
    -- github, gitea, forgejo
    provider TEXT NOT NULL,
    -- Where its web pages and its API are.
    web_url TEXT NOT NULL,
    api_url TEXT NOT NULL,
    clone_url TEXT NOT NULL,
    -- owner/name there
    remote TEXT NOT NULL,
    secret_sealed {bytes} NOT NULL,
    token_sealed {bytes},
    write_statuses BOOLEAN NOT NULL,
    write_checks BOOLEAN NOT NULL,
    active BOOLEAN NOT NULL,
    -- What is wrong, for the people who look after it.
    trouble TEXT,
    fetched_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX connections_repo ON connections (repo_id);

-- Signed webhooks as they came: acknowledged once they are here, worked off afterwards. A delivery comes once, whatever its
-- sender repeats, or somebody who has overheard it: the guid is made of what is signed.
CREATE TABLE received_hooks (
    id {id},
    connection_id BIGINT NOT NULL REFERENCES connections (id),
    guid TEXT NOT NULL,
    event TEXT NOT NULL,
    payload TEXT NOT NULL,
    -- waiting, done, failed
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    message TEXT NOT NULL,
    received_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX received_hooks_guid ON received_hooks (connection_id, guid);
CREATE INDEX received_hooks_due ON received_hooks (state, next_at);

-- When a pull request there was changed last, by the clock there: what is older and comes again is not believed.
CREATE TABLE remote_pulls (
    connection_id BIGINT NOT NULL REFERENCES connections (id),
    number BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (connection_id, number)
);

-- What is to be told to the connected repository.
CREATE TABLE write_backs (
    id {id},
    connection_id BIGINT NOT NULL REFERENCES connections (id),
    -- status, check, comment
    kind TEXT NOT NULL,
    -- Later news about the same thing take the place of earlier ones.
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    -- The remote's id of what was written, to change rather than repeat it.
    remote_id TEXT,
    -- waiting, done, failed
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    message TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX write_backs_subject ON write_backs (connection_id, kind, subject);
CREATE INDEX write_backs_due ON write_backs (state, next_at);
