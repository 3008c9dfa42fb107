//! The public API, version 1, tested as its description specifies it.

/// Makes two tests of each case: `embedded::case` and `shared::case`.
macro_rules! on_both_backends {
    ($($case:ident,)*) => {
        mod embedded {
            $(#[tokio::test]
            async fn $case() {
                super::$case(yibi_tests::Backend::Embedded).await;
            })*
        }

        mod shared {
            $(#[tokio::test]
            async fn $case() {
                super::$case(yibi_tests::Backend::Shared).await;
            })*
        }
    };
}

pub(crate) mod animations;
mod append;
mod authors;
mod avatars;
mod bin;
mod codes;
mod documents;
pub mod export;
mod floods;
mod framing;
mod gallery;
mod grid;
mod guards;
mod half_emoji;
mod images;
mod leaving;
mod limits;
mod logs;
mod me;
mod moderation;
mod open_data;
mod openapi;
mod operating;
mod phone;
mod push;
mod quota;
mod rates;
mod refused;
mod security;
mod sessions;
mod sharing_level;
mod simulator_command;
mod slow;
