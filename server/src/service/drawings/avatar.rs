//! Avatars: an uploaded image is converted to a small square JPEG without any metadata.

mod jpeg;

use std::io::Cursor;

use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::error::LimitErrorKind;
use image::imageops::{self, FilterType};
use image::metadata::Orientation;
use image::{
    DynamicImage, GenericImageView, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Rgb,
    RgbImage, Rgba,
};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::{DrawingError, DrawingResult, DrawingService};
use crate::domain::clock::Micros;
use crate::domain::user::{UserKey, UserRecord};
use crate::keys::Signer;
use crate::service::per_user::Permit;
use crate::store::{Avatars, Users};

/// Maximum size of an uploaded file in bytes.
pub const MAX_UPLOAD: usize = 2 << 20;
/// The longest side of an uploaded image, in pixels.
const MAX_SIDE: u32 = 4_096;
/// Limit of a decoder's memory, the pixels included, in bytes.
const MAX_MEMORY: u64 = 64 << 20;
/// Side of a stored avatar, in pixels.
const SIDE: u32 = 256;
/// JPEG quality, up to 100. At this image size, higher values make no visible difference.
const QUALITY: u8 = 85;
/// Concurrent uploads of one server: each may hold [`MAX_UPLOAD`] bytes in memory.
pub(super) const UPLOADS: usize = 64;
const DAY: i64 = 86_400;

/// Media type of a stored avatar.
pub const MEDIA_TYPE: &str = "image/jpeg";

/// Reason why a file is rejected as an avatar; the texts are for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The format is not supported.
    #[error("an avatar is a JPEG, PNG or WebP image")]
    Kind,
    /// A side is too long.
    #[error("an avatar has at most {MAX_SIDE} pixels a side")]
    Side,
    /// The JPEG is in CMYK or YCCK: its colours depend on a profile and on markers that programs write
    /// differently.
    #[error("an avatar in CMYK can't be shown as it is meant; save it in RGB")]
    Cmyk,
    /// The pixels and the decoder's working memory exceed the limit.
    #[error("the image takes too much memory")]
    Memory,
    /// The file can't be decoded.
    #[error("the image is damaged")]
    Damaged,
}

impl From<Flaw> for DrawingError {
    fn from(flaw: Flaw) -> Self {
        Self::Image(flaw)
    }
}

/// The parts of a signed link to an avatar.
///
/// The avatar's owner gets the link, and WeChat gets it for the check. A link ends with its avatar, which is
/// deleted when it is replaced, removed or rejected; a new avatar has a new id, so no earlier link leads to
/// it.
#[derive(Debug, Clone)]
pub struct AvatarLink<'a> {
    /// The user's public id.
    pub public_id: &'a str,
    pub id: &'a str,
    /// Expiry of the link, in seconds since 1970.
    pub exp: i64,
}

impl AvatarLink<'_> {
    /// The path and query, without the signature.
    #[must_use]
    pub fn path(&self) -> String {
        let Self { public_id, id, exp } = self;
        format!("/api/v1/images/{public_id}/avatar/{id}.jpg?exp={exp}")
    }
}

impl DrawingService {
    /// Takes the user's permit to upload an avatar, to be held until the upload is done.
    ///
    /// # Errors
    /// [`DrawingError::Busy`] while the user or too many others hold one.
    pub fn upload(&self, user: &UserKey) -> DrawingResult<Permit> {
        self.0.uploads.take(user)
    }

    /// Converts an uploaded file to an avatar.
    ///
    /// # Errors
    /// [`DrawingError::Image`] with the flaw of the file, [`DrawingError::Busy`].
    pub async fn avatar_of(&self, user: &UserKey, file: Bytes) -> DrawingResult<Vec<u8>> {
        self.0.render_pool.slot(user).await?.work(move || square(&file)).await
    }

    /// A stored avatar as PNG, for the operators' console.
    ///
    /// # Errors
    /// [`DrawingError::Busy`], [`DrawingError::Internal`] for a damaged image.
    pub async fn avatar_png(&self, user: &UserKey, jpeg: Vec<u8>) -> DrawingResult<Bytes> {
        let png = move || {
            let damaged = |_| DrawingError::Internal("a stored avatar is damaged");
            let image = image::load_from_memory_with_format(&jpeg, ImageFormat::Jpeg).map_err(damaged)?;
            let mut png = Cursor::new(Vec::new());
            image.to_rgb8().write_to(&mut png, ImageFormat::Png).map_err(damaged)?;
            Ok(Bytes::from(png.into_inner()))
        };
        self.0.render_pool.slot(user).await?.work(png).await
    }

    /// Removes the user's avatar.
    ///
    /// # Errors
    /// [`DrawingError::Store`].
    pub async fn remove_avatar(&self, user: &UserKey) -> DrawingResult<()> {
        self.0.store.remove_avatar(user, None).await?;
        Ok(())
    }

    /// The link to the uploaded avatar, or else the address of the WeChat profile's avatar, if any. A link
    /// expires at the end of tomorrow in UTC, so that it stays the same for at least a day and the phone's
    /// image cache is effective.
    ///
    /// # Errors
    /// [`DrawingError::Store`] when the keys can't be read.
    pub async fn avatar_url(&self, user: &UserRecord) -> DrawingResult<Option<String>> {
        let Some(id) = &user.avatar else {
            return Ok(user.wechat_avatar.clone().filter(|address| !address.is_empty()));
        };
        let signer = &self.0.keys.get().await?.signer;
        Ok(Some(self.signed_avatar(&user.public_id, id, signer)))
    }

    fn signed_avatar(&self, public_id: &str, id: &str, signer: &Signer) -> String {
        let exp = (Micros::now().seconds().div_euclid(DAY) + 2) * DAY;
        let path = AvatarLink { public_id, id, exp }.path();
        let signature = signer.sign(&path);
        format!("{}{path}&sig={signature}", self.0.public_url)
    }

