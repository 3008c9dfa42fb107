//! Documents and tree: every path and every name in the documents exists.

use std::path::{Path, PathBuf};

/// Top-level folders, which distinguish paths of the repository from other text.
const FOLDERS: [&str; 12] = [
    "admin-tui/",
    "common/",
    "deploy/",
    "docs/",
    "examples/",
    "fuzz/",
    "miniprogram/",
    "server/",
    "tests/",
    "tools/",
    "wechat-simulator/",
    ".ci/",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// All pages of the repository.
fn pages() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    collect(&root(), &mut pages, false);
    for folder in FOLDERS {
        collect(&root().join(folder), &mut pages, true);
    }
    assert!(pages.len() > 20, "{pages:?}");
    pages
}

/// Adds the pages of a folder except for dependencies and build output.
fn collect(folder: &Path, pages: &mut Vec<PathBuf>, deep: bool) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if deep && !["node_modules", "target", "dist"].contains(&name.as_str()) {
                collect(&path, pages, true);
            }
        } else if name.ends_with(".md") {
            pages.push(path);
        }
    }
}

/// The text between single backticks outside of code blocks.
fn quoted(page: &str) -> Vec<String> {
    let mut in_block = false;
    let lines = page.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        in_block ^= fence;
        !in_block && !fence
    });
    let text: Vec<&str> = lines.collect();
    text.join("\n").split('`').skip(1).step_by(2).map(|name| name.replace('\n', " ")).collect()
}

/// The targets of links that lead into the repository.
fn links(page: &str) -> Vec<String> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let targets = targets.map(|(target, _)| target.split('#').next().unwrap().to_owned());
    targets.filter(|target| !target.is_empty() && !target.contains("://")).collect()
}

/// Whether the text contains the name as a whole word.
fn has_word(text: &str, name: &str) -> bool {
    let part_of_a_word = |character: char| character.is_alphanumeric() || character == '_';
    text.match_indices(name).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(part_of_a_word)
            && !text[at + name.len()..].chars().next().is_some_and(part_of_a_word)
    })
}

#[test]
fn links_lead_to_files() {
    let mut wrong = Vec::new();
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        let folder = page.parent().unwrap();
        let missing = links(&text).into_iter().filter(|target| !folder.join(target).exists());
        wrong.extend(missing.map(|target| format!("{}: {target}", page.display())));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A path may be followed by `::` and a name in that file.
#[test]
fn paths_and_names_are_in_the_tree() {
    let root = root();
    let (mut wrong, mut names) = (Vec::new(), 0);
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for token in quoted(&text) {
            let (path, name) = token.split_once("::").unwrap_or((&token, ""));
            let variable =
                path.contains(['*', '{', '<', ' ', '…']) || path.contains("NAME") || path.contains("/N.");
            if variable || !FOLDERS.iter().any(|folder| path.starts_with(folder)) {
                continue;
            }
            let found = root.join(path);
            let built = path.contains("/target/") || path.contains("/dist");
            if !built && !found.exists() {
                wrong.push(format!("{}: {path} is not there", page.display()));
            } else if !name.is_empty() {
                names += 1;
                if !has_word(&std::fs::read_to_string(&found).unwrap_or_default(), name) {
                    wrong.push(format!("{}: {path} has no {name}", page.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(names > 5, "the map of the architecture gives names");
}

#[test]
fn english_and_chinese_pages_have_the_same_parts() {
    for page in pages() {
        let english = page.to_str().unwrap().replace(".zh.md", ".md");
        if !page.to_str().unwrap().ends_with(".zh.md") {
            continue;
        }
        let headings = |path: &str| {
            let text = std::fs::read_to_string(path).unwrap();
            let mut in_block = false;
            let count = text.lines().filter(|line| {
                in_block ^= line.starts_with("```");
                !in_block && line.starts_with('#')
            });
            count.count()
        };
        assert_eq!(headings(page.to_str().unwrap()), headings(&english), "{english}");
    }
}
