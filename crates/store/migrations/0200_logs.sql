-- Logs of jobs: the stream of each claim, in pieces while it grows, then one object.
CREATE TABLE logs (
    job_id BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    -- Bytes of the stream that are stored.
    length BIGINT NOT NULL,
    -- The runner has sent everything, or is not heard of any more.
    finished_at BIGINT,
    -- Sealing failed: it is tried again from then on.
    seal_after BIGINT NOT NULL DEFAULT 0,
    -- The object that holds it all; its pieces are gone then.
    object TEXT,
    -- JSON: [[offset in the stream, offset in the object], ...] and the object's length at the end.
    frames TEXT,
    PRIMARY KEY (job_id, fence)
);
CREATE INDEX logs_unsealed ON logs (finished_at) WHERE object IS NULL AND finished_at IS NOT NULL;

CREATE TABLE log_chunks (
    job_id BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    -- Where in the stream it begins, and how many bytes of the stream it holds.
    start BIGINT NOT NULL,
    length BIGINT NOT NULL,
    -- A zstd frame.
    packed {bytes} NOT NULL,
    PRIMARY KEY (job_id, fence, start)
);
