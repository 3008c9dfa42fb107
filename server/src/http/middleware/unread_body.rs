//! Bodies that are not read to their end.
//!
//! Where a reply goes out before the request's body has come in, actix says so and closes the connection, but
//! for chunked bodies: those it reads on and throws away for as long as the client cares to send. It does so
//! because the body's reader is gone; a reader that is kept until the reply is written makes it close the
//! connection here, too.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::HttpMessage;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header;
use bytes::Bytes;
use futures_util::Stream;

/// The reader of a body; a clone is the same one.
#[derive(Clone)]
pub(super) struct Reader(Rc<RefCell<Payload>>);

impl Stream for Reader {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}

impl Reader {
    /// The reply's body, with which the reader is kept.
    pub(super) fn kept_with(self, body: BoxBody) -> BoxBody {
        BoxBody::new(Keeping { body, _reader: self })
    }
}

struct Keeping {
    body: BoxBody,
    _reader: Reader,
}

impl MessageBody for Keeping {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.body.as_pin_mut().poll_next(context)
    }
}

/// The reader of a chunked body, which is to be [kept with](Reader::kept_with) the reply's.
pub(super) fn reader(request: &mut ServiceRequest) -> Option<Reader> {
    request.headers().get(header::TRANSFER_ENCODING)?;
    let reader = Reader(Rc::new(RefCell::new(request.take_payload())));
    request.set_payload(Payload::Stream { payload: Box::pin(reader.clone()) });
    Some(reader)
}
