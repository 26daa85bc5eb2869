-- Finds old batches. Without the id, which PostgreSQL would store for each batch of a group.
CREATE INDEX batch_by_time ON batch (at_us);
