-- $1: the device of each batch; $2 to $7: the values of all of them, each with its batch's place.
-- Ids by subscript and not by a join, which the planner, who knows no length of an array, would
-- make one of each with each.
WITH numbered AS MATERIALIZED (
    SELECT array_agg(nextval('batch_id_seq')) AS ids,
           (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS at_us
    FROM generate_series(1, cardinality($1::bigint[]))
), entered AS (
    INSERT INTO batch (id, device, at_us)
    SELECT ids[place], device, at_us
    FROM numbered, unnest($1::bigint[]) WITH ORDINALITY AS b (device, place)
), updates AS MATERIALIZED (
    SELECT ids[place] AS id, ($1::bigint[])[place] AS device, pin, type, value, latitude, adjusted
    FROM numbered,
         unnest($2::int[], $3::smallint[], $4::text[], $5::text[], $6::float8[], $7::text[])
         AS u (place, pin, type, value, latitude, adjusted)
), kept AS (
    INSERT INTO value SELECT id, pin, type, value, latitude, adjusted FROM updates
)
INSERT INTO latest (device, pin, batch)
SELECT device, pin, max(id) FROM updates GROUP BY device, pin
ON CONFLICT (device, pin) DO UPDATE SET batch = excluded.batch
