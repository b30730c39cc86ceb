//! Which skills fit.

use car_state::memgine::{Skill, SkillQuestion};

use super::{Shelf, Shelved};
use crate::index::Question;

/// How much each part of the trigger says, and each part of all.
const PERSONA: f64 = 0.4;
const PLACE: f64 = 0.3;
const KEYWORDS: f64 = 0.3;
const TRIGGER: f64 = 0.4;
const WORKED: f64 = 0.4;
const MEANING: f64 = 0.2;
/// How often a skill worked of which nothing is known.
const PRIOR: f64 = 0.5;
/// From what likeness on a skill fits that nothing triggers.
const ALIKE: f64 = 0.35;

impl Shelf {
    /// The skills that fit best with how well they do, best first; of equals the newer one.
    pub(crate) fn find(
        &self,
        asked: &SkillQuestion,
        task: &Question,
        limit: usize,
    ) -> Vec<(&Skill, f64)> {
        let anything =
            asked.persona.is_empty() && asked.url.is_empty() && asked.task.trim().is_empty();
        let fitting = self.skills.iter().rev().filter_map(|(_, shelved)| {
            let skill = &*shelved.skill;
            if skill.deprecated || skill.stats.degraded {
                return None;
            }
            let (trigger, alike) = (shelved.triggered(asked, task), shelved.likeness(task));
            let fits = anything || trigger > 0.0 || alike >= ALIKE;
            let score = TRIGGER * trigger + WORKED * worked(skill) + MEANING * alike;
            fits.then_some((skill, score))
        });
        let mut fitting: Vec<_> = fitting.collect();
        fitting.sort_by(|a, b| b.1.total_cmp(&a.1));
        fitting.truncate(limit);
        fitting
    }
}

impl Shelved {
    /// How much of what triggers a skill is there, 0 to 1.
    fn triggered(&self, asked: &SkillQuestion, task: &Question) -> f64 {
        let trigger = &self.skill.trigger;
        let mut score = 0.0;
        if !trigger.persona.is_empty() && same(&trigger.persona, &asked.persona) {
            score += PERSONA;
        }
        if !trigger.url_pattern.is_empty() && is_at(&trigger.url_pattern, &asked.url) {
            score += PLACE;
        }
        let keywords = self.found_by.keywords.iter();
        let keywords = keywords.filter(|terms| !terms.is_empty());
        let (mut all, mut there) = (0.0, 0.0);
        for terms in keywords {
            all += 1.0;
            if terms.iter().all(|term| task.terms.contains(term)) {
                there += 1.0;
            }
        }
        if all > 0.0 {
            score += KEYWORDS * there / all;
        }
        score
    }

    fn likeness(&self, task: &Question) -> f64 {
        let meanings = self.found_by.meaning.as_ref().zip(task.vector.as_ref());
        meanings.map_or(0.0, |(own, asked)| {
            own.likeness(asked).clamp(0.0, 1.0).into()
        })
    }
}

fn worked(skill: &Skill) -> f64 {
    let (worked, failed) = (skill.stats.success_count, skill.stats.fail_count);
    match worked.saturating_add(failed) {
        0 => PRIOR,
        all => worked as f64 / all as f64,
    }
}

/// Whether two names are the same but for the size of letters.
fn same(one: &str, other: &str) -> bool {
    let small = |text: &str| {
        text.chars()
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    small(one) == small(other)
}

/// Whether an address has a part, or fits a pattern as a whole.
fn is_at(pattern: &str, address: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return address.contains(pattern);
    };
    let Some(mut address) = address.strip_prefix(first) else {
        return false;
    };
    let mut parts = rest.split('*');
    let last = parts.next_back().unwrap_or_default();
    for part in parts {
        // The first place leaves the most for those that follow.
        let Some((_, behind)) = address.split_once(part) else {
            return false;
        };
        address = behind;
    }
    address.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::is_at;

    #[test]
    fn a_pattern_is_of_the_whole_and_a_part_of_anywhere() {
        for (pattern, address, fits) in [
            ("shop", "https://shop.example/a", true),
            ("shop", "https://example/a", false),
            ("https://*.example/*", "https://shop.example/a", true),
            ("https://*.example/*", "http://shop.example/a", false),
            ("*/a", "https://shop.example/a", true),
            ("*/a", "https://shop.example/ab", false),
            ("a*b*c", "abc", true),
            ("a*b*b", "ab", false),
            ("ab*ba", "aba", false),
            ("*", "", true),
            ("**", "x", true),
        ] {
            assert_eq!(is_at(pattern, address), fits, "{pattern} {address}");
        }
    }
}
