//! Requests and replies about shares.

use serde::{Deserialize, Serialize};

use crate::sharing::{Audience, Reason, ShareState};

/// `POST /drawings/{id}/share`. Absent members keep their value.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ShareRequest {
    /// People who can find the share; at first those who have the link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<Audience>,
    /// Whether others may continue the drawing; at first not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_continue: Option<bool>,
}

/// A share, as its author sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShareReply {
    /// The code: 12 characters, the last part of the address.
    pub code: String,
    /// The state of the share.
    pub state: ShareState,
    /// `seq` of the copy that the public sees.
    pub shown_seq: Option<u32>,
    /// `seq` of the copy whose check is not finished.
    pub checking_seq: Option<u32>,
    /// Reason of the last removal: 1 sexual, 2 unlawful, 3 abuse, 4 advertising, 5 infringement, 6 other.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u8>, minimum = 1, maximum = 6))]
    pub reason: Option<Reason>,
    /// People who can find the share.
    pub audience: Audience,
    /// Whether others may continue the drawing.
    pub allow_continue: bool,
    /// Address of the share's page.
    pub url: String,
    /// The time of the first sharing.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
}

/// The reply to `GET /shares`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SharesReply {
    /// Shares, the newest first.
    pub shares: Vec<SharesRow>,
    /// The `cursor` of the next page; `null` on the last.
    pub next: Option<String>,
}

/// A share in a [`SharesReply`], with its drawing.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SharesRow {
    /// Id of the drawing.
    pub drawing: String,
    /// Title of the drawing.
    pub title: String,
    /// Whether the drawing is in the bin, which hides the share.
    pub in_bin: bool,
    /// The share.
    #[serde(flatten)]
    pub share: ShareReply,
}

/// `POST /shares/{code}/reports`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ShareReportRequest {
    /// 1 sexual, 2 unlawful, 3 abuse, 4 advertising, 5 infringement, 6 other.
    #[cfg_attr(feature = "openapi", schema(value_type = u8, minimum = 1, maximum = 6))]
    pub reason: Reason,
    /// A remark of at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    pub note: Option<String>,
}
