//! The page's style sheet, script and icon, under names that change with their content.

use std::sync::LazyLock;

use actix_web::HttpRequest;
use actix_web::web::{Bytes, Path};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::http::reply::Reply;
use crate::http::v1::images::file;
use crate::problem::{Code, Problem};

/// A file of the page.
pub(super) struct Asset {
    /// File name with the beginning of the content's SHA-256.
    pub(super) name: String,
    content: &'static str,
    media_type: &'static str,
}

impl Asset {
    fn new(stem: &str, ending: &str, content: &'static str, media_type: &'static str) -> Self {
        let digest = Sha256::digest(content.as_bytes());
        let hash = HEXLOWER.encode(digest.get(..8).unwrap_or_default());
        Self { name: format!("{stem}.{hash}.{ending}"), content, media_type }
    }
}

pub(super) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("page", "css", include_str!("../../../assets/share/page.css"), "text/css; charset=utf-8")
});

pub(super) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("page", "js", include_str!("../../../assets/share/page.js"), "text/javascript; charset=utf-8")
});

/// Without an icon of the page, every browser asks for `/favicon.ico`, which does not exist.
pub(super) static ICON: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("icon", "svg", include_str!("../../../assets/share/icon.svg"), "image/svg+xml")
});

pub(super) async fn asset(name: Path<String>, request: HttpRequest) -> Reply {
    let found = [&*STYLE, &*SCRIPT, &*ICON].into_iter().find(|asset| asset.name == *name);
    let asset = found.ok_or_else(|| Problem::new(Code::NotFound))?;
    let content = Bytes::from_static(asset.content.as_bytes());
    Ok(file(&request, content, asset.media_type, "public, max-age=31536000, immutable"))
}
