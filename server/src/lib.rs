//! The server of yibi: WeChat sessions, and every stroke of every drawing.
//!
//! [`run`] is the one door, for the command line and for tests. Below it: [`http`], [`admin`] and
//! [`internal`] are the three faces, [`session`] knows who is calling, [`gallery`] what they drew, [`store`] keeps both, and [`wechat`]
//! says everything that is said to WeChat.

pub mod admin;
mod app;
pub mod check;
mod chores;
pub mod clock;
pub mod dev;
pub mod gallery;
pub mod health;
pub mod http;
pub mod internal;
pub mod keys;
pub mod listeners;
pub mod migrate;
pub mod moderation;
pub mod phone;
pub mod problem;
pub mod push;
mod random;
pub mod rehearsal;
pub mod session;
pub mod settings;
pub mod store;
pub mod supervisor;
pub mod telemetry;
mod text;
mod unix_socket;
pub mod user;
pub mod watch;
pub mod wechat;

pub use app::{Ready, StartError, Upkeep, run};
