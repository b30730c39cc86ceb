//! Skills from what happened: of what worked the steps, of what failed a lesson. Nothing is in them that the events do not say,
//! so equal events give equal skills, and no model is needed.

use std::collections::BTreeMap;

use car_state::memgine::{DistilledSkill, LessonSource, SkillScope, SkillTrigger, TraceEvent};
use serde::Serialize;
use serde_json::Value;

use crate::text;

/// Skills of one distillation at most.
const MOST: usize = 100;
/// Steps of a skill, words that trigger one, and letters of a name.
const STEPS: usize = 64;
const KEYWORDS: usize = 8;
const NAME: usize = 64;
/// Letters of what is quoted in a sentence.
const QUOTED: usize = 200;
/// Bytes of the steps as JSON.
const CODE: usize = 48 << 10;
/// From which reward on something worked well enough.
const GOOD: f64 = 0.5;

/// What happened for one task in one domain.
#[derive(Debug, Default)]
struct Trail<'a> {
    domain: &'a str,
    task: &'a str,
    /// The calls that worked.
    steps: Vec<&'a TraceEvent>,
    /// Whether the last call did.
    ended_well: bool,
    /// How often a tool failed so, and what worked with it later.
    failures: BTreeMap<(&'a str, &'a str), (u64, Option<&'a TraceEvent>)>,
}

fn said<'a>(event: &'a TraceEvent, name: &str) -> &'a str {
    event
        .data
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

pub(crate) fn distil(events: &[TraceEvent]) -> Vec<DistilledSkill> {
    let mut trails: Vec<Trail<'_>> = Vec::new();
    let mut places: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for event in events {
        let Some(tool) = event.tool.as_deref().filter(|tool| !tool.is_empty()) else {
            continue;
        };
        let worked = match &*event.kind {
            "action_succeeded" => event.reward.is_none_or(|reward| reward >= GOOD),
            "action_failed" => false,
            _ => continue,
        };
        let (domain, task) = (said(event, "domain"), said(event, "task"));
        let place = *places.entry((domain, task)).or_insert_with(|| {
            trails.push(Trail {
                domain,
                task,
                ..Trail::default()
            });
            trails.len() - 1
        });
        let Some(trail) = trails.get_mut(place) else {
            continue;
        };
        trail.ended_well = worked;
        if worked {
            for (failed, (_, instead)) in &mut trail.failures {
                if failed.0 == tool {
                    *instead = Some(event);
                }
            }
            trail.steps.push(event);
        } else {
            let failed = trail.failures.entry((tool, said(event, "error")));
            failed.or_default().0 += 1;
        }
    }
    let mut skills: Vec<DistilledSkill> = Vec::new();
    for skill in trails.iter().flat_map(Trail::skills) {
        if skills.len() >= MOST {
            break;
        }
        // The same steps for another task, or the same failure: it is known.
        if skills.iter().all(|known| known.name != skill.name) {
            skills.push(skill);
        }
    }
    skills
}

impl Trail<'_> {
    fn skills(&self) -> Vec<DistilledSkill> {
        let worked = (self.ended_well && !self.steps.is_empty()).then(|| self.what_worked());
        let lessons = self
            .failures
            .iter()
            .map(|((tool, error), (times, instead))| self.lesson(tool, error, *times, *instead));
        worked.into_iter().chain(lessons).collect()
    }

    fn what_worked(&self) -> DistilledSkill {
        let mut tools: Vec<&str> = self
            .steps
            .iter()
            .filter_map(|step| step.tool.as_deref())
            .collect();
        tools.dedup();
        tools.truncate(STEPS);
        let steps = tools.join(", then ");
        let description = match self.task {
            "" => format!("What worked: {}.", cut(&steps)),
            task => format!("What worked for {:?}: {}.", cut(task), cut(&steps)),
        };
        DistilledSkill {
            name: name(&[self.domain, &tools.join(" "), self.task]),
            description,
            when_to_apply: self.when(),
            code: code(&self.steps),
            ..self.skill(LessonSource::Success, None)
        }
    }

    fn lesson(
        &self,
        tool: &str,
        error: &str,
        times: u64,
        instead: Option<&TraceEvent>,
    ) -> DistilledSkill {
        let why = match error {
            "" => String::new(),
            error => format!(": {}", cut(error)),
        };
        let often = match times {
            1 => "once".to_owned(),
            times => format!("{times} times"),
        };
        let then = if instead.is_some() {
            " The code is a call that worked later."
        } else {
            ""
        };
        DistilledSkill {
            name: name(&["avoid", self.domain, tool, error]),
            description: format!("{} failed {often}{why}.{then}", cut(tool)),
            when_to_apply: format!("Before {} is called. {}", cut(tool), self.when()),
            code: instead.map(|step| code(&[step])).unwrap_or_default(),
            ..self.skill(LessonSource::Failure, Some(tool))
        }
    }

    /// When what was learnt applies.
    fn when(&self) -> String {
        match (self.task, self.domain) {
            ("", "") => String::new(),
            ("", domain) => format!("In {}.", cut(domain)),
            (task, _) => format!("For tasks like {:?}.", cut(task)),
        }
    }

    fn skill(&self, source: LessonSource, tool: Option<&str>) -> DistilledSkill {
        let mut keywords: Vec<String> = Vec::new();
        let words = text::words(self.task).filter(|word| !text::is_silent(word));
        for word in tool.map(cut).map(str::to_owned).into_iter().chain(words) {
            if keywords.len() < KEYWORDS && !keywords.contains(&word) {
                keywords.push(word);
            }
        }
        DistilledSkill {
            scope: match self.domain {
                "" => SkillScope::Global,
                domain => SkillScope::Domain(domain.to_owned()),
            },
            source,
            domain: self.domain.to_owned(),
            trigger: SkillTrigger {
                task_keywords: keywords,
                ..SkillTrigger::default()
            },
            ..DistilledSkill::default()
        }
    }
}

/// A call, as it is written down.
#[derive(Serialize)]
struct Step<'a> {
    tool: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<&'a Value>,
}

/// The calls as JSON, as many as there is room for.
fn code(steps: &[&TraceEvent]) -> String {
    let mut calls: Vec<String> = Vec::new();
    let mut bytes = 0;
    for step in steps.iter().take(STEPS) {
        let call = Step {
            tool: step.tool.as_deref(),
            parameters: step.data.get("parameters"),
        };
        let Ok(call) = serde_json::to_string(&call) else {
            break;
        };
        bytes += call.len() + 1;
        if bytes > CODE {
            break;
        }
        calls.push(call);
    }
    format!("[{}]", calls.join(","))
}

/// A name of the words of these texts.
fn name(texts: &[&str]) -> String {
    let words: Vec<String> = texts.iter().flat_map(|text| text::words(text)).collect();
    let mut name = words.join("_");
    name.truncate(name.floor_char_boundary(NAME));
    if name.is_empty() {
        name.push_str("steps");
    }
    name
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(QUOTED)).unwrap_or(text)
}
