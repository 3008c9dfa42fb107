//! `admin.sock`: on the server's own machine the kernel says who is calling.
//!
//! The socket is for its owner alone, or with a group configured for that group too; so whoever gets through
//! and is neither root nor the server's own user is let in by the group, and may look.

use std::any::Any;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use actix_web::dev::Extensions;
use yibi_common::admin::Role;

use crate::unix_socket;

/// The socket in the data directory.
const FILE: &str = "admin.sock";

/// The socket, removed when the server ends.
#[derive(Debug)]
pub struct Socket {
    path: PathBuf,
    owner: u32,
}

/// Who is at the other end of a connection through the socket.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    uid: u32,
    role: Role,
}

impl Peer {
    /// As the audit log names whoever it is.
    #[must_use]
    pub fn name(self) -> String {
        format!("uid:{}", self.uid)
    }

    /// What whoever it is may do.
    #[must_use]
    pub fn role(self) -> Role {
        self.role
    }
}

impl Socket {
    /// Makes the socket in that directory, in the place of one that nobody listens on. With a group, its
    /// members can reach it.
    ///
    /// # Errors
    /// [`io::ErrorKind::AddrInUse`] when another server listens on it, [`io::ErrorKind::NotFound`] for an
    /// unknown group, and as the system says.
    pub fn bind(directory: &Path, group: &str) -> io::Result<(Self, UnixListener)> {
        let group = unix_socket::group_number(group)?;
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let path = directory.join(FILE);
        let listener = unix_socket::bind(&path, group)?;
        if let Some(group) = group {
            // The group may pass through the directory to the socket, and see nothing else of it.
            chown(directory, None, Some(group))?;
            let mode = std::fs::metadata(directory)?.permissions().mode() & 0o7777;
            std::fs::set_permissions(directory, std::fs::Permissions::from_mode(mode | 0o010))?;
        }
        let owner = std::fs::metadata(&path)?.uid();
        Ok((Self { path, owner }, listener))
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Notes who has connected, for the requests of that connection.
    pub fn note_peer(owner: u32) -> impl Fn(&dyn Any, &mut Extensions) + Send + Sync + 'static {
        move |connection, extensions| {
            let stream = connection.downcast_ref::<tokio::net::UnixStream>();
            let Some(Ok(credentials)) = stream.map(tokio::net::UnixStream::peer_cred) else { return };
            let uid = credentials.uid();
            let role = if uid == 0 || uid == owner { Role::Operator } else { Role::Viewer };
            extensions.insert(Peer { uid, role });
        }
    }

    /// The server's own user.
    #[must_use]
    pub fn owner(&self) -> u32 {
        self.owner
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Nothing depends on it: the next server replaces a socket that nobody listens on.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("yibi-socket-{}-{name}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        path
    }

    #[test]
    fn the_socket_is_its_owners_alone() {
        let directory = directory("own");
        let (socket, listener) = Socket::bind(&directory, "").unwrap();
        assert_eq!(std::fs::metadata(socket.path()).unwrap().permissions().mode() & 0o777, 0o600);
        let taken = Socket::bind(&directory, "").unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
        drop(listener);
        // As after a crash: the file is there, and nobody listens.
        let (again, _listener) = Socket::bind(&directory, "").unwrap();
        drop(again);
        assert!(!directory.join(FILE).exists());
        drop(socket);
        std::fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn a_group_is_let_in_to_the_socket_only() {
        let directory = directory("group");
        let own = std::fs::metadata(&directory).unwrap().gid();
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o700)).unwrap();
        let (socket, _listener) = Socket::bind(&directory, &own.to_string()).unwrap();
        assert_eq!(std::fs::metadata(socket.path()).unwrap().permissions().mode() & 0o777, 0o660);
        assert_eq!(std::fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o710);
        let unknown = Socket::bind(&directory, "no such group").unwrap_err();
        assert_eq!(unknown.kind(), io::ErrorKind::NotFound);
        drop(socket);
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
