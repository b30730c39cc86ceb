//! `skill.*` and `skills.*`.

use std::sync::Arc;

use car_protocol::RpcError;
use car_protocol::rpc::skills::{
    self as rpc, DistilledSkill, DistilledSkills, EvolveParams, FindParams, ForgottenSkill,
    FoundSkill, IngestParams, IngestedSkills, ListOr, ListParams, NameParams, Repaired,
    ReportParams, Skill, SkillScope, SkillStats, SkillTrigger, ThresholdParams, TraceEvent,
    TraceEvents,
};
use car_state::clock::Clock;
use car_state::memgine::{Memgine, NewSkill, SessionMemory, SkillQuestion};
use car_state::server::ServerState;

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

/// Skills in an answer, where it does not say how many are wanted, and at most.
const FOUND: u64 = 1;
const MOST: u64 = 100;
/// How often the skills of a domain must work, where nothing is said.
const THRESHOLD: f64 = 0.6;

/// What a session remembers with.
struct Skills {
    memory: Arc<SessionMemory>,
    clock: Arc<dyn Clock>,
}

pub(super) fn routes(state: &Arc<ServerState>) -> Vec<Route> {
    let clock = Arc::clone(state.clock());
    Routes::per_session(move |session| Skills {
        memory: Arc::clone(session.memory()),
        clock: Arc::clone(&clock),
    })
    .on::<rpc::Ingest, _>(ingest)
    .on::<rpc::Find, _>(find)
    .on::<rpc::Report, _>(report)
    .on::<rpc::Repair, _>(repair)
    .on::<rpc::Forget, _>(forget)
    .on::<rpc::List, _>(list)
    .on::<rpc::IngestDistilled, _>(ingest_distilled)
    .on::<rpc::Distill, _>(distil)
    .on::<rpc::Evolve, _>(evolve)
    .on::<rpc::DomainsNeedingEvolution, _>(weak_domains)
    .into_routes()
}

impl Skills {
    async fn engine(&self) -> Result<Arc<dyn Memgine>, Failure> {
        Ok(self.memory.engine().await?)
    }
}

async fn ingest(skills: Skills, _: Cx, params: IngestParams) -> Result<u64, Failure> {
    let skill = NewSkill {
        name: params.name,
        code: params.code,
        platform: params.platform.unwrap_or_else(|| "unknown".to_owned()),
        description: params.description.unwrap_or_default(),
        when_to_apply: String::new(),
        trigger: SkillTrigger {
            persona: params.persona.unwrap_or_default(),
            url_pattern: params.url_pattern.unwrap_or_default(),
            task_keywords: params.task_keywords,
            structured: None,
        },
        scope: SkillScope::Global,
        source: None,
        supersedes: params.supersedes,
        at: skills.clock.now(),
    };
    let numbers = skills.engine().await?.ingest_skills(vec![skill]).await?;
    Ok(numbers.first().copied().unwrap_or_default().into())
}

async fn find(skills: Skills, _: Cx, params: FindParams) -> Result<Vec<FoundSkill>, Failure> {
    let wanted = params.max_results.unwrap_or(FOUND);
    if wanted > MOST {
        let message = format!("max_results: an answer has {MOST} skills at most");
        let error = RpcError::invalid_params(Some("max_results"), message);
        return Err(error.with_limit(MOST).into());
    }
    let question = SkillQuestion {
        persona: params.persona.unwrap_or_default(),
        url: params.url.unwrap_or_default(),
        task: params.task.unwrap_or_default(),
        limit: usize::try_from(wanted).unwrap_or(usize::MAX),
    };
    Ok(skills.engine().await?.find_skills(question).await?)
}

async fn report(skills: Skills, _: Cx, params: ReportParams) -> Result<SkillStats, Failure> {
    let engine = skills.engine().await?;
    let worked = params.outcome == "success";
    Ok(engine.report_skill(&params.skill_name, worked).await?)
}

async fn repair(skills: Skills, _: Cx, params: NameParams) -> Result<Option<Repaired>, Failure> {
    let engine = skills.engine().await?;
    let code = engine.repair_skill(&params.skill_name).await?;
    Ok(code.map(|code| Repaired { code }))
}

async fn forget(skills: Skills, _: Cx, params: NameParams) -> Result<ForgottenSkill, Failure> {
    let engine = skills.engine().await?;
    let forgotten = engine.forget_skill(&params.skill_name).await?;
    Ok(ForgottenSkill { forgotten })
}

async fn list(skills: Skills, _: Cx, params: ListParams) -> Result<Vec<Skill>, Failure> {
    let engine = skills.engine().await?;
    let mut skills = engine.skills(params.domain.as_deref()).await?;
    if params.deprecated != Some(true) {
        skills.retain(|skill| !skill.deprecated);
    }
    Ok(skills)
}

async fn ingest_distilled(
    skills: Skills,
    _: Cx,
    params: ListOr<DistilledSkill, DistilledSkills>,
) -> Result<IngestedSkills, Failure> {
    let at = skills.clock.now();
    let new = params.into_list().into_iter();
    let new = new.map(|skill| NewSkill::distilled(skill, at)).collect();
    let ingested = skills.engine().await?.ingest_skills(new).await?.len() as u64;
    Ok(IngestedSkills { ingested })
}

async fn distil(
    skills: Skills,
    _: Cx,
    params: ListOr<TraceEvent, TraceEvents>,
) -> Result<Vec<DistilledSkill>, Failure> {
    Ok(skills.engine().await?.distil(params.into_list()).await?)
}

async fn evolve(
    skills: Skills,
    _: Cx,
    params: EvolveParams,
) -> Result<Vec<DistilledSkill>, Failure> {
    let engine = skills.engine().await?;
    Ok(engine.evolve(&params.domain, params.events).await?)
}

async fn weak_domains(
    skills: Skills,
    _: Cx,
    params: ThresholdParams,
) -> Result<Vec<String>, Failure> {
    let threshold = params.threshold.unwrap_or(THRESHOLD);
    Ok(skills.engine().await?.weak_domains(threshold).await?)
}
