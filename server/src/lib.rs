//! The server of yibi: WeChat sessions, and every stroke of every drawing.

pub mod wechat;
