//! Connections whose client does not read its replies.

use std::any::Any;

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;

/// How long the kernel keeps a connection whose client takes nothing of what was written, in milliseconds. Replies
/// wait in memory that long and no longer.
const UNREAD_MS: u32 = 60_000;

/// Has the kernel end a TCP connection that takes nothing for [`UNREAD_MS`]. Connections through a Unix socket come
/// from the proxy on this machine, which has time-outs of its own.
pub(crate) fn end_unread(connection: &dyn Any, _: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else { return };
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, UNREAD_MS) {
        tracing::debug!(%error, "the kernel does not end connections whose client does not read");
    }
}
