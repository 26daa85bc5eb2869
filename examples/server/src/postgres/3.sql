-- The position up to which each stream has been written; updated in the transactions that insert
-- its batches.
CREATE TABLE sink (
    stream text PRIMARY KEY,
    -- When the stream was created, which distinguishes it from a later one with the same name.
    created_ns bigint NOT NULL,
    -- The sequence number of the last message written, and its time in the stream, which is not
    -- checked if it is NULL.
    seq bigint NOT NULL,
    at_ns bigint
);
