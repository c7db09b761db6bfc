//! The bodies of requests and replies.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::Read as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

/// A reply's body, which is sent in one piece.
#[derive(Debug, Default)]
pub struct Whole(Option<Bytes>);

impl From<Vec<u8>> for Whole {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Some(Bytes::from(bytes)).filter(|bytes| !bytes.is_empty()))
    }
}

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

/// Why a body cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is longer than allowed.
    TooLarge,
    /// The connection failed.
    Cut,
}

/// The whole body of a request, of at most `limit` bytes.
///
/// # Errors
/// If it is longer, or the connection fails.
pub async fn read(mut body: impl Body<Data = Bytes> + Unpin, limit: usize) -> Result<Bytes, Unreadable> {
    if body.size_hint().lower() > limit as u64 {
        return Err(Unreadable::TooLarge);
    }
    let (mut pieces, mut length) = (VecDeque::new(), 0);
    while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(piece) = frame.map_err(|_| Unreadable::Cut)?.into_data() else { continue };
        length += piece.len();
        if length > limit {
            return Err(Unreadable::TooLarge);
        }
        pieces.push_back(piece);
    }
    // Usually one piece, which is not copied.
    if pieces.len() == 1 {
        return Ok(pieces.pop_front().unwrap_or_default());
    }
    let mut whole = Vec::with_capacity(length);
    for piece in &pieces {
        whole.extend_from_slice(piece);
    }
    Ok(whole.into())
}

/// What is wrong with a packed body.
#[derive(Debug, PartialEq, Eq)]
pub enum Unpackable {
    /// It is packed in a way that is not supported.
    Encoding,
    /// It is longer than allowed once unpacked.
    TooLarge,
    /// It is damaged.
    Damaged,
}

/// The content of a body that was packed as `encoding`, the value of `Content-Encoding`; `None` if it was not packed.
///
/// # Errors
/// If it cannot be unpacked, or has more than `limit` bytes then.
pub fn unpack(encoding: Option<&str>, body: &[u8], limit: usize) -> Result<Option<Vec<u8>>, Unpackable> {
    let encoding = encoding.unwrap_or("identity").trim().to_ascii_lowercase();
    let mut content = Vec::new();
    // One byte more than allowed shows that there is more.
    let most = limit as u64 + 1;
    let read = match encoding.as_str() {
        "" | "identity" => return Ok(None),
        "gzip" | "x-gzip" => flate2::read::MultiGzDecoder::new(body).take(most).read_to_end(&mut content),
        "deflate" => flate2::read::ZlibDecoder::new(body).take(most).read_to_end(&mut content),
        _ => return Err(Unpackable::Encoding),
    };
    match read {
        _ if content.len() > limit => Err(Unpackable::TooLarge),
        Ok(_) => Ok(Some(content)),
        Err(_) => Err(Unpackable::Damaged),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(content).unwrap();
        packed.finish().unwrap()
    }

    #[test]
    fn packed_bodies_are_unpacked_up_to_the_limit() {
        let content = vec![7; 1000];
        let packed = gzip(&content);
        assert_eq!(unpack(Some("GZIP"), &packed, 1000), Ok(Some(content)));
        assert_eq!(unpack(Some("gzip"), &packed, 999), Err(Unpackable::TooLarge));
        assert_eq!(unpack(Some("gzip"), &packed[..20], 1000), Err(Unpackable::Damaged));
        assert_eq!(unpack(Some("br"), &packed, 1000), Err(Unpackable::Encoding));
        assert_eq!(unpack(None, b"{}", 1000), Ok(None));
        assert_eq!(unpack(Some("identity"), b"{}", 1), Ok(None));
    }
}
