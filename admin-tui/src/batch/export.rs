//! `export`: drawings as files.

use std::io::{self, Write as _};
use std::path::Path;

use super::arguments::ExportArgs;
use super::{Failure, failure, print, unless_closed, wrong};
use crate::client::{self, Client};
use crate::msg::ApiError;
use crate::request::{Form, Request};

/// Writes one drawing to a file or the standard output, or several into a directory.
pub async fn run(api: &Client, args: ExportArgs) -> Result<u8, Failure> {
    let ExportArgs { user, drawings, form, output } = args;
    let form = Form::from(form);
    let directory = output.as_deref().filter(|path| path.is_dir() || drawings.len() > 1);
    if drawings.len() > 1 && directory.is_none() {
        return Err(wrong("several drawings need a directory: --output DIRECTORY"));
    }
    if let Some(directory) = directory {
        std::fs::create_dir_all(directory).map_err(|error| unwritable(directory, &error))?;
    }
    for id in drawings {
        let request = Request::Export { user: user.clone(), id: id.clone(), form };
        let bytes = api.file(&request).await.map_err(failure)?;
        match (directory, &output) {
            (Some(directory), _) => {
                let file = client::save(directory, &user, &id, form, &bytes).map_err(failure)?;
                if let Err(error) = print(&file) {
                    return unless_closed(&error);
                }
            }
            (None, Some(file)) => {
                std::fs::write(file, bytes).map_err(|error| unwritable(file, &error))?;
            }
            (None, None) => {
                let mut out = io::stdout().lock();
                if let Err(error) = out.write_all(&bytes).and_then(|()| out.flush()) {
                    return unless_closed(&error);
                }
            }
        }
    }
    Ok(0)
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    failure(ApiError::Failed(format!("{}: {error}", path.display())))
}
