//! Export of a user's data as a zip file, created while it is sent.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::Stream;
use serde_json::json;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tracing::Instrument;
use yibi_common::api::{AuthorView, DrawingReply, Summary};
use yibi_common::limits::Limits;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::export_names::{Names, file_time};
use super::pictures::{Format, Rendition, drawn};
use super::{DrawingError, DrawingResult, DrawingService, json};
use crate::domain::clock::Micros;
use crate::domain::drawing::{After, Stored};
use crate::domain::phone::PhoneNumber;
use crate::domain::share::AfterShare;
use crate::domain::user::{UserKey, UserRecord};
use crate::render::Budget;
use crate::service::rooms::People;
use crate::store::{Avatars, Drawings, Shares, Users};

/// Exports that one server creates at a time; further ones wait in a queue.
const AT_ONCE: usize = 8;
/// Exports that one server creates or queues.
pub(super) const ADMITTED: usize = 64;
/// Maximum time of an export in the queue.
const LINE: Duration = Duration::from_secs(30);
/// Maximum duration of an export.
const LONGEST: Duration = Duration::from_secs(600);
/// Longer side of exported pictures, in pixels.
const SIZE: u32 = 1080;
const PAGE: u32 = 100;
/// Pieces that are queued for a slow client before the export pauses.
const AHEAD: usize = 4;
/// Size of a piece in bytes.
const PIECE: usize = 64 << 10;
/// Time that an export may wait for its client beyond the time that [`SLOWEST`] allows.
const PATIENCE: Duration = Duration::from_secs(30);
/// Minimum mean rate at which a client has to read, in bytes per second.
const SLOWEST: u32 = 32 << 10;

/// The queue to the client, and the client's reading rate.
struct Pieces {
    sender: mpsc::Sender<io::Result<Bytes>>,
    waited: Duration,
    sent: u32,
}

impl Pieces {
    /// Remaining time that the export waits for its client.
    fn patience(&self) -> Duration {
        (PATIENCE + Duration::from_secs(u64::from(self.sent / SLOWEST))).saturating_sub(self.waited)
    }

    async fn send(&mut self, piece: Bytes) -> DrawingResult<()> {
        let size = u32::try_from(piece.len()).unwrap_or(u32::MAX);
        let began = Instant::now();
        let sending = timeout(self.patience(), self.sender.send(Ok(piece))).await;
        self.waited = self.waited.saturating_add(began.elapsed());
        self.sent = self.sent.saturating_add(size);
        match sending {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(DrawingError::Internal("the client of an export went away")),
            Err(_) => Err(TOO_SLOW),
        }
    }
}

const TOO_SLOW: DrawingError = DrawingError::Internal("the client of an export is too slow");

pub(super) fn slots() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(AT_ONCE))
}

impl DrawingService {
    /// The user's profile, shares, the given orders and all drawings, the bin included, each drawing as JSON and PNG;
    /// `people` has the names of those who drew in them. The stream is aborted on a failure, so that a partial file is
    /// not mistaken for a complete one.
    ///
    /// # Errors
    /// [`DrawingError::Busy`] while another export of this user runs, or when too many others wait;
    /// [`DrawingError::NotFound`] for an unknown user, [`DrawingError::Store`].
    pub async fn export(
        &self,
        user: &UserKey,
        people: People,
        orders: Vec<serde_json::Value>,
    ) -> DrawingResult<impl Stream<Item = io::Result<Bytes>> + use<>> {
        let permit = self.0.exports.take(user)?;
        let slot = timeout(LINE, Arc::clone(&self.0.export_slots).acquire_owned()).await;
        let slot = slot.map_err(|_| DrawingError::Busy)?;
        let record = self.0.store.user(user).await?.ok_or(DrawingError::NotFound)?;
        let (sender, receiver) = mpsc::channel(AHEAD);
        let service = self.clone();
        let export = async move {
            let mut pieces = Pieces { sender, waited: Duration::ZERO, sent: 0 };
            let writing = timeout(LONGEST, service.write_export(record, &people, &orders, &mut pieces)).await;
            if let Err(error) = writing.unwrap_or(Err(TOO_SLOW)) {
                tracing::warn!(error = %error, "an export broke off");
                // A closed channel means that the client is gone and needs no error.
                let _ = pieces.sender.try_send(Err(io::Error::other("the export broke off")));
            }
            drop((permit, slot));
        };
        tokio::spawn(export.in_current_span());
        Ok(futures_util::stream::unfold(receiver, |mut receiver| async {
            receiver.recv().await.map(|piece| (piece, receiver))
        }))
    }

