//! Deletes old batches of a PostgreSQL database.

use anyhow::Context;
use tokio::time::timeout;

use super::{Connections, config, discard_on_timeout, location, schema, tls};
use crate::config::Config;
use crate::prune::{self, OldBatch, Position};
use crate::store::Timestamp;

/// Uses `LATERAL`, because without it the planner may scan all of `latest`.
const SELECT: &str = "
    SELECT at_us, id, is_latest IS NOT NULL FROM (
        SELECT at_us, id, device FROM batch
        WHERE at_us >= $1 AND (at_us, id) > ($1, $2) AND at_us < $3
        ORDER BY at_us, id LIMIT $4
    ) AS old LEFT JOIN LATERAL (
        SELECT true AS is_latest FROM latest
        WHERE latest.device = old.device AND latest.batch = old.id LIMIT 1
    ) AS found ON true
    ORDER BY at_us, id";

const DELETE: &str = "
    WITH deleted_values AS (DELETE FROM value WHERE batch = ANY($1))
    DELETE FROM batch WHERE id = ANY($1)";

/// The old batches of a database that servers may be using.
pub struct OldBatches {
    connections: Connections,
}

impl prune::OldBatches for OldBatches {
    async fn open(database: &str) -> anyhow::Result<Self> {
        let limits = Config::default().store;
        let (database, tls) = tls::configure(database)?;
        let mut config = config(&database, &limits)?;
        // A portion must not scan a table, even where the planner expects that to be faster.
        let options = config.get_options().unwrap_or_default();
        config.options(format!("{options} -c enable_seqscan=off"));
        let location = location(&config);
        let connections = Connections::new(config, tls, 1, &limits)?;
        let checked = async {
            let client = connections.get().await?;
            schema::check_upgraded(&client).await
        };
        let checked = checked.await;
        checked.with_context(|| format!("database {location}"))?;
        Ok(Self { connections })
    }

    async fn select(
        &mut self,
        after: Position,
        before: Timestamp,
        limit: usize,
    ) -> anyhow::Result<Vec<OldBatch>> {
        let limit = i64::try_from(limit)?;
        let client = self.connections.get().await?;
        let selected = async {
            let select = client.prepare_cached(SELECT).await?;
            client
                .query(&select, &[&after.at.0, &after.id, &before.0, &limit])
                .await
        };
        let selected = timeout(self.connections.limit, selected).await;
        let rows = discard_on_timeout(client, selected)??;
        let batches = rows.iter().map(|row| OldBatch {
            position: Position {
                at: Timestamp(row.get(0)),
                id: row.get(1),
            },
            is_latest: row.get(2),
        });
        Ok(batches.collect())
    }

    async fn delete(&mut self, ids: &[i64]) -> anyhow::Result<u64> {
        let client = self.connections.get().await?;
        let deleted = async {
            let delete = client.prepare_cached(DELETE).await?;
            client.execute(&delete, &[&ids]).await
        };
        let deleted = timeout(self.connections.limit, deleted).await;
        Ok(discard_on_timeout(client, deleted)??)
    }

    async fn close(self) -> anyhow::Result<()> {
        self.connections.pool.close();
        Ok(())
    }
}
