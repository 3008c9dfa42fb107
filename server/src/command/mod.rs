//! Subcommands, each in a file of its own.

pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod dev;
pub(crate) mod manual;
pub(crate) mod migrate;
pub(crate) mod rehearse;