    async fn write_export(
        &self,
        user: UserRecord,
        people: &People,
        orders: &[serde_json::Value],
        pieces: &mut Pieces,
    ) -> DrawingResult<()> {
        let mut archive = Archive::new();
        let mut names = Names::default();
        // The number is not masked: it belongs to the user, and the export is the copy of all stored data
        // about the user.
        let sealer = &self.0.keys.get().await?.sealer;
        let phone = user.phone.as_ref().and_then(|sealed| PhoneNumber::open(sealed, sealer, &user.key));
        let profile = json!({
            "id": user.public_id,
            "nickname": user.nickname,
            "created_at": user.created_at.to_string(),
            "wechat_avatar": user.wechat_avatar.filter(|address| !address.is_empty()),
            "origin": user.origin,
            "phone": phone,
        });
        archive.file("profile.json", &json_of(&profile)?, file_time(Micros::now()))?;
        if !orders.is_empty() {
            archive.file("orders.json", &json_of(&orders)?, file_time(Micros::now()))?;
        }
        if let Some(id) = &user.avatar
            && let Some(image) = self.0.store.avatar(&user.key, id).await?
        {
            archive.file("avatar.jpg", &image, file_time(Micros::now()))?;
        }
        archive.file(
            "shares.json",
            &json_of(&self.shares_of(&user.key).await?)?,
            file_time(Micros::now()),
        )?;
        // All ids are read first: a drawing that changes meanwhile moves to the front of the pages and would
        // be missed.
        for id in self.all_ids(&user.key).await? {
            let place = self.0.render_pool.slot(&user.key).await?;
            let Some(stored) = self.0.store.read(&user.key, &id, 0).await? else { continue };
            let summary = self.summary(&stored.header, &user.public_id, &self.0.keys.get().await?.signer);
            let limits = self.0.limits.clone();
            let name = names.choose(&stored.header);
            let several = if stored.header.authors.len() > 1 { &stored.header.authors[..] } else { &[] };
            let mut authors = Vec::with_capacity(several.len());
            for id in several {
                // A signed link expires and would be useless in a stored file.
                authors.push(AuthorView { avatar_url: None, ..people.one(id).await? });
            }
            let reply = DrawingReply { summary, authors, actions: Vec::new() };
            let write = move || write_drawing(&mut archive, &name, &stored, reply, &limits).map(|()| archive);
            archive = place.work(write).await?;
            archive.send(pieces).await?;
        }
        archive.finish()?;
        archive.send(pieces).await
    }

    /// The user's shares, the newest first.
    async fn shares_of(&self, user: &UserKey) -> DrawingResult<Vec<serde_json::Value>> {
        let mut shares = Vec::new();
        let mut after: Option<AfterShare> = None;
        loop {
            let page = self.0.store.shares(user, after.as_ref(), PAGE).await?;
            shares.extend(page.iter().map(|share| {
                json!({
                    "code": share.code,
                    "drawing": share.drawing,
                    "state": share.state,
                    "shown_seq": share.shown_seq,
                    "checking_seq": share.checking_seq,
                    "reason": share.reason,
                    "audience": share.audience,
                    "allow_continue": share.allow_continue,
                    "created_at": share.created_at.to_string(),
                    "updated_at": share.updated_at.to_string(),
                })
            }));
            let Some(last) = page.last().filter(|_| page.len() >= PAGE as usize) else { return Ok(shares) };
            after = Some(AfterShare { created_at: last.created_at, code: last.code.clone() });
        }
    }

