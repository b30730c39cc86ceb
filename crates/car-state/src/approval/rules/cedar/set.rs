//! The rules of one revision, sorted by what they can match.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use car_protocol::Timestamp;
use car_protocol::rpc::rules::MatchedRule;
use cedar_policy::{
    Authorizer, Context, Entities, Entity, EntityUid, PolicyId, PolicySet, Request, Response,
    RestrictedExpression,
};
use jiff::tz::TimeZone;

use super::super::{Called, RuleDecision, Ruling, Subject};
use super::arguments::{self, Flat};
use super::hours::Hours;
use super::rule::{Looks, Rule, Tools};
use super::schema::{CALL_TOOL, Types, Vocabulary, uid};

/// The rules of one revision. They are shared while they are asked, and never change.
#[derive(Debug)]
pub(super) struct RuleSet {
    pub(super) revision: Arc<str>,
    pub(super) loaded_at: Timestamp,
    pub(super) rules: Vec<Rule>,
    by_id: HashMap<PolicyId, usize>,
    /// By the name of the action.
    plans: HashMap<&'static str, Plan>,
    /// The tools that rules name, where no rule is about all of them.
    tools: Option<HashSet<String>>,
    /// The lines of the method table that any rule could match.
    pub(super) lines: Vec<usize>,
}

/// What is asked about one action.
#[derive(Debug)]
struct Plan {
    policies: Arc<PolicySet>,
    looks: Looks,
    action: EntityUid,
    entity: Entity,
}

/// Why the rules could not be asked. The call is refused.
type Unasked = String;

impl RuleSet {
    pub(super) fn new(
        rules: Vec<Rule>,
        revision: Arc<str>,
        loaded_at: Timestamp,
        vocabulary: &Vocabulary,
    ) -> Result<Self, String> {
        let mut plans = HashMap::new();
        let mut lines = Vec::new();
        // Many methods have the same rules, and share them.
        let mut shared: HashMap<Vec<usize>, Arc<PolicySet>> = HashMap::new();
        for (place, action) in vocabulary.actions.iter().enumerate() {
            let about: Vec<usize> = rules
                .iter()
                .enumerate()
                .filter(|(_, rule)| {
                    rule.actions.contains(&place)
                        && (action.name != CALL_TOOL || rule.tools != Tools::None)
                })
                .map(|(number, _)| number)
                .collect();
            if about.is_empty() {
                continue;
            }
            let those = || about.iter().filter_map(|number| rules.get(*number));
            let looks = those().fold(Looks::default(), |looks, rule| looks.and(rule.looks));
            let policies = match shared.get(&about) {
                Some(policies) => Arc::clone(policies),
                None => {
                    let mut policies = PolicySet::new();
                    for rule in those() {
                        let added = policies.add(rule.policy.clone());
                        added.map_err(|error| error.to_string())?;
                    }
                    let policies = Arc::new(policies);
                    shared.insert(about, Arc::clone(&policies));
                    policies
                }
            };
            lines.extend(action.line);
            let plan = Plan {
                policies,
                looks,
                action: action.uid.clone(),
                entity: action.entity.clone(),
            };
            plans.insert(action.name, plan);
        }
        let by_id = rules.iter().enumerate();
        let by_id = by_id.map(|(number, rule)| (rule.policy.id().clone(), number));
        Ok(Self {
            revision,
            loaded_at,
            by_id: by_id.collect(),
            tools: named_tools(&rules),
            plans,
            lines,
            rules,
        })
    }

    pub(super) fn reaches_tool(&self, tool: &str) -> bool {
        match &self.tools {
            None => true,
            Some(named) => named.contains(tool),
        }
    }

    pub(super) fn judge(
        &self,
        subject: &Subject<'_>,
        vocabulary: &Vocabulary,
        zone: &TimeZone,
    ) -> Option<Ruling> {
        let plan = match subject.called {
            Called::Method(method) => self.plans.get(method)?,
            Called::Tool(tool) if !self.reaches_tool(tool) => return None,
            Called::Tool(_) => self.plans.get(CALL_TOOL)?,
        };
        let asked = AssertUnwindSafe(|| plan.ask(subject, vocabulary, zone));
        let asked = catch_unwind(asked)
            .unwrap_or_else(|_| Err("the rules could not be evaluated".to_owned()));
        match asked {
            Ok(response) => self.ruling(&response),
            Err(reason) => {
                tracing::warn!(%reason, called = ?subject.called, "a call is refused because rules cannot be asked about it");
                Some(self.refusal(reason))
            }
        }
    }

    /// The strictest of the rules that match, and of those that failed.
    fn ruling(&self, response: &Response) -> Option<Ruling> {
        let diagnostics = response.diagnostics();
        let matched = diagnostics
            .reason()
            .filter_map(|id| self.by_id.get(id))
            .map(|number| (*number, None));
        let failed = diagnostics.errors().filter_map(|error| {
            let cedar_policy::AuthorizationError::PolicyEvaluationError(failed) = error;
            let number = self.by_id.get(failed.policy_id())?;
            Some((*number, Some(failed.inner().to_string())))
        });
        let mut found: Vec<(usize, Option<String>)> = matched.chain(failed).collect();
        found.sort();
        let mut found: Vec<(&Rule, MatchedRule)> = found
            .into_iter()
            .filter_map(|(number, failure)| {
                let rule = self.rules.get(number)?;
                Some((rule, told(rule, failure)))
            })
            .collect();
        // Stable: of equally strict ones the first by file and line comes first.
        found.sort_by_key(|(_, told)| std::cmp::Reverse(told.decision));
        let (first, strictest) = found.first()?;
        let decision = strictest.decision;
        let asking = || {
            let asks = found.iter().filter(|_| decision == RuleDecision::Ask);
            asks.filter(|(_, told)| told.decision == RuleDecision::Ask)
                .map(|(rule, _)| rule)
        };
        Some(Ruling {
            decision,
            rule: first.name.clone(),
            because: strictest.reason.clone(),
            timeout: asking().filter_map(|rule| rule.timeout).min(),
            wait: asking().filter_map(|rule| rule.wait).min(),
            routes: asking().find_map(|rule| rule.routes.clone()),
            revision: Arc::clone(&self.revision),
            matched: found.into_iter().map(|(_, told)| told).collect(),
        })
    }

