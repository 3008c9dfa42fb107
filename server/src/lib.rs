//! The server of yibi: WeChat sessions, and every stroke of every drawing.
//!
//! [`run`] is the one door, for the command line and for tests. Below it: [`http`] and [`admin`] are the two
//! faces, [`session`] knows who is calling, [`gallery`] what they drew, [`store`] keeps both, and [`wechat`]
//! says everything that is said to WeChat.

pub mod admin;
mod app;
pub mod check;
pub mod clock;
pub mod dev;
pub mod gallery;
pub mod http;
pub mod keys;
pub mod moderation;
pub mod phone;
pub mod problem;
pub mod push;
mod random;
pub mod session;
pub mod settings;
pub mod store;
pub mod telemetry;
mod text;
pub mod user;
pub mod watch;
pub mod wechat;

pub use app::{Listeners, Ready, StartError, run};
