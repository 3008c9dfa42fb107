//! Unifies the features of dependencies across the workspace; see `Cargo.toml`. There is no code here.
