-- $1: the device of each batch; $2 to $7: the values of all batches, each with the position of its
-- batch; $8: the time of each batch, or empty for the current time. Ids are looked up by subscript:
-- the planner does not know the lengths of arrays and would execute a join as a nested loop.
WITH numbered AS MATERIALIZED (
    SELECT array_agg(nextval('batch_id_seq')) AS ids,
           (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_us
    FROM generate_series(1, cardinality($1::bigint[]))
), new_batches AS (
    INSERT INTO batch (id, device, at_us)
    SELECT ids[ordinal], device, coalesce(at_us, now_us)
    FROM numbered,
         unnest($1::bigint[], $8::bigint[]) WITH ORDINALITY AS b (device, at_us, ordinal)
), updates AS MATERIALIZED (
    SELECT ids[ordinal] AS id, ($1::bigint[])[ordinal] AS device, pin, type, value, latitude, adjusted
    FROM numbered,
         unnest($2::int[], $3::smallint[], $4::text[], $5::text[], $6::float8[], $7::text[])
         AS u (ordinal, pin, type, value, latitude, adjusted)
), new_values AS (
    INSERT INTO value SELECT id, pin, type, value, latitude, adjusted FROM updates
)
INSERT INTO latest (device, pin, batch)
SELECT device, pin, max(id) FROM updates GROUP BY device, pin
ON CONFLICT (device, pin) DO UPDATE SET batch = excluded.batch
