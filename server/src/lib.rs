//! The server of yibi: WeChat sessions, and every stroke of every drawing.
//!
//! The command line and tests start it through [`Application`]. [`http`], [`admin`] and [`internal`] are the faces,
//! [`service`] holds the use cases, [`store`] the databases, [`domain`] the types that all of them share, and
//! [`wechat`] everything that the server says to WeChat.

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

pub use app::{Application, Mode, PaySetupError, Ready, StartError, payment_gateway};
