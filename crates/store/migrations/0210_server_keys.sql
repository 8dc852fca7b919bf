-- Keys that all servers of one database share, each in an envelope.
CREATE TABLE server_keys (
    id {id},
    name TEXT NOT NULL UNIQUE,
    sealed {bytes} NOT NULL,
    created_at BIGINT NOT NULL
);
