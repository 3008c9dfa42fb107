//! What the guide promises of the stores: failover, migration, backup, new keys.

mod backup;
mod failover;
mod migrate;
mod migrate_weapp;
mod restore;
mod rotation;
mod tls;
