//! Making unix sockets that are nobody's but whom they are for.

use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

/// Makes a socket at that path, in the place of one that nobody listens on: for its owner alone, or with a
/// group for that too.
///
/// # Errors
/// [`io::ErrorKind::AddrInUse`] when somebody listens on it, and as the system says.
pub fn bind(path: &Path, group: Option<u32>) -> io::Result<UnixListener> {
    if UnixStream::connect(path).is_ok() {
        return Err(io::Error::new(io::ErrorKind::AddrInUse, "another server listens on it"));
    }
    // Nobody gets in between the making and the locking: it is made elsewhere, locked, and then moved.
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

/// The number of a group that is given by number or by its name in `/etc/group`; none for an empty text.
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
