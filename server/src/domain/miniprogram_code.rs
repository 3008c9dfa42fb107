//! Mini-program codes (小程序码): pictures that open a page of the mini-program when they are scanned.

/// Target of a code and size of its picture. WeChat's pictures for equal keys open the same page.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MiniprogramCodeKey {
    pub app_id: String,
    /// Path of the page, without a leading slash.
    pub page: String,
    /// Text that the page receives.
    pub scene: String,
    /// WeChat's name of the mini-program's version.
    pub env: String,
    /// Pixels a side.
    pub width: u32,
}

/// A code's picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MiniprogramCode {
    pub key: MiniprogramCodeKey,
    /// A PNG or JPEG file.
    pub image: Vec<u8>,
}
