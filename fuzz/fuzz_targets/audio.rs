//! Any message is read as a frame of audio or refused, what was read is written the same, and what it carries is heard
//! without a panic however it is numbered and cut.
#![no_main]

use bytes::Bytes;
use car_voice::format::AudioFormat;
use car_voice::frame::{AudioFrame, MAGIC};
use car_voice::resample::Resampler;
use car_voice::sequence::{Piece, Sequence};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let message = Bytes::copy_from_slice(data);
    if let Ok(frame) = AudioFrame::read(&message) {
        assert_eq!(frame.to_message(), message);
    } else if data.first() != Some(&MAGIC) {
        pushed(data);
    }
});

/// The first bytes choose the format, then come frames: a number, a length, and audio.
fn pushed(data: &[u8]) {
    let [rate, channels, rest @ ..] = data else {
        return;
    };
    let rate = 4_000 + u32::from(*rate) * 400;
    let Ok(format) = AudioFormat::new(rate, channels % 8 + 1) else {
        return;
    };
    let mut sequence = Sequence::default();
    let mut pieces = Vec::new();
    let mut rest = rest;
    while let [number, length, audio @ ..] = rest {
        let (audio, after) = audio.split_at(usize::from(*length).min(audio.len()));
        let number = (*number != 0).then(|| u64::from(*number) - 1);
        sequence.push(number, Bytes::copy_from_slice(audio), &mut pieces);
        rest = after;
    }
    sequence.finish(&mut pieces);
    assert!(!sequence.is_waiting());
    let Ok(mut resampler) = Resampler::new(format) else {
        return;
    };
    let mut samples = Vec::new();
    for piece in pieces {
        if let Piece::Audio(audio) = piece {
            resampler
                .push(&audio, &mut samples)
                .expect("audio of its format");
        }
    }
    resampler.finish(&mut samples).expect("its end");
    assert!(samples.iter().all(|sample| sample.abs() <= 1.0));
}
