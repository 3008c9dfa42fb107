//! What a MongoDB says of itself, for whoever checks a deployment.

use mongodb::bson::{Document, doc};
use mongodb::options::Acknowledgment;

use super::schema::Collections;
use super::{MongoGallery, StoreResult};

/// What a MongoDB is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MongoState {
    /// Such as `7.0.14`.
    pub version: String,
    /// The replica set that it belongs to.
    pub replica_set: Option<String>,
    /// Whether it is a router of a sharded cluster.
    pub sharded: bool,
    /// What an acknowledgement means.
    pub write_concern: Acknowledged,
}

/// Which servers have a write when it is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// The majority, so that no failover loses it.
    pub is_majority: bool,
    /// As the URI says it.
    pub shown: String,
}

impl MongoGallery {
    /// What the database is.
    ///
    /// # Errors
    /// As every operation's.
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
