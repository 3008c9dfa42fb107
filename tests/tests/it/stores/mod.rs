//! Guarantees of the guide about the stores: failover, migration, backup, key rotation.

mod backup;
mod failover;
mod migrate;
mod migrate_weapp;
mod restore;
mod rotation;
mod tls;
