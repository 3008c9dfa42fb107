//! Documents of records in their serialized form. Such a record is changed as a whole, and only at the
//! version that was read.

use futures_util::TryStreamExt;
use mongodb::Collection;
use mongodb::bson::{Bson, Document, doc, serialize_to_bson};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::schema::MAX_TIME;
use super::{ROUNDS, StoreError, StoreResult, error};
use crate::domain::user::UserKey;
use crate::store::transfer::Turn;

/// A record with its key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Keyed<T> {
    #[serde(rename = "_id")]
    pub(super) key: String,
    /// Key of the owner, by which the collection may be sharded. Absent where `_id` shards the collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) u: Option<String>,
    #[serde(flatten)]
    pub(super) record: T,
}

impl<T: Serialize + DeserializeOwned + Send + Sync> Keyed<T> {
    pub(super) fn of_user(key: String, user: &UserKey, record: T) -> Self {
        Self { key, u: Some(user.to_string()), record }
    }

    pub(super) fn of_all(key: &str, record: T) -> Self {
        Self { key: key.to_owned(), u: None, record }
    }

    fn filter(&self) -> Document {
        let mut filter = doc! {"_id": &self.key};
        if let Some(user) = &self.u {
            filter.insert("u", user);
        }
        filter
    }

    /// Stores a new record. Returns whether the key was free.
    pub(super) async fn insert(&self, records: &Collection<Self>) -> StoreResult<bool> {
        match records.insert_one(self).await {
            Ok(_) => Ok(true),
            Err(error) if error::is_duplicate(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Stores the record over one of the same key.
    pub(super) async fn put(&self, records: &Collection<Self>) -> StoreResult<()> {
        for _ in 0..ROUNDS {
            match records.replace_one(self.filter(), self).upsert(true).await {
                Ok(_) => return Ok(()),
                // A concurrent insert came first.
                Err(error) if error::is_duplicate(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Busy)
    }

    /// Writes the changed record over its version `known`. Returns whether that was the stored version.
    pub(super) async fn change(&self, records: &Collection<Self>, known: u32) -> StoreResult<bool> {
        let mut filter = self.filter();
        filter.insert("version", known);
        Ok(records.replace_one(filter, self).await?.matched_count > 0)
    }
}

/// The first record that a filter finds.
pub(super) async fn find<T>(records: &Collection<Keyed<T>>, filter: Document) -> StoreResult<Option<T>>
where
    T: DeserializeOwned + Send + Sync,
{
    Ok(records.find_one(filter).max_time(MAX_TIME).await?.map(|found| found.record))
}

/// Records that a filter finds, at most `limit`.
pub(super) async fn list<T>(
    records: &Collection<Keyed<T>>,
    filter: Document,
    order: Document,
    limit: u32,
) -> StoreResult<Vec<T>>
where
    T: DeserializeOwned + Send + Sync + Unpin,
{
    let found = records.find(filter).sort(order).limit(i64::from(limit.max(1))).max_time(MAX_TIME).await?;
    Ok(found.map_ok(|found| found.record).try_collect().await?)
}

/// Records after a position, in the order of their keys.
pub(super) async fn turn<T>(
    records: &Collection<Keyed<T>>,
    filter: Document,
    limit: u32,
) -> StoreResult<Turn<T>>
where
    T: DeserializeOwned + Send + Sync + Unpin,
{
    let found = records.find(filter).sort(doc! {"_id": 1}).limit(limit.into()).max_time(MAX_TIME).await?;
    let found: Vec<Keyed<T>> = found.try_collect().await?;
    let next = found.last().map(|last| last.key.clone());
    Ok(Turn { items: found.into_iter().map(|found| found.record).collect(), next })
}

/// The serialized form of a value, for filters.
pub(super) fn value(value: &impl Serialize) -> StoreResult<Bson> {
    serialize_to_bson(value).map_err(|error| StoreError::Refused(Box::new(error)))
}
