//! The server of yibi: WeChat sessions, and every stroke of every drawing.
//!
//! [`run`] is the one door, for the command line and for tests. Below it: [`http`], [`admin`] and
//! [`internal`] are the three faces, [`session`] knows who is calling, [`gallery`] what they drew, [`store`] keeps both, and [`wechat`]
//! says everything that is said to WeChat.

pub mod admin;
mod app;
mod background;
pub mod check;
pub mod dev;
pub mod domain;
pub mod events;
pub mod health;
pub mod http;
pub mod internal;
pub mod keys;
pub mod listeners;
pub mod migrate;
pub mod problem;
mod random;
pub mod rehearsal;
pub mod render;
pub mod service;
pub mod settings;
pub mod store;
pub mod supervisor;
pub mod telemetry;
mod unix_socket;
pub mod wechat;

pub use app::{Application, Mode, Ready, StartError};