    /// The avatar that a signed link names.
    ///
    /// # Errors
    /// [`DrawingError::LinkInvalid`] when the signature is wrong or the link has expired, and
    /// [`DrawingError::NoAvatar`] when the user has another avatar or none, or has left.
    pub async fn linked_avatar(&self, link: &AvatarLink<'_>, signature: &str) -> DrawingResult<Vec<u8>> {
        let now = Micros::now().seconds();
        if now >= link.exp || !self.0.keys.get().await?.signer.verify(&link.path(), signature) {
            return Err(DrawingError::LinkInvalid);
        }
        let user = self.0.store.user_by_public_id(link.public_id).await?;
        let shows = |user: &UserRecord| user.is_shown() && user.avatar.as_deref() == Some(link.id);
        let user = user.filter(shows).ok_or(DrawingError::NoAvatar)?;
        self.0.store.avatar(&user.key, link.id).await?.ok_or(DrawingError::NoAvatar)
    }
}

/// Converts the middle of an image to a JPEG of 256 pixels a side, upright, on white where it is transparent.
///
/// # Errors
/// [`DrawingError::Image`] with the flaw of the file.
pub fn square(file: &[u8]) -> DrawingResult<Vec<u8>> {
    let mut reader = ImageReader::new(Cursor::new(file)).with_guessed_format().map_err(|_| Flaw::Damaged)?;
    if !matches!(reader.format(), Some(ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)) {
        return Err(Flaw::Kind.into());
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    let is_jpeg = reader.format() == Some(ImageFormat::Jpeg);
    // The decoder may still read a file whose markers are invalid here: the more expensive case is assumed.
    let frame = jpeg::Frame::of(file).unwrap_or(jpeg::Frame { is_progressive: true, components: 3 });
    if is_jpeg && frame.components == 4 {
        return Err(Flaw::Cmyk.into());
    }
    if is_jpeg && !jpeg::is_whole(file) {
        return Err(Flaw::Damaged.into());
    }
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(|error| flaw(&error))?;
    let (width, height) = decoder.dimensions();
    let mut memory = decoder.total_bytes();
    if is_jpeg && frame.is_progressive {
        // The decoder holds the coefficients of the whole image, two bytes each, and does not count them
        // against its limit.
        memory = memory.saturating_add(u64::from(width) * u64::from(height) * 6);
    }
    limits.reserve(memory).map_err(|error| flaw(&error))?;
    // Damaged metadata does not invalidate the pixels.
    let profile = decoder.icc_profile().ok().flatten();
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(|error| flaw(&error))?;

    // Transparency is resolved before the image is scaled: the colours of transparent pixels must not mix in.
    let mut small = imageops::resize(&MiddleOnWhite::of(&image), SIDE, SIDE, FilterType::CatmullRom);
    if let Some(profile) = profile {
        to_srgb(&mut small, &profile);
    }
    let mut small = DynamicImage::from(small);
    small.apply_orientation(orientation);
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, QUALITY);
    small.write_with_encoder(encoder).map_err(|error| {
        tracing::error!(%error, "an avatar was not encoded");
        DrawingError::Internal("an avatar was not encoded")
    })?;
    Ok(jpeg)
}

/// A view of the image's middle square on white, so that the pixels are in memory once.
struct MiddleOnWhite<'a> {
    image: &'a DynamicImage,
    left: u32,
    top: u32,
    side: u32,
}

impl<'a> MiddleOnWhite<'a> {
    fn of(image: &'a DynamicImage) -> Self {
        let (width, height) = image.dimensions();
        let side = width.min(height);
        Self { image, left: (width - side) / 2, top: (height - side) / 2, side }
    }
}

impl GenericImageView for MiddleOnWhite<'_> {
    type Pixel = Rgb<u8>;

    fn dimensions(&self) -> (u32, u32) {
        (self.side, self.side)
    }

    fn get_pixel(&self, x: u32, y: u32) -> Rgb<u8> {
        let Rgba([r, g, b, a]) = self.image.get_pixel(self.left + x, self.top + y);
        let blend = |channel: u8| {
            let mixed = u32::from(channel) * u32::from(a) + 255 * (255 - u32::from(a));
            u8::try_from((mixed + 127) / 255).unwrap_or(u8::MAX)
        };
        Rgb([blend(r), blend(g), blend(b)])
    }
}

/// Converts the colours of an RGB profile, such as Display P3 of phones, to sRGB. An image with an unusable
/// profile keeps its values, as in viewers without colour management.
fn to_srgb(image: &mut RgbImage, profile: &[u8]) {
    let Ok(source) = ColorProfile::new_from_slice(profile) else { return };
    if source.color_space != DataColorSpace::Rgb {
        return;
    }
    let srgb = ColorProfile::new_srgb();
    let transform =
        source.create_transform_8bit(Layout::Rgb, &srgb, Layout::Rgb, TransformOptions::default());
    let Ok(transform) = transform else { return };
    let mut converted = vec![0; image.as_raw().len()];
    if transform.transform(image.as_raw(), &mut converted).is_ok() {
        image.copy_from_slice(&converted);
    }
}

fn flaw(error: &ImageError) -> Flaw {
    match error {
        ImageError::Limits(limit) if limit.kind() == LimitErrorKind::DimensionError => Flaw::Side,
        ImageError::Limits(_) => Flaw::Memory,
        ImageError::Unsupported(_) => Flaw::Kind,
        ImageError::Decoding(_)
        | ImageError::Encoding(_)
        | ImageError::Parameter(_)
        | ImageError::IoError(_) => Flaw::Damaged,
    }
}

#[cfg(test)]
mod tests;
