//! Reads the text format of OpenMetrics 1.0, and refuses what breaks a rule that a scraper relies on.

use std::collections::{BTreeMap, BTreeSet};

/// A page of metrics that follows the rules.
#[derive(Debug, Default)]
pub(crate) struct Exposition {
    /// By the name and the labels in their order.
    samples: BTreeMap<(String, Vec<(String, String)>), f64>,
}

/// What a family has said about itself.
#[derive(Debug, Default)]
struct Family {
    name: String,
    kind: String,
    /// Of a histogram: the last bound and its count.
    buckets: BTreeMap<Labels, (f64, f64)>,
}

impl Exposition {
    /// The value of a sample.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let own = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        let labels = labels.iter().map(own).collect();
        self.samples.get(&(name.to_owned(), labels)).copied()
    }

    /// Reads a page.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let body = text.strip_suffix("# EOF\n").ok_or("the page has no end")?;
        let mut page = Self::default();
        let mut families = BTreeSet::new();
        let mut family = Family::default();
        for line in body.lines() {
            let wrong = |why: &str| Err(format!("{why}: {line}"));
            if let Some(said) = line.strip_prefix("# HELP ") {
                let (name, help) = said.split_once(' ').ok_or("help without a text")?;
                if !families.insert(name.to_owned()) || help.trim().is_empty() {
                    return wrong("a family twice, or without help");
                }
                page.complete(&family)?;
                family = Family {
                    name: name.to_owned(),
                    ..Family::default()
                };
            } else if let Some(said) = line.strip_prefix("# TYPE ") {
                match said.split_once(' ') {
                    Some((name, kind)) if name == family.name && family.kind.is_empty() => {
                        family.kind = kind.to_owned();
                    }
                    _ => return wrong("a type of another family"),
                }
            } else {
                let (name, labels, value) = sample(line).ok_or(format!("no sample: {line}"))?;
                page.check(&mut family, &name, &labels, value)?;
                if page.samples.insert((name, labels), value).is_some() {
                    return wrong("a sample twice");
                }
            }
        }
        page.complete(&family)?;
        Ok(page)
    }

    /// Whether a sample may stand here.
    fn check(
        &self,
        family: &mut Family,
        name: &str,
        labels: &[(String, String)],
        value: f64,
    ) -> Result<(), String> {
        let suffix = name
            .strip_prefix(&*family.name)
            .ok_or(format!("{name} stands in the family {}", family.name))?;
        let fits = match &*family.kind {
            "gauge" => suffix.is_empty(),
            "counter" => suffix == "_total" && value >= 0.0,
            "histogram" => ["_bucket", "_sum", "_count"].contains(&suffix),
            _ => false,
        };
        if !fits {
            return Err(format!("{name} is no sample of a {}", family.kind));
        }
        if suffix == "_bucket" {
            let (bounds, others): (Vec<_>, Vec<_>) =
                labels.iter().cloned().partition(|(label, _)| label == "le");
            let (_, bound) = bounds.first().ok_or("no le")?;
            let bound: f64 = bound
                .replace("+Inf", "inf")
                .parse()
                .map_err(|_| "no bound")?;
            let before = family.buckets.insert(others, (bound, value));
            let follows = before.is_none_or(|(b, count)| bound > b && value >= count);
            if !follows {
                return Err(format!("the buckets of {name} do not add up"));
            }
        }
        Ok(())
    }

    /// Whether a family has all that it must have.
    fn complete(&self, family: &Family) -> Result<(), String> {
        if family.kind != "histogram" {
            return Ok(());
        }
        let is_whole = |(labels, (bound, last)): (&Labels, &(f64, f64))| {
            let labels: Vec<_> = labels
                .iter()
                .map(|(l, v)| (l.as_str(), v.as_str()))
                .collect();
            let count = self.value(&format!("{}_count", family.name), &labels);
            let sum = self.value(&format!("{}_sum", family.name), &labels);
            bound.is_infinite() && Some(*last) == count && sum.is_some()
        };
        if !family.buckets.is_empty() && family.buckets.iter().all(is_whole) {
            Ok(())
        } else {
            Err(format!("the histogram {} is not complete", family.name))
        }
    }
}

type Labels = Vec<(String, String)>;
type Sample = (String, Vec<(String, String)>, f64);

/// Reads `name{label="value",…} number`.
fn sample(line: &str) -> Option<Sample> {
    let (series, number) = line.rsplit_once(' ')?;
    let (name, labels) = match series.split_once('{') {
        Some((name, rest)) => (name, labels(rest.strip_suffix('}')?)?),
        None => (series, Vec::new()),
    };
    is_name(name).then(|| Some((name.to_owned(), labels, number.parse().ok()?)))?
}

/// No value here has a quote or a comma in it.
fn labels(text: &str) -> Option<Vec<(String, String)>> {
    let label = |text: &str| {
        let (name, value) = text.split_once('=')?;
        let value = value.strip_prefix('"')?.strip_suffix('"')?;
        let plain = !value.contains(['"', '\\', '\n']);
        (is_name(name) && plain).then(|| (name.to_owned(), value.to_owned()))
    };
    text.split(',').map(label).collect()
}

fn is_name(text: &str) -> bool {
    let first = text.chars().next();
    first.is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}
