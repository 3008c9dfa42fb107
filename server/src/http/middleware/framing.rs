//! Requests whose framing differs from that of an ordinary HTTP/1.1 request: HEAD, `Upgrade`, `Expect`, HTTP/1.0
//! and unknown methods.
//!
//! - HEAD is routed as the GET that it asks about. A streamed body is dropped: actix would read it to its end before
//!   the next request of the connection, which a proxy takes for idle as soon as it has the head.
//! - `Upgrade: websocket` makes actix read a body until the connection ends and write an unframed reply. No address
//!   here upgrades, so the body has its declared length, and the reply ends with the connection.
//! - A client of HTTP/1.0 does not know chunks: a streamed reply ends with the connection.

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::{ConnectionType, Method, Version, header};
use actix_web::{HttpMessage, HttpRequest};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};

use crate::http::address::RejectedEarly;
use crate::problem::{Code, Problem};

/// The longest method that is looked up, in bytes; longer than any that is registered for HTTP.
const LONGEST_METHOD: usize = 24;

/// Marks a HEAD request, which is routed as a GET.
#[derive(Debug, Clone, Copy)]
struct Head;

/// Whether the request came as HEAD, so that a handler of a streamed body need not begin with it.
pub(crate) fn is_head(request: &HttpRequest) -> bool {
    request.extensions().get::<Head>().is_some()
}

/// The parts of a request's framing that its reply depends on.
pub(super) struct Framing {
    head: bool,
    upgrade: bool,
    unchunked: bool,
}

impl Framing {
    /// Reads the framing, and makes the request an ordinary one for everything below.
    pub(super) fn of(request: &mut ServiceRequest) -> Self {
        let head = request.method() == Method::HEAD;
        if head {
            request.head_mut().method = Method::GET;
            request.extensions_mut().insert(Head);
        }
        let upgrade = request.headers().contains_key(header::UPGRADE);
        if upgrade && !request.headers().contains_key(header::TRANSFER_ENCODING) {
            let length = request.headers().get(header::CONTENT_LENGTH);
            let length = length.and_then(|length| length.to_str().ok()?.trim().parse().ok()).unwrap_or(0);
            let payload = request.take_payload();
            request.set_payload(Payload::Stream { payload: Box::pin(first_bytes(payload, length)) });
        }
        Self { head, upgrade, unchunked: request.version() < Version::HTTP_11 }
    }

    /// Frames the reply as the request needs it.
    pub(super) fn applied_to(self, mut response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        if self.upgrade || self.unchunked && response.response().body().size() == BodySize::Stream {
            let head = response.response_mut().head_mut();
            head.no_chunking(true);
            head.set_connection_type(ConnectionType::Close);
        }
        if self.head && response.response().body().size() == BodySize::Stream {
            return response.map_body(|_, _| BoxBody::new(NoBody));
        }
        response
    }
}

/// The refusal of a request for what its head says, before any route is looked up.
pub(super) fn refusal(request: &ServiceRequest) -> Option<Problem> {
    if request.method().as_str().len() > LONGEST_METHOD {
        request.extensions_mut().insert(RejectedEarly);
        return Some(Problem::new(Code::MethodUnknown));
    }
    let mut expectations = request.headers().get_all(header::EXPECT);
    let unknown = expectations.any(|value| !value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    unknown.then(|| Problem::new(Code::ExpectationFailed))
}

/// The first `length` bytes of a body that has no end of its own.
fn first_bytes(payload: Payload, length: u64) -> impl Stream<Item = Result<Bytes, PayloadError>> {
    stream::unfold((payload, length), |(mut payload, left)| async move {
        if left == 0 {
            return None;
        }
        match payload.next().await {
            Some(Ok(mut chunk)) => {
                chunk.truncate(usize::try_from(left).unwrap_or(usize::MAX));
                let left = left - chunk.len() as u64;
                Some((Ok(chunk), (payload, left)))
            }
            Some(Err(error)) => Some((Err(error), (payload, 0))),
            None => Some((Err(PayloadError::Incomplete(None)), (payload, 0))),
        }
    })
}

/// The body of a reply to HEAD whose length is unknown: framed as a stream, and empty.
struct NoBody;

impl MessageBody for NoBody {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Bytes, Self::Error>>> {
        std::task::Poll::Ready(None)
    }
}
