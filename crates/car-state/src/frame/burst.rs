use std::sync::OnceLock;

use bytes::Bytes;
use bytestring::ByteString;

/// Text messages that follow each other and that many connections are sent alike.
///
/// What a transport makes of them is the same for all of its connections, so it is made by the first one that sends them
/// and shared by the others.
#[derive(Debug)]
pub struct Burst {
    texts: Box<[ByteString]>,
    bytes: usize,
    encoded: OnceLock<Bytes>,
}

impl Burst {
    /// The messages, oldest first.
    #[must_use]
    pub fn new(texts: Vec<ByteString>) -> Self {
        Self {
            bytes: texts.iter().map(|text| text.len()).sum(),
            texts: texts.into(),
            encoded: OnceLock::new(),
        }
    }

    /// The messages, oldest first.
    #[must_use]
    pub fn texts(&self) -> &[ByteString] {
        &self.texts
    }

    /// Bytes of payload of all messages together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The bytes that carry the messages. `encode` is asked once, whoever calls; so all who share bursts must encode in the
    /// same way, and a transport whose connections differ does not use it. Here that way is RFC 6455's for a server's end:
    /// one unmasked text frame for each message.
    pub fn encoded(&self, encode: impl FnOnce(&[ByteString]) -> Bytes) -> &Bytes {
        self.encoded.get_or_init(|| encode(&self.texts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_to_many_is_encoded_once() {
        let burst = Burst::new(vec!["one".into(), "three".into()]);
        assert_eq!(burst.bytes(), 8);
        let encode = |texts: &[ByteString]| Bytes::from(texts.concat());
        let first = burst.encoded(encode).clone();
        let second = burst.encoded(|_| unreachable!("it is there")).clone();
        assert_eq!(
            (&*first, first.as_ptr()),
            (&b"onethree"[..], second.as_ptr())
        );
    }
}
