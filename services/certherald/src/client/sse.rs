//! Server-sent events (WHATWG HTML, section 9.2), as the console sends them.

use bytes::{Buf, BytesMut};
use futures::{Stream, StreamExt, stream};
use reqwest::Response;

use super::ClientError;

/// Bytes of one event: an event with the evidence of the largest certificate has some hundred KiB.
const EVENT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Event {
    /// Its place in the stream; empty if it has none.
    pub(crate) id: String,
    /// What it carries.
    pub(crate) data: String,
}

/// The events of an answer, until it ends.
pub(crate) fn events(
    response: Response,
) -> impl Stream<Item = Result<Event, ClientError>> + Unpin + use<> {
    let chunks = response.bytes_stream();
    let state = (chunks.boxed(), BytesMut::new());
    Box::pin(stream::unfold(state, |(mut chunks, mut buffer)| async move {
        loop {
            if let Some(block) = block(&mut buffer) {
                match parsed(&block) {
                    Some(event) => return Some((Ok(event), (chunks, buffer))),
                    // A comment, which only keeps the connection.
                    None => continue,
                }
            }
            if buffer.len() > EVENT_BYTES_MAX {
                let error =
                    ClientError::Usage("the console sends an event without an end".to_owned());
                return Some((Err(error), (stream::empty().boxed(), BytesMut::new())));
            }
            match chunks.next().await? {
                Ok(chunk) => buffer.extend_from_slice(&chunk),
                Err(error) => {
                    let error = ClientError::Answer(error);
                    return Some((Err(error), (stream::empty().boxed(), BytesMut::new())));
                }
            }
        }
    }))
}

/// Takes what stands before the first empty line.
fn block(buffer: &mut BytesMut) -> Option<String> {
    let end = buffer.windows(2).position(|pair| pair == b"\n\n")?;
    let block = buffer.split_to(end);
    buffer.advance(2);
    Some(String::from_utf8_lossy(&block).into_owned())
}

fn parsed(block: &str) -> Option<Event> {
    let mut event = Event::default();
    let mut has_data = false;
    for line in block.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => value.clone_into(&mut event.id),
            "data" => {
                if has_data {
                    event.data.push('\n');
                }
                event.data.push_str(value);
                has_data = true;
            }
            _ => {}
        }
    }
    has_data.then_some(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_when_it_is_whole() {
        let mut buffer = BytesMut::from(&b"id: 7\nevent: expired\ndata: {\"a\":\ndata: 1}\n"[..]);
        assert_eq!(block(&mut buffer), None);
        buffer.extend_from_slice(b"\n: still here\n\nid:8");
        let event = parsed(&block(&mut buffer).unwrap()).unwrap();
        assert_eq!((event.id.as_str(), event.data.as_str()), ("7", "{\"a\":\n1}"));
        assert_eq!(parsed(&block(&mut buffer).unwrap()), None);
        assert_eq!(&buffer[..], b"id:8");
    }
}
