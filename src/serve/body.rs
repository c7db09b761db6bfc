//! The bodies of requests and replies.

use std::convert::Infallible;
use std::io::Read;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

use super::budget::Share;

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
    /// There is no memory for it while others are being read.
    NoRoom,
    /// The connection failed.
    Cut,
}

/// The whole body of a request, of at most `limit` bytes, which are counted in `share` as they arrive.
///
/// # Errors
/// If it is longer, the share cannot grow, or the connection fails.
pub async fn read(
    mut body: impl Body<Data = Bytes> + Unpin,
    limit: usize,
    share: &mut Share<'_>,
) -> Result<Bytes, Unreadable> {
    if body.size_hint().lower() > limit as u64 {
        return Err(Unreadable::TooLarge);
    }
    // Usually there is one piece, which is not copied; several are joined, without keeping any of them twice.
    let (mut first, mut whole): (Option<Bytes>, Vec<u8>) = (None, Vec::new());
    while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(piece) = frame.map_err(|_| Unreadable::Cut)?.into_data() else { continue };
        let length = first.as_ref().map_or(whole.len(), Bytes::len) + piece.len();
        if length > limit {
            return Err(Unreadable::TooLarge);
        }
        if !share.grow(piece.len()) {
            return Err(Unreadable::NoRoom);
        }
        if length == piece.len() {
            first = Some(piece);
            continue;
        }
        if whole.capacity() < length {
            // At most twice as much as has arrived, and no more than is allowed or still to come.
            let rest = body.size_hint().exact().map_or(length, |rest| usize::try_from(rest).unwrap_or(limit));
            let more = rest.min(length.max(PROMISED)).min(limit - length);
            whole.reserve_exact(length - whole.len() + more);
        }
        if let Some(first) = first.take() {
            whole.extend_from_slice(&first);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(first.unwrap_or_else(|| whole.into()))
}

/// The maximum memory that is reserved at first for the declared length of a body; more is allocated only as data
/// arrives. It is in use only as far as data has arrived, and usually enough for the whole body: growing would copy
/// it, and leave what is freed with the allocator.
const PROMISED: usize = 16 << 20;

/// What is wrong with a compressed body.
#[derive(Debug, PartialEq, Eq)]
pub enum Unpackable {
    /// Its compression is not supported.
    Encoding,
    /// It is longer than allowed after decompression.
    TooLarge,
    /// There is no memory for it while others are being read.
    NoRoom,
    /// It is damaged.
    Damaged,
}

/// The content of a body that is compressed as `encoding`, the value of `Content-Encoding`; `None` if it is
/// not compressed. It is counted in `share`.
///
/// # Errors
/// If it cannot be decompressed, has more than `limit` bytes after decompression, or the share cannot grow.
pub fn unpack(
    encoding: Option<&str>,
    body: &[u8],
    limit: usize,
    share: &mut Share<'_>,
) -> Result<Option<Vec<u8>>, Unpackable> {
    let encoding = encoding.unwrap_or("identity").trim().to_ascii_lowercase();
    match encoding.as_str() {
        "" | "identity" => Ok(None),
        "gzip" | "x-gzip" => {
            inflate(|| flate2::read::MultiGzDecoder::new(body), body.len(), limit, share).map(Some)
        }
        "deflate" => inflate(|| flate2::read::ZlibDecoder::new(body), body.len(), limit, share).map(Some),
        _ => Err(Unpackable::Encoding),
    }
}

/// Reads at most `limit` bytes, decompressed from `packed` ones, from the reader that `open` returns. Output
/// that could be large is counted before it is stored, so that a decompression bomb takes no memory.
fn inflate<R: Read>(
    open: impl Fn() -> R,
    packed: usize,
    limit: usize,
    share: &mut Share<'_>,
) -> Result<Vec<u8>, Unpackable> {
    // One more byte than allowed shows that there is too much.
    let most = limit as u64 + 1;
    let mut length = 0;
    if packed > SMALL {
        let counted = std::io::copy(&mut open().take(most), &mut std::io::sink());
        length = usize::try_from(counted.map_err(|_| Unpackable::Damaged)?).unwrap_or(usize::MAX);
        if length > limit {
            return Err(Unpackable::TooLarge);
        }
        if !share.grow(length) {
            return Err(Unpackable::NoRoom);
        }
    }
    let mut content = Vec::with_capacity(length);
    match open().take(most).read_to_end(&mut content) {
        _ if content.len() > limit => Err(Unpackable::TooLarge),
        // What was counted before has its room already.
        Ok(_) if !share.grow(content.len().saturating_sub(length)) => Err(Unpackable::NoRoom),
        Ok(_) => Ok(content),
        Err(_) => Err(Unpackable::Damaged),
    }
}

/// The largest compressed body that is decompressed without counting first: deflate expands it at most 1,032
/// times.
const SMALL: usize = 4 << 10;

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::io::Write as _;

    use super::super::budget::Budget;
    use super::*;

    fn unpack(encoding: Option<&str>, body: &[u8], limit: usize) -> Result<Option<Vec<u8>>, Unpackable> {
        super::unpack(encoding, body, limit, &mut Budget::new(usize::MAX, 1).share())
    }

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(content).unwrap();
        packed.finish().unwrap()
    }

    /// Bytes that hardly shrink.
    fn noise(count: usize) -> Vec<u8> {
        let next = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        let states = std::iter::successors(Some(1_u32), next);
        states.map(|state| (state >> 24) as u8).take(count).collect()
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

    #[test]
    fn large_packed_bodies_are_unpacked_up_to_the_limit_too() {
        let content = noise(100_000);
        let packed = gzip(&content);
        assert!(packed.len() > SMALL);
        assert_eq!(unpack(Some("gzip"), &packed, 99_999), Err(Unpackable::TooLarge));
        assert_eq!(unpack(Some("gzip"), &packed[..90_000], 100_000), Err(Unpackable::Damaged));
        let unpacked = unpack(Some("gzip"), &packed, 100_000).unwrap().unwrap();
        assert_eq!((unpacked.len(), unpacked.capacity()), (100_000, 100_000));
        assert!(unpacked == content);
    }

    #[test]
    fn unpacked_bodies_share_a_budget() {
        let (small, large) = (gzip(&[7; 1000]), gzip(&noise(50_000)));
        assert!(small.len() <= SMALL && large.len() > SMALL);
        for (packed, length) in [(small, 1000), (large, 50_000)] {
            let budget = Budget::new(length, 1);
            let unpack = |share: &mut Share<'_>| super::unpack(Some("gzip"), &packed, 1 << 20, share);
            let mut first = budget.share();
            assert_eq!(unpack(&mut first).unwrap().unwrap().len(), length);
            assert_eq!((budget.used(), unpack(&mut budget.share())), (length, Err(Unpackable::NoRoom)));
            drop(first);
            assert!(unpack(&mut budget.share()).is_ok());
        }
    }

    /// A body that arrives in pieces.
    struct Pieces(Vec<&'static [u8]>);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let next = (!self.0.is_empty()).then(|| self.0.remove(0));
            Poll::Ready(next.map(|piece| Ok(Frame::data(Bytes::from_static(piece)))))
        }
    }

    #[test]
    fn bodies_are_put_together_up_to_the_limit() {
        let read = |pieces: &[&'static [u8]], limit, room| {
            let budget = Budget::new(room, 1);
            let mut share = budget.share();
            let mut reading = std::pin::pin!(read(Pieces(pieces.to_vec()), limit, &mut share));
            match reading.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop())) {
                Poll::Ready(result) => result,
                Poll::Pending => panic!("nothing is waited for"),
            }
        };
        assert_eq!(read(&[], 0, 5).unwrap(), "");
        assert_eq!(read(&[b"abc"], 3, 5).unwrap(), "abc");
        assert_eq!(read(&[b"", b"ab", b"", b"c", b"de"], 5, 5).unwrap(), "abcde");
        assert_eq!(read(&[b"abc"], 2, 5), Err(Unreadable::TooLarge));
        assert_eq!(read(&[b"ab", b"c", b"de"], 4, 5), Err(Unreadable::TooLarge));
        assert_eq!(read(&[b"ab", b"c", b"de"], 5, 4), Err(Unreadable::NoRoom));
    }
}
