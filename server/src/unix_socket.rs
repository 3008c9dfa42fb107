//! Unix sockets with restricted access.

use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

/// Binds a socket at that path, in place of a stale one. Access is limited to the owner, or to the owner and
/// a group.
///
/// # Errors
/// [`io::ErrorKind::AddrInUse`] when a process listens on it, and the system's other errors.
pub fn bind(path: &Path, group: Option<u32>) -> io::Result<UnixListener> {
    if UnixStream::connect(path).is_ok() {
        return Err(io::Error::new(io::ErrorKind::AddrInUse, "another server listens on it"));
    }
    // The socket is bound under a temporary name, restricted and then renamed, so that no other user can
    // connect in between.
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let hidden = path.with_file_name(format!(".{file}.{}", std::process::id()));
    for stale in [path, &hidden] {
        match std::fs::remove_file(stale) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    let listener = UnixListener::bind(&hidden)?;
    let mode = if group.is_some() { 0o660 } else { 0o600 };
    std::fs::set_permissions(&hidden, std::fs::Permissions::from_mode(mode))?;
    if group.is_some() {
        chown(&hidden, None, group)?;
    }
    std::fs::rename(&hidden, path)?;
    Ok(listener)
}

/// The id of a group from its number or its name in `/etc/group`; `None` for an empty text.
///
/// # Errors
/// [`io::ErrorKind::NotFound`] for an unknown name.
pub fn group_number(group: &str) -> io::Result<Option<u32>> {
    if group.is_empty() {
        return Ok(None);
    }
    if let Ok(number) = group.parse() {
        return Ok(Some(number));
    }
    let groups = std::fs::read_to_string("/etc/group")?;
    let number = groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == group).then(|| fields.nth(1)?.parse().ok()).flatten()
    });
    let unknown = || io::Error::new(io::ErrorKind::NotFound, format!("no group {group:?} in /etc/group"));
    number.map(Some).ok_or_else(unknown)
}
