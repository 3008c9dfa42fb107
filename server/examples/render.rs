//! Draws a drawing: `cargo run -p yibi-server --example render -- drawing.json out.png`
//!
//! The first file is a drawing as the API gives it, of which `actions` and, where present, `width` and
//! `height` are read; the second's ending, png or svg, says what to write. Further pairs may follow.
//! `--size N` before them sets the pixels of the longer side (1080).

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use serde::Deserialize;
use yibi_common::drawing::{Action, DEFAULT_HEIGHT, DEFAULT_WIDTH, Paper};
use yibi_common::picture;
use yibi_server::render::{self, Budget};

/// Draws drawings as PNG or SVG files.
#[derive(Parser)]
struct Arguments {
    /// The pixels of the longer side.
    #[arg(long, default_value_t = 1080)]
    size: u32,
    /// A drawing's JSON file, then the picture's file (.png or .svg); any number of such pairs.
    #[arg(required = true, num_args = 2..)]
    files: Vec<String>,
}

#[derive(Deserialize)]
struct Drawing {
    #[serde(default = "default_width")]
    width: u32,
    #[serde(default = "default_height")]
    height: u32,
    actions: Vec<Action>,
}

fn default_width() -> u32 {
    DEFAULT_WIDTH
}

fn default_height() -> u32 {
    DEFAULT_HEIGHT
}

fn main() -> ExitCode {
    let Arguments { size, files } = Arguments::parse();
    for pair in files.chunks(2) {
        let result = match pair {
            [from, to] => draw(Path::new(from), Path::new(to), size),
            _ => Err("files come in pairs".into()),
        };
        if let Err(error) = result {
            eprintln!("{}: {error}", pair.join(" -> "));
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn draw(from: &Path, to: &Path, size: u32) -> Result<(), Box<dyn Error>> {
    let drawing: Drawing = serde_json::from_slice(&std::fs::read(from)?)?;
    let paper = Paper { width: drawing.width, height: drawing.height };
    let picture = picture::fold(0, &drawing.actions);
    let bytes = match to.extension().and_then(|ending| ending.to_str()) {
        Some("png") => render::png(&picture, paper, size, &Budget::start())?,
        Some("svg") => render::svg(&picture, paper, size, &Budget::start())?.into_bytes(),
        _ => return Err("the picture's file ends in .png or .svg".into()),
    };
    Ok(std::fs::write(to, bytes)?)
}