    /// Rules could not be asked at all, so none of them could say no.
    fn refusal(&self, because: String) -> Ruling {
        Ruling {
            decision: RuleDecision::Deny,
            rule: "rules".to_owned(),
            because,
            timeout: None,
            wait: None,
            routes: None,
            matched: Vec::new(),
            revision: Arc::clone(&self.revision),
        }
    }
}

/// The tools that rules name; `None` where a rule is about all of them.
fn named_tools(rules: &[Rule]) -> Option<HashSet<String>> {
    let mut named = HashSet::new();
    for rule in rules {
        match &rule.tools {
            Tools::None => {}
            Tools::One(tool) => {
                named.insert(tool.clone());
            }
            Tools::All => return None,
        }
    }
    Some(named)
}

fn told(rule: &Rule, failure: Option<String>) -> MatchedRule {
    let failed = failure.is_some();
    MatchedRule {
        rule: rule.name.clone(),
        decision: if failed {
            RuleDecision::Deny
        } else {
            rule.decision
        },
        reason: failure.map_or_else(
            || rule.because(),
            |failure| format!("the rule {} cannot be evaluated: {failure}", rule.name),
        ),
        failed,
    }
}

impl Plan {
    fn ask(
        &self,
        subject: &Subject<'_>,
        vocabulary: &Vocabulary,
        zone: &TimeZone,
    ) -> Result<Response, Unasked> {
        let types = &vocabulary.types;
        let identity = subject.identity;
        let principal = identity.principal.to_string();
        let caller = uid(&types.caller, &principal);
        let attributes = [
            ("role".to_owned(), text(identity.role.as_str())),
            ("principal".to_owned(), text(&principal)),
        ];
        let who = Entity::new_with_tags(caller.clone(), attributes, [], []);
        let mut entities = vec![who.map_err(said)?, self.entity.clone()];
        let mut context = vec![];
        self.add_arguments(subject, types, &mut entities, &mut context)?;
        if self.looks.agents {
            let speaking = (subject.speaking)();
            context.push(("agents".to_owned(), texts(speaking.agents)));
            context.push(("projects".to_owned(), texts(speaking.projects)));
        }
        if self.looks.hours {
            let hours = Hours::at(subject.at, zone);
            context.extend([
                (
                    "hour".to_owned(),
                    RestrictedExpression::new_long(hours.hour),
                ),
                (
                    "minute".to_owned(),
                    RestrictedExpression::new_long(hours.minute),
                ),
                ("weekday".to_owned(), text(hours.weekday)),
                (
                    "weekend".to_owned(),
                    RestrictedExpression::new_bool(hours.weekend),
                ),
            ]);
        }
        let resource = match subject.called {
            Called::Method(_) => vocabulary.daemon.clone(),
            Called::Tool(tool) => uid(&types.tool, tool),
        };
        let context = Context::from_pairs(context).map_err(said)?;
        let entities = Entities::from_entities(entities, None).map_err(said)?;
        let request = Request::new(caller, self.action.clone(), resource, context, None);
        let request = request.map_err(said)?;
        Ok(Authorizer::new().is_authorized(&request, &self.policies, &entities))
    }

    fn add_arguments(
        &self,
        subject: &Subject<'_>,
        types: &Types,
        entities: &mut Vec<Entity>,
        context: &mut Vec<(String, RestrictedExpression)>,
    ) -> Result<(), Unasked> {
        if !self.looks.arguments && !self.looks.text {
            return Ok(());
        }
        let value = arguments::read(subject.arguments).map_err(said)?;
        if self.looks.text {
            let all = arguments::text(&value).map_err(said)?;
            context.push(("text".to_owned(), RestrictedExpression::new_string(all)));
        }
        if !self.looks.arguments {
            return Ok(());
        }
        let flat = Flat::of(&value).map_err(said)?;
        for (name, kind, tags) in [
            ("arguments", &types.arguments, flat.texts),
            ("numbers", &types.numbers, flat.numbers),
            ("lists", &types.lists, flat.lists),
        ] {
            let id = uid(kind, "call");
            let entity = Entity::new_with_tags(id.clone(), [], [], tags);
            entities.push(entity.map_err(said)?);
            context.push((name.to_owned(), RestrictedExpression::new_entity_uid(id)));
        }
        Ok(())
    }
}

fn text(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}

fn texts(texts: Vec<String>) -> RestrictedExpression {
    RestrictedExpression::new_set(texts.into_iter().map(RestrictedExpression::new_string))
}

fn said(error: impl ToString) -> Unasked {
    error.to_string()
}
