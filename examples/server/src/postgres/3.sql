-- How far the sink has written each stream; updated in the transactions that insert its batches.
CREATE TABLE sink (
    stream text PRIMARY KEY,
    -- When the stream was created, which distinguishes it from a later one of the same name.
    created_ns bigint NOT NULL,
    -- Sequence number of the last message written, and its time in the stream; a NULL is not checked.
    seq bigint NOT NULL,
    at_ns bigint
);
