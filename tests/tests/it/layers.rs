//! The direction of imports in the server's sources: faces, services, stores. `docs/ARCHITECTURE.md` draws it.

use std::path::Path;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The directories of handlers.
const FACES: [&str; 3] = ["http/", "admin/", "internal/"];

/// Files outside the faces that name actix: the application, development's extra routes, the runtime of the command
/// line, the shared data of background tasks, and the HTTP status of a problem.
const ACTIX: [&str; 6] = ["app/mod.rs", "app/servers.rs", "background.rs", "dev.rs", "main.rs", "problem.rs"];

/// Every source file below a directory, with its path relative to that directory and its code without comments and
/// unit tests.
fn sources(directory: &str) -> Vec<(String, String)> {
    let root = Path::new(ROOT).join(directory);
    let mut pending = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(&root).unwrap();
            if !is_test(name) {
                sources.push((name.display().to_string(), code(&std::fs::read_to_string(&path).unwrap())));
            }
        }
    }
    assert!(!sources.is_empty(), "{directory} has sources");
    sources
}

fn is_test(path: &Path) -> bool {
    path.ends_with("tests.rs")
        || path.ends_with("testing.rs")
        || path.components().any(|part| part.as_os_str() == "tests")
}

fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = code.lines().map(|line| line.split("//").next().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether the code names a module of the server, as `crate::store` or in a group as `crate::{store, …}`.
fn names_module(code: &str, module: &str) -> bool {
    let paths = code.match_indices("crate::").map(|(at, found)| &code[at + found.len()..]);
    paths.into_iter().any(|path| match path.strip_prefix('{') {
        None => is_path_of(path, module),
        Some(group) => {
            let group = group.split(';').next().unwrap();
            group.split(['{', ',']).any(|item| is_path_of(item.trim_start(), module))
        }
    })
}

fn is_path_of(path: &str, module: &str) -> bool {
    path.strip_prefix(module)
        .is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
}

/// Whether the code names an external crate at the start of a path.
fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].trim_end_matches(' ');
        let starts = !before.ends_with(|last: char| last.is_alphanumeric() || ":_{,.\"".contains(last))
            || before.ends_with("use")
            || before.ends_with("impl");
        let rest = &code[at + name.len()..];
        starts && rest.starts_with("::")
    })
}

#[test]
fn faces_name_no_store_and_the_store_names_no_face() {
    for (file, code) in sources("server/src") {
        if FACES.iter().any(|face| file.starts_with(face)) {
            assert!(!names_module(&code, "store"), "{file} names the store; a handler calls a service");
            assert!(!code.contains(".store()"), "{file} takes the store from a service");
        }
        if ["store/", "domain/"].iter().any(|layer| file.starts_with(layer)) {
            for above in ["http", "admin", "internal", "service"] {
                assert!(!names_module(&code, above), "{file} names {above}");
            }
        }
        if file.starts_with("service/") {
            for face in ["http", "admin", "internal"] {
                assert!(!names_module(&code, face), "{file} names {face}");
            }
        }
    }
}

#[test]
fn external_crates_stay_in_their_layers() {
    for (file, code) in sources("server/src") {
        for driver in ["rusqlite", "mongodb", "redis", "bson"] {
            assert!(file.starts_with("store/") || !names_crate(&code, driver), "{file} names {driver}");
        }
        assert!(file.starts_with("wechat/") || !names_crate(&code, "reqwest"), "{file} names reqwest");
        let face = FACES.iter().any(|face| file.starts_with(face)) || ACTIX.contains(&file.as_str());
        for actix in ["actix_web", "actix_files", "actix_multipart"] {
            assert!(face || !names_crate(&code, actix), "{file} names {actix}");
        }
    }
}

#[test]
fn the_common_crate_does_no_input_or_output() {
    for (file, code) in sources("common/src") {
        for module in ["fs", "net", "process", "env", "thread", "os"] {
            assert!(!code.contains(&format!("std::{module}")), "{file} names std::{module}");
        }
        for name in ["tokio", "reqwest", "actix_web"] {
            assert!(!names_crate(&code, name), "{file} names {name}");
        }
    }
}

#[test]
fn names_are_recognised() {
    assert!(names_module("use crate::store::Gallery;", "store"));
    assert!(names_module("use crate::{clock, store::{Gallery, Sessions}};", "store"));
    assert!(names_module("fn f(store: crate::store::Store)", "store"));
    assert!(!names_module("use crate::storeroom;", "store"));
    assert!(!names_module("use crate::{clock, text}; let store = 1;", "store"));
    assert!(names_crate("use redis::Client;", "redis"));
    assert!(names_crate("let client = redis::Client::open();", "redis"));
    assert!(!names_crate("use crate::store::redis::RedisSessions;", "redis"));
    assert!(!names_crate("use crate::store::{mongo::Mongo, redis::RedisSessions};", "redis"));
}
