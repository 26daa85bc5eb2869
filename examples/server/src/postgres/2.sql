-- Finds old batches. Excludes the id, because PostgreSQL then stores the time that the batches of a
-- group share only once.
CREATE INDEX batch_by_time ON batch (at_us);
