use std::fmt::Write as _;

use serde_json::json;

use super::{MeetingError, MeetingMetadata, Segment, Transcript};

/// What a meeting is exported as.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// A document to be read.
    Markdown,
    /// Captions, <https://www.w3.org/TR/webvtt1/>.
    WebVtt,
    /// `{metadata, segments}`, as `meeting.get` answers.
    Json,
}

/// The meeting as text.
///
/// # Errors
/// The summary is no JSON: it does not happen with metadata that was read.
pub fn export(
    metadata: &MeetingMetadata,
    transcript: &Transcript,
    format: Format,
) -> Result<String, MeetingError> {
    match format {
        Format::Markdown => Ok(markdown(metadata, transcript)),
        Format::WebVtt => Ok(web_vtt(metadata, transcript)),
        Format::Json => {
            let segments = transcript.segments().iter();
            let segments: Vec<_> = segments.map(|one| one.to_wire(metadata)).collect();
            let value = json!({"metadata": metadata, "segments": segments});
            serde_json::to_string_pretty(&value).map_err(MeetingError::Damaged)
        }
    }
}

fn markdown(metadata: &MeetingMetadata, transcript: &Transcript) -> String {
    let title = metadata.title.as_deref().unwrap_or(metadata.id.as_str());
    let mut text = format!("# {}\n\n{}", escaped(title), metadata.started_at);
    if let Some(ended) = metadata.ended_at {
        let _ = write!(text, " to {ended}");
    }
    text.push_str("\n\n");
    for segment in transcript.segments() {
        let since = clock(since_start(metadata, segment));
        let (speaker, words) = (escaped(speaker(metadata, segment)), escaped(&segment.text));
        let _ = writeln!(text, "- **{speaker}** ({since}): {words}");
    }
    text
}

fn web_vtt(metadata: &MeetingMetadata, transcript: &Transcript) -> String {
    let mut text = String::from("WEBVTT\n");
    for segment in transcript.segments() {
        let from = since_start(metadata, segment);
        let to = from.saturating_add(segment.duration_ms.max(1));
        let (from, to) = (clock(from), clock(to));
        // A blank line ends a cue, and `-->` may not be in one.
        let words = cue(&segment.text);
        let _ = write!(
            text,
            "\n{from} --> {to}\n<v {}>{words}\n",
            cue(speaker(metadata, segment))
        );
    }
    text
}

/// Who spoke, or where it came from when nobody knows.
fn speaker<'a>(metadata: &'a MeetingMetadata, segment: &'a Segment) -> &'a str {
    if let Some(name) = metadata.speaker_of(segment) {
        return name;
    }
    match segment.role.as_str() {
        "" | "unknown" => &segment.source,
        role => role.strip_prefix("other:").unwrap_or(role),
    }
}

/// How long after the begin, in milliseconds.
fn since_start(metadata: &MeetingMetadata, segment: &Segment) -> u64 {
    let began = metadata.started_at.unix_millis();
    let since = segment.timestamp.unix_millis().saturating_sub(began);
    u64::try_from(since).unwrap_or(0)
}

/// `01:02:03.004`
fn clock(millis: u64) -> String {
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    format!(
        "{:02}:{:02}:{seconds:02}.{millis:03}",
        minutes / 60,
        minutes % 60
    )
}

/// On one line, and nothing in it is Markdown or HTML.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !escaped.is_empty() {
            escaped.push(' ');
        }
        for c in word.chars() {
            if "\\`*_[]<>#|!&~".contains(c) {
                escaped.push('\\');
            }
            escaped.push(c);
        }
    }
    escaped
}

/// On one line, and nothing in it is markup.
fn cue(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = words.replace('&', "&amp;");
    words.replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use car_protocol::Timestamp;

    use super::super::transcript::tests::segment;
    use super::super::{Consent, MeetingId};
    use super::*;

    fn meeting() -> (MeetingMetadata, Transcript) {
        let id = MeetingId::new("m-1").unwrap();
        let metadata = MeetingMetadata {
            title: Some("Plans <for> 2026".into()),
            consent: Consent::Record,
            ..MeetingMetadata::new(id, Timestamp::from_unix_millis(1_000))
        };
        let mut transcript = Transcript::default();
        let mut first = segment("1", 0, "a --> b\n\nand *c*");
        first.timestamp = Timestamp::from_unix_millis(3_724_005);
        let mut second = segment("2", 0, "yes");
        second.role = "other:ann".into();
        for segment in [first, second] {
            transcript.apply(segment).unwrap();
        }
        (metadata, transcript)
    }

    #[test]
    fn what_was_said_is_no_markup_in_any_format() {
        let (metadata, transcript) = meeting();
        let text = |format| export(&metadata, &transcript, format).unwrap();
        let markdown = "# Plans \\<for\\> 2026\n\n1970-01-01T00:00:01.000Z\n\n\
            - **mic** (01:02:03.005): a --\\> b and \\*c\\*\n- **ann** (00:00:00.000): yes\n";
        assert_eq!(text(Format::Markdown), markdown);
        let vtt = "WEBVTT\n\n01:02:03.005 --> 01:02:04.505\n<v mic>a --&gt; b and *c*\n\
            \n00:00:00.000 --> 00:00:01.500\n<v ann>yes\n";
        assert_eq!(text(Format::WebVtt), vtt);
        let json: serde_json::Value = serde_json::from_str(&text(Format::Json)).unwrap();
        assert_eq!(json["segments"][1]["text"], "yes");
        assert_eq!(json["metadata"]["consent"], "record");
    }
}
