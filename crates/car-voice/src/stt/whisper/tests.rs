use std::fs;
use std::sync::atomic::AtomicBool;

use super::decode::Care;
use super::*;
use crate::stt::{Audio, Heard};

/// The width of the layers of the model in the tests.
const WIDTH: usize = 8;
const WORDS: [&str; 4] = ["Ġone", "Ġtwo", "Ġthree", "Ġfour"];

/// A model of two layers whose weights are noise.
fn weights(vocabulary: usize) -> Vec<u8> {
    let mut seed = 7_u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    let mut shapes: Vec<(String, Vec<usize>)> = vec![
        ("decoder/embeddings/weight".into(), vec![vocabulary, WIDTH]),
        (
            "decoder/position_encodings/encodings".into(),
            vec![64, WIDTH],
        ),
        (
            "encoder/position_encodings/encodings".into(),
            vec![150, WIDTH],
        ),
        ("encoder/conv1/weight".into(), vec![WIDTH, 80, 3]),
        ("encoder/conv1/bias".into(), vec![WIDTH]),
        ("encoder/conv2/weight".into(), vec![WIDTH, WIDTH, 3]),
        ("encoder/conv2/bias".into(), vec![WIDTH]),
    ];
    let mut linear = |name: String, to: usize, from: usize| {
        shapes.push((format!("{name}/weight"), vec![to, from]));
        shapes.push((format!("{name}/bias"), vec![to]));
    };
    for part in ["encoder", "decoder"] {
        for layer in 0..2 {
            let name = format!("{part}/layer_{layer}");
            linear(format!("{name}/self_attention/linear_0"), 3 * WIDTH, WIDTH);
            linear(format!("{name}/self_attention/linear_1"), WIDTH, WIDTH);
            linear(format!("{name}/ffn/linear_0"), 4 * WIDTH, WIDTH);
            linear(format!("{name}/ffn/linear_1"), WIDTH, 4 * WIDTH);
            if part == "decoder" {
                linear(format!("{name}/attention/linear_0"), WIDTH, WIDTH);
                linear(format!("{name}/attention/linear_1"), 2 * WIDTH, WIDTH);
                linear(format!("{name}/attention/linear_2"), WIDTH, WIDTH);
            }
        }
    }
    let linears: Vec<_> = shapes.iter().map(|(name, _)| name.clone()).collect();
    let mut norms = vec!["encoder".to_owned(), "decoder".to_owned()];
    let of_linear = |name: &String| name.strip_suffix("/linear_0/weight").map(str::to_owned);
    norms.extend(linears.iter().filter_map(of_linear));
    for norm in norms {
        shapes.push((format!("{norm}/layer_norm/gamma"), vec![WIDTH]));
        shapes.push((format!("{norm}/layer_norm/beta"), vec![WIDTH]));
    }
    let variables: Vec<(String, Vec<u32>, u8, Vec<u8>)> = shapes
        .into_iter()
        .map(|(name, shape)| {
            let count = shape.iter().product();
            let bytes = (0..count).flat_map(|_| noise().to_le_bytes()).collect();
            (name, shape.iter().map(|n| *n as u32).collect(), 0, bytes)
        })
        .collect();
    let mut listed: Vec<(&str, &[u32], u8, Vec<u8>)> = variables
        .iter()
        .map(|(name, shape, kind, bytes)| (&name[..], &shape[..], *kind, bytes.clone()))
        .collect();
    listed.push(("encoder/num_heads", &[], 2, vec![2, 0]));
    listed.push(("decoder/num_heads", &[], 2, vec![2, 0]));
    weights::tests::file(&listed)
}

fn model_in(folder: &Path) {
    let special = [
        "<|endoftext|>",
        "<|startoftranscript|>",
        "<|nocaptions|>",
        "<|notimestamps|>",
    ];
    let lines: Vec<&str> = WORDS.into_iter().chain(special).collect();
    fs::write(folder.join("model.bin"), weights(lines.len())).unwrap();
    fs::write(folder.join("vocabulary.txt"), lines.join("\n")).unwrap();
    fs::write(folder.join("config.json"), r#"{"suppress_ids_begin":[4]}"#).unwrap();
}

fn tone(millis: usize) -> Vec<f32> {
    (0..16 * millis)
        .map(|n| (n as f32 / 9.0).sin() * 0.3)
        .collect()
}

#[test]
fn what_is_remembered_of_earlier_tokens_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    model_in(folder.path());
    let listener = load(folder.path()).unwrap();
    let samples = tone(500);
    let last = |tokens: &[u32]| {
        let mut speaker = listener.model.listen(&samples, 100).unwrap();
        let said = tokens.iter().map(|token| speaker.follow(*token).unwrap());
        said.last().unwrap()
    };
    assert_eq!(last(&[5, 7, 1, 2]), last(&[5, 7, 1, 2]));
    assert_ne!(last(&[5, 7, 1, 2]), last(&[5, 7, 3, 2]));
    assert_ne!(last(&[5, 7, 1, 2]), last(&[2]));
}

