//! Progress of a move, in a file of the data directory: the next run continues from there, and no server
//! starts on partially moved data.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{End, MigrateError, Result};

const FILE: &str = "migration.json";

/// The journal's file in that data directory.
pub(super) fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(FILE)
}

/// Kinds of records, in the order in which they are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    Users,
    Drawings,
    Audit,
    Shares,
    Cases,
    Reports,
    Evidence,
    MiniprogramCodes,
    RoomMembers,
    Orders,
    Rest,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    from: End,
    to: End,
    /// Database and prefix of the shared stores.
    shared: String,
    part: Part,
    /// Position after which the next turn begins.
    place: Option<String>,
    /// Number of moved records of this part.
    done: u64,
}

#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    note: Note,
    is_new: bool,
}

impl Journal {
    /// Opens the journal of a move, which may have begun earlier.
    pub(super) fn open(data_dir: &Path, from: End, to: End, shared: &str) -> Result<Self> {
        let path = path(data_dir);
        let fresh = Note { from, to, shared: shared.to_owned(), part: Part::Users, place: None, done: 0 };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { path, note: fresh, is_new: true });
            }
            Err(cause) => return Err(MigrateError::Journal { path: path.display().to_string(), cause }),
        };
        let note: Note = serde_json::from_str(&text).map_err(|error| MigrateError::Journal {
            path: path.display().to_string(),
            cause: error.into(),
        })?;
        if (note.from, note.to, note.shared.as_str()) != (from, to, shared) {
            return Err(MigrateError::Another(path.display().to_string()));
        }
        Ok(Self { path, note, is_new: false })
    }

    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    pub(super) fn is_at(&self, part: Part) -> bool {
        self.note.part == part
    }

    pub(super) fn place(&self) -> Option<&str> {
        self.note.place.as_deref()
    }

    pub(super) fn done(&self) -> u64 {
        self.note.done
    }

    /// Records that the move has begun.
    pub(super) fn begin(&mut self) -> Result<()> {
        self.is_new = false;
        self.write()
    }

    /// Records a moved turn and the position of the next; `None` ends the part. Returns whether there is a
    /// next turn.
    pub(super) fn note(&mut self, next: Option<String>, count: usize) -> Result<bool> {
        let goes_on = next.is_some();
        if goes_on {
            self.note.place = next;
            self.note.done += count as u64;
        } else {
            self.note.part = match self.note.part {
                Part::Users => Part::Drawings,
                Part::Drawings => Part::Audit,
                Part::Audit => Part::Shares,
                Part::Shares => Part::Cases,
                Part::Cases => Part::Reports,
                Part::Reports => Part::Evidence,
                Part::Evidence => Part::MiniprogramCodes,
                Part::MiniprogramCodes => Part::RoomMembers,
                Part::RoomMembers => Part::Orders,
                Part::Orders | Part::Rest => Part::Rest,
            };
            (self.note.place, self.note.done) = (None, 0);
        }
        self.write()?;
        Ok(goes_on)
    }

    /// Removes the journal of a complete move.
    pub(super) fn end(&self) -> Result<()> {
        std::fs::remove_file(&self.path).map_err(|cause| self.failed(cause))
    }

    /// Written under a temporary name and renamed, so that readers see a complete file.
    fn write(&self) -> Result<()> {
        let draft = self.path.with_extension("json.draft");
        let write = || -> io::Result<()> {
            let mut file = File::create(&draft)?;
            file.write_all(serde_json::to_string(&self.note)?.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&draft, &self.path)
        };
        write().map_err(|cause| self.failed(cause))
    }

    fn failed(&self, cause: io::Error) -> MigrateError {
        MigrateError::Journal { path: self.path.display().to_string(), cause }
    }
}
