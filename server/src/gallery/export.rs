//! Everything of a user in one zip file, made while it is sent.

use std::io::{self, Write};

use bytes::Bytes;
use futures_util::Stream;
use serde_json::json;
use tokio::sync::mpsc;
use yibi_common::api::DrawingReply;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::pictures::{Format, drawn};
use super::{GalleryError, GalleryResult, GalleryService, decoded};
use crate::store::gallery::{After, Gallery, Stored, UserRecord};
use crate::user::UserKey;

/// Exports that one server makes at a time.
pub(super) const AT_ONCE: usize = 2;
/// The longer side of exported pictures, in pixels.
const SIZE: u32 = 1080;
/// Drawings that are looked up at once.
const PAGE: u32 = 50;
/// Pieces that wait for a slow client before the making waits too.
const AHEAD: usize = 4;
/// The size from which a piece is sent.
const PIECE: usize = 64 << 10;

type Pieces = mpsc::Sender<io::Result<Bytes>>;

impl GalleryService {
    /// The user's profile and all drawings, the bin's too, each as JSON and PNG. The stream breaks off when
    /// something fails on the way, so that no part is taken for the whole.
    ///
    /// # Errors
    /// [`GalleryError::Busy`] when others are at it, [`GalleryError::NotFound`] for an unknown user,
    /// [`GalleryError::Store`].
    pub async fn export(
        &self,
        user: &UserKey,
    ) -> GalleryResult<impl Stream<Item = io::Result<Bytes>> + use<>> {
        let place = self.0.exports.clone().try_acquire_owned().map_err(|_| GalleryError::Busy)?;
        let record = self.0.store.user(user).await?.ok_or(GalleryError::NotFound)?;
        let (sender, receiver) = mpsc::channel(AHEAD);
        let service = self.clone();
        tokio::spawn(async move {
            if let Err(error) = service.write_export(record, sender.clone()).await {
                tracing::warn!(error = %error, "an export broke off");
                // When nobody listens any more, nobody need be told.
                let _ = sender.send(Err(io::Error::other("the export broke off"))).await;
            }
            drop(place);
        });
        Ok(futures_util::stream::unfold(receiver, |mut receiver| async {
            receiver.recv().await.map(|piece| (piece, receiver))
        }))
    }

    async fn write_export(&self, user: UserRecord, pieces: Pieces) -> GalleryResult<()> {
        let mut archive = Archive::new(pieces);
        let profile = json!({
            "id": user.public_id,
            "nickname": user.nickname,
            "created_at": user.created_at.to_string(),
        });
        archive = blocking(archive, move |archive| archive.file("profile.json", &pretty(&profile)?)).await?;
        let signer = &self.0.keys.get().await?.signer;
        for deleted in [false, true] {
            let mut after: Option<After> = None;
            loop {
                let page = self.0.store.page(&user.key, deleted, after.as_ref(), PAGE).await?;
                after =
                    page.last().map(|header| After { updated_at: header.updated_at, id: header.id.clone() });
                for header in &page {
                    let Some(stored) = self.0.store.read(&user.key, &header.id, 0).await? else { continue };
                    let summary = self.summary(&stored.header, &user.public_id, signer);
                    archive =
                        blocking(archive, move |archive| write_drawing(archive, &stored, summary)).await?;
                }
                if page.len() < PAGE as usize {
                    break;
                }
            }
        }
        blocking(archive, Archive::finish).await?;
        Ok(())
    }
}

fn write_drawing(
    archive: &mut Archive,
    stored: &Stored,
    summary: yibi_common::api::Summary,
) -> GalleryResult<()> {
    let actions = decoded(stored)?;
    // A link in a file that is kept for years would only be a riddle.
    let summary = yibi_common::api::Summary { image_url: None, ..summary };
    let folder = if stored.header.deleted_at.is_some() { "deleted" } else { "drawings" };
    let name = format!("{folder}/{}", summary.id);
    let json = pretty(&DrawingReply { summary, actions })?;
    archive.file(&format!("{name}.json"), &json)?;
    archive.file(&format!("{name}.png"), &drawn(stored, stored.header.seq, Format::Png, SIZE)?)
}

fn pretty(value: &impl serde::Serialize) -> GalleryResult<Vec<u8>> {
    serde_json::to_vec(value).map_err(|_| GalleryError::Internal("an export has no JSON form"))
}

async fn blocking(
    mut archive: Archive,
    work: impl FnOnce(&mut Archive) -> GalleryResult<()> + Send + 'static,
) -> GalleryResult<Archive> {
    let task = tokio::task::spawn_blocking(move || work(&mut archive).map(|()| archive));
    task.await.unwrap_or(Err(GalleryError::Internal("an export panicked")))
}

/// A zip file on its way.
struct Archive(Option<ZipWriter<StreamWriter<Outlet>>>);

impl Archive {
    fn new(pieces: Pieces) -> Self {
        Self(Some(ZipWriter::new_stream(Outlet { pieces, buffer: Vec::with_capacity(PIECE) })))
    }

    fn file(&mut self, name: &str, content: &[u8]) -> GalleryResult<()> {
        let Some(zip) = &mut self.0 else { return Ok(()) };
        let method =
            if name.ends_with(".png") { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        let options = SimpleFileOptions::default().compression_method(method);
        zip.start_file(name, options).map_err(|_| BROKEN)?;
        zip.write_all(content).map_err(|_| BROKEN)
    }

    fn finish(&mut self) -> GalleryResult<()> {
        let Some(zip) = self.0.take() else { return Ok(()) };
        let mut outlet = zip.finish().map_err(|_| BROKEN)?.into_inner();
        outlet.flush().map_err(|_| BROKEN)
    }
}

const BROKEN: GalleryError = GalleryError::Internal("the client of an export went away");

/// Sends what is written, in pieces; runs on threads that may wait.
struct Outlet {
    pieces: Pieces,
    buffer: Vec<u8>,
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE)));
        self.pieces.blocking_send(Ok(piece)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