#[test]
fn a_model_of_noise_says_a_bounded_number_of_words() {
    let folder = tempfile::tempdir().unwrap();
    model_in(folder.path());
    let listener = load(folder.path()).unwrap();
    let stop = AtomicBool::new(false);
    for millis in [0, 1, 40, 2_000] {
        let once = listener.hear(&tone(millis), Care::Full, &stop).unwrap();
        assert_eq!(
            once,
            listener.hear(&tone(millis), Care::Full, &stop).unwrap()
        );
        assert!(once.is_none_or(|words| words.text.split(' ').count() <= 32));
    }
    let stopped = AtomicBool::new(true);
    assert_eq!(
        listener.hear(&tone(100), Care::Full, &stopped).unwrap(),
        None
    );
}

#[test]
fn files_that_do_not_belong_together_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Whisper::check(folder.path()).is_err());
    model_in(folder.path());
    Whisper::check(folder.path()).unwrap();
    fs::write(folder.path().join("model.bin"), weights(9)).unwrap();
    let error = Whisper::check(folder.path()).unwrap_err().to_string();
    assert_eq!(error, "the model has 9 tokens, and vocabulary.txt 8");
}

#[tokio::test]
async fn what_is_missing_or_not_heard_is_said_before_a_stream_begins() {
    let folder = tempfile::tempdir().unwrap();
    let whisper = Whisper::new("tiny.en", folder.path().into(), "pull it");
    assert_eq!(whisper.missing().as_deref(), Some("pull it"));
    let refused = |options| async { whisper.begin(options).await.unwrap_err().to_string() };
    assert_eq!(refused(SttOptions::default()).await, "pull it");
    model_in(folder.path());
    assert_eq!(whisper.missing(), None);
    let language = |tag: &str| SttOptions {
        language: Some(tag.to_owned()),
        ..SttOptions::default()
    };
    assert_eq!(
        refused(language("de-DE")).await,
        "tiny.en hears English only"
    );
    let model = SttOptions {
        model: Some("large".into()),
        ..SttOptions::default()
    };
    assert_eq!(refused(model).await, "there is tiny.en and no large");
    whisper.begin(language("en-GB")).await.unwrap();
}

#[tokio::test]
async fn each_part_is_told_once_in_order_and_the_model_is_let_go_of() {
    let folder = tempfile::tempdir().unwrap();
    model_in(folder.path());
    let whisper = Whisper::new("tiny.en", folder.path().into(), "");
    let Recognition {
        audio,
        mut heard,
        work,
    } = whisper.begin(SttOptions::default()).await.unwrap();
    let speak = async move {
        for n in 0..6_u64 {
            let at = n * 32_000;
            audio.send(Audio::Samples(tone(1_000))).await.unwrap();
            audio
                .send(Audio::SpeechStart { at: at + 8_000 })
                .await
                .unwrap();
            audio.send(Audio::Samples(tone(1_000))).await.unwrap();
            audio
                .send(Audio::SpeechEnd { at: at + 24_000 })
                .await
                .unwrap();
        }
    };
    let listen = async {
        let mut all: Vec<Heard> = Vec::new();
        while let Some(heard) = heard.recv().await {
            all.push(heard);
        }
        all
    };
    let ((), worked, all) = tokio::join!(speak, work, listen);
    worked.unwrap();
    // What a model of noise says is hardly likely, and may not be believed; what is told is in order.
    let finals: Vec<_> = all.iter().filter(|heard| heard.is_final).collect();
    assert!(finals.is_sorted_by(|one, other| one.segment < other.segment));
    for heard in finals {
        assert_eq!(heard.start_ms, 500 + 2_000 * heard.segment);
        assert_eq!(heard.end_ms, heard.start_ms + 1_000);
        assert_eq!(heard.language.as_deref(), Some("en"));
    }
    assert!(whisper.loaded.lock().upgrade().is_none());
}
