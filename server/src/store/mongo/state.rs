//! State of a MongoDB, for `yibi-server check`.

use mongodb::bson::{Document, doc};
use mongodb::options::Acknowledgment;

use super::schema::Collections;
use super::{MongoGallery, StoreResult};

/// State of a MongoDB deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MongoState {
    /// Server version, such as `7.0.14`.
    pub version: String,
    /// Name of the replica set, if the server belongs to one.
    pub replica_set: Option<String>,
    /// Whether the server is a router of a sharded cluster.
    pub sharded: bool,
    /// The effective write concern.
    pub write_concern: Acknowledged,
}

/// Number of servers that have a write when it is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// Whether a majority has it, so that no failover loses it.
    pub is_majority: bool,
    /// The write concern as the URI spells it.
    pub shown: String,
}

impl MongoGallery {
    /// Reads the state of the database.
    ///
    /// # Errors
    /// The errors of every store operation.
    pub async fn state(&self) -> StoreResult<MongoState> {
        self.run(async |db| db.state().await).await
    }
}

impl Collections {
    async fn state(&self) -> StoreResult<MongoState> {
        let build: Document = self.database.run_command(doc! {"buildInfo": 1}).await?;
        let hello: Document = self.database.run_command(doc! {"hello": 1}).await?;
        let text = |document: &Document, key: &str| document.get_str(key).ok().map(str::to_owned);
        let concern = self.database.write_concern().and_then(|concern| concern.w.clone());
        Ok(MongoState {
            version: text(&build, "version").unwrap_or_default(),
            replica_set: text(&hello, "setName"),
            sharded: text(&hello, "msg").as_deref() == Some("isdbgrid"),
            write_concern: Acknowledged {
                is_majority: concern == Some(Acknowledgment::Majority),
                shown: match concern {
                    Some(Acknowledgment::Nodes(nodes)) => nodes.to_string(),
                    Some(Acknowledgment::Custom(tag)) => tag,
                    Some(_) | None => "majority".to_owned(),
                },
            },
        })
    }
}
