//! Documentation comments as text for other readers than rustdoc.

/// One line per paragraph, and no links into the code.
pub(super) fn plain(doc: &str) -> String {
    let lines: Vec<&str> = doc.lines().map(str::trim).collect();
    let paragraphs = lines
        .split(|line| line.is_empty())
        .map(|lines| lines.join(" "));
    let text: Vec<String> = paragraphs.filter(|text| !text.is_empty()).collect();
    text.join("\n\n").replace("[`", "`").replace("`]", "`")
}

/// The first sentence.
pub(super) fn first_sentence(text: &str) -> &str {
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let end = paragraph.find(". ").map_or(paragraph.len(), |dot| dot + 1);
    paragraph.get(..end).unwrap_or(paragraph)
}

/// The place of a heading in a page.
pub(super) fn anchor(heading: &str) -> String {
    heading
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' '))
        .map(|c| match c {
            ' ' => '-',
            c => c.to_ascii_lowercase(),
        })
        .collect()
}

/// Text within a cell of a table.
pub(super) fn cell(text: &str) -> String {
    text.replace("\n\n", "<br>").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_stay_and_lines_join() {
        assert_eq!(
            plain(" One\n line.\n\n Two of [`Kind`].\n"),
            "One line.\n\nTwo of `Kind`."
        );
    }

    #[test]
    fn the_first_sentence_ends_at_its_full_stop() {
        assert_eq!(
            first_sentence("Reads one key. `null` when absent."),
            "Reads one key."
        );
        assert_eq!(
            first_sentence("Reads `a.b` now\n\nMore."),
            "Reads `a.b` now"
        );
    }

    #[test]
    fn anchors_drop_what_a_heading_marks() {
        assert_eq!(anchor("`host.set_status`"), "hostset_status");
    }
}
