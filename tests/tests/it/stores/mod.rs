//! What the guide promises of the stores: failover, migration, backup, new keys.

mod failover;
