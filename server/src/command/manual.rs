//! Manual pages and shell completions, made from the definition of the command line.

use std::io;
use std::path::Path;

use clap_complete::{Shell, generate_to};

/// Writes the manual pages into `man1`, and the completions of bash, zsh and fish beside it.
///
/// # Errors
/// A file can't be written.
pub(crate) fn write(command: &clap::Command, directory: &Path) -> io::Result<()> {
    let pages = directory.join("man1");
    std::fs::create_dir_all(&pages)?;
    clap_mangen::generate_to(command.clone(), &pages)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        let target = directory.join(shell.to_string());
        std::fs::create_dir_all(&target)?;
        generate_to(shell, &mut command.clone(), command.get_name(), &target)?;
    }
    Ok(())
}
