//! Manual pages and shell completions, made from the definition of the command line.

use std::io;
use std::path::Path;

use clap_complete::{Shell, generate, generate_to};

use super::{Failure, failure, unless_closed};
use crate::msg::ApiError;

const NAME: &str = "yibi-admin";

/// Prints the completions of a shell.
pub fn completions(shell: Shell) -> Result<u8, Failure> {
    let mut text = Vec::new();
    generate(shell, &mut crate::command_line(), NAME, &mut text);
    match io::Write::write_all(&mut io::stdout().lock(), &text) {
        Ok(()) => Ok(0),
        Err(error) => unless_closed(&error),
    }
}

/// Writes the manual pages into `man1`, and the completions of bash, zsh and fish beside it.
pub fn pages(directory: &Path) -> Result<u8, Failure> {
    write(directory)
        .map_err(|error| failure(ApiError::Failed(format!("{}: {error}", directory.display()))))?;
    Ok(0)
}

fn write(directory: &Path) -> io::Result<()> {
    let pages = directory.join("man1");
    std::fs::create_dir_all(&pages)?;
    clap_mangen::generate_to(crate::command_line(), &pages)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        let target = directory.join(shell.to_string());
        std::fs::create_dir_all(&target)?;
        generate_to(shell, &mut crate::command_line(), NAME, &target)?;
    }
    Ok(())
}