    async fn all_ids(&self, user: &UserKey) -> DrawingResult<Vec<String>> {
        let mut ids = Vec::new();
        for deleted in [false, true] {
            let mut after: Option<After> = None;
            loop {
                let page = self.0.store.page(user, deleted, after.as_ref(), PAGE).await?;
                after = page.last().map(After::drawing);
                let last = page.len() < PAGE as usize;
                ids.extend(page.into_iter().map(|header| header.id));
                if last {
                    break;
                }
            }
        }
        Ok(ids)
    }
}

fn write_drawing(
    archive: &mut Archive,
    name: &str,
    stored: &Stored,
    reply: DrawingReply,
    limits: &Limits,
) -> DrawingResult<()> {
    let summary = Summary { image_url: None, ..reply.summary };
    let reply = DrawingReply { summary, ..reply };
    let time = file_time(stored.header.updated_at);
    let json = match json::write_reply(&reply.summary, &reply.authors, stored, limits) {
        // The summary still documents the drawing, and the picture may follow.
        Err(DrawingError::DrawingTooLarge) => json_of(&reply)?,
        json => json?,
    };
    archive.file(&format!("{name}.json"), &json, time)?;
    match drawn(stored, stored.header.seq, Rendition::Still(Format::Png, SIZE), &Budget::start()) {
        Ok(png) => archive.file(&format!("{name}.png"), &png, time),
        // The export still holds the strokes.
        Err(DrawingError::PictureTooLarge) => Ok(()),
        Err(error) => Err(error),
    }
}

fn json_of(value: &impl serde::Serialize) -> DrawingResult<Vec<u8>> {
    serde_json::to_vec(value).map_err(|_| DrawingError::Internal("an export has no JSON form"))
}

/// A zip file in progress: the buffer holds the bytes that are not sent yet.
struct Archive {
    zip: Option<ZipWriter<StreamWriter<Buffer>>>,
    buffer: Buffer,
}

impl Archive {
    fn new() -> Self {
        let buffer = Buffer::default();
        Self { zip: Some(ZipWriter::new_stream(buffer.clone())), buffer }
    }

    fn file(&mut self, name: &str, content: &[u8], time: DateTime) -> DrawingResult<()> {
        let Some(zip) = &mut self.zip else { return Ok(()) };
        // Images do not shrink, but readers of a stream find the end of an entry only through its
        // compression.
        let level = if name.ends_with(".png") || name.ends_with(".jpg") { 1 } else { 6 };
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(level))
            .last_modified_time(time);
        zip.start_file(name, options).map_err(|_| OUTGROWN)?;
        zip.write_all(content).map_err(|_| OUTGROWN)
    }

    fn finish(&mut self) -> DrawingResult<()> {
        let Some(zip) = self.zip.take() else { return Ok(()) };
        zip.finish().map(|_| ()).map_err(|_| OUTGROWN)
    }

    /// Sends the bytes written so far.
    async fn send(&self, pieces: &mut Pieces) -> DrawingResult<()> {
        let mut written = Bytes::from(self.buffer.take());
        while !written.is_empty() {
            let piece = written.split_to(written.len().min(PIECE));
            pieces.send(piece).await?;
        }
        Ok(())
    }
}

/// Error for a write to memory, which fails only beyond the maximum size of a zip file.
const OUTGROWN: DrawingError = DrawingError::Internal("an export outgrew its format");

/// Memory that the archive writes to and the export reads from.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_client_runs_out_of_patience() {
        let (sender, _receiver) = mpsc::channel(1);
        let mut pieces = Pieces { sender, waited: Duration::from_secs(100), sent: 0 };
        assert_eq!(pieces.patience(), Duration::ZERO);
        pieces.sent = 200 * SLOWEST;
        assert_eq!(pieces.patience(), Duration::from_secs(130));
    }
}
