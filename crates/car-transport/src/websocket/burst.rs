//! Texts as the bytes that a server's end sends (RFC 6455, section 5.2). These frames have no mask: what many connections
//! are sent alike is encoded once for all.

use bytes::{BufMut as _, Bytes, BytesMut};
use car_state::frame::ByteString;

/// The last frame of a message, with text.
const TEXT: u8 = 0x81;
/// The longest header without a mask.
const HEADER: usize = 10;

/// One frame for each text.
pub(super) fn encode(texts: &[ByteString]) -> Bytes {
    let length = texts.iter().map(|text| HEADER + text.len()).sum();
    let mut bytes = BytesMut::with_capacity(length);
    for text in texts {
        put(&mut bytes, text);
    }
    bytes.freeze()
}

/// Appends the frame of a text.
pub(super) fn put(bytes: &mut BytesMut, text: &ByteString) {
    let length = text.len();
    bytes.reserve(HEADER + length);
    bytes.put_u8(TEXT);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..126), _) => bytes.put_u8(short),
        (_, Ok(medium)) => {
            bytes.put_u8(126);
            bytes.put_u16(medium);
        }
        _ => {
            bytes.put_u8(127);
            bytes.put_u64(length as u64);
        }
    }
    bytes.put_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt as _, StreamExt as _};
    use proptest::prelude::*;
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_library_reads_what_was_encoded(
            lengths in prop::collection::vec(prop_oneof![0..300_usize, 65_000..66_000_usize], 1..6),
            letter in prop_oneof![Just("x"), Just("é"), Just("字")],
        ) {
            let texts: Vec<_> = lengths.iter().map(|length| ByteString::from(letter.repeat(*length))).collect();
            let bytes = encode(&texts);
            let read = async {
                let (near, far) = (std::io::Cursor::new(bytes.to_vec()), Role::Client);
                let mut peer = WebSocketStream::from_raw_socket(near, far, None).await;
                let mut read = Vec::new();
                while let Some(Ok(message)) = peer.next().await {
                    read.push(message);
                }
                read
            };
            let wanted: Vec<_> = texts.iter().map(|text| Message::text(&**text)).collect();
            prop_assert_eq!(read.now_or_never(), Some(wanted));
        }
    }
}
