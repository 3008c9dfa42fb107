//! Drawings as files.

use std::io::Write as _;
use std::path::Path;

use crate::msg::ApiError;
use crate::request::Form;

/// Writes a drawing as a new file into a directory; returns its path.
///
/// # Errors
/// The file can't be written.
pub fn save(directory: &Path, user: &str, id: &str, form: Form, bytes: &[u8]) -> Result<String, ApiError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let safe = |id: &str| id.chars().map(|c| if allowed(c) { c } else { '_' }).take(64).collect::<String>();
    let safe = format!("{}-{}", safe(user), safe(id));
    let failed = |path: &Path, error: std::io::Error| {
        ApiError::Failed(format!("can't write {}: {error}", path.display()))
    };
    for number in 1..100 {
        let suffix = if number == 1 { String::new() } else { format!("-{number}") };
        let path = directory.join(format!("drawing-{safe}{suffix}.{}", form.extension()));
        match std::fs::File::create_new(&path) {
            Ok(mut file) => {
                let written = file.write_all(bytes).and_then(|()| file.sync_all());
                return written.map(|()| path.display().to_string()).map_err(|error| failed(&path, error));
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(directory, error)),
        }
    }
    Err(ApiError::Failed(format!("there are 99 files of drawing {safe} in {} already", directory.display())))
}
