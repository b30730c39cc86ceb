//! `memory.*`.

mod files;

use std::sync::Arc;

use car_protocol::rpc::Empty;
use car_protocol::rpc::memory::{
    self as rpc, Added, ConsolidationReport, Context, ContextParams, Fact, ForgetParams, Forgotten,
    Hit, IdParams, IngestParams, Ingested, ListParams, Page, QueryParams, SupersedeParams,
    UpdateParams,
};
use car_protocol::{RpcError, Timestamp};
use car_state::clock::Clock;
use car_state::memgine::{
    self, ConversationTurn, Details, FactChange, FactFilter, Found, Memgine, NewFact, SessionMemory,
};
use car_state::server::ServerState;

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};
use files::Folder;

/// Facts in an answer, where it does not say how many are wanted.
const HITS: u64 = 5;
const PAGE: u64 = 100;
/// Facts in an answer at most.
const MOST: u64 = 1_000;
/// Tokens of a context, where nothing is known of the model; the least; and what is left to the model first.
const TOKENS: u64 = 8_000;
const LEAST_TOKENS: u64 = 2_000;
const RESERVED: u64 = 4_096;

/// What a session remembers with.
struct Memory {
    memory: Arc<SessionMemory>,
    clock: Arc<dyn Clock>,
    folder: Folder,
}

pub(super) fn routes(state: &Arc<ServerState>) -> Vec<Route> {
    let clock = Arc::clone(state.clock());
    let folder = Folder::below(state.journal_dir());
    Routes::per_session(move |session| Memory {
        memory: Arc::clone(session.memory()),
        clock: Arc::clone(&clock),
        folder: folder.clone(),
    })
    .on::<rpc::AddFact, _>(add_fact)
    .on::<rpc::Add, _>(add)
    .on::<rpc::Query, _>(query)
    .on::<rpc::BuildContext, _>(build_context)
    .on::<rpc::BuildContextFast, _>(build_context_fast)
    .on::<rpc::ExplainContext, _>(explain_context)
    .on::<rpc::Consolidate, _>(consolidate)
    .on::<rpc::FactCount, _>(fact_count)
    .on::<rpc::Get, _>(get)
    .on::<rpc::Update, _>(update)
    .on::<rpc::Supersede, _>(supersede)
    .on::<rpc::Forget, _>(forget)
    .on::<rpc::List, _>(list)
    .on::<rpc::History, _>(history)
    .on::<rpc::IngestConversation, _>(ingest)
    .on::<rpc::Persist, _>(files::persist)
    .on::<rpc::Load, _>(files::load)
    .on::<rpc::Export, _>(files::export)
    .on::<rpc::Import, _>(files::import)
    .into_routes()
}

impl Memory {
    async fn engine(&self) -> Result<Arc<dyn Memgine>, Failure> {
        Ok(self.memory.engine().await?)
    }

    /// A fact as it was given, and what else was said of it.
    fn fact(&self, cx: &Cx, given: rpc::AddParams) -> Result<(NewFact, Details), Failure> {
        let details = Details {
            confidence: given.confidence.unwrap_or(Details::default().confidence),
            valid_until: time("valid_until", given.valid_until.as_deref())?,
            trust: given.trust.unwrap_or_default(),
            event: given.event,
            contradicts: given.contradicts,
            derived_from: given.derived_from,
        };
        let fact = NewFact {
            subject: given.subject,
            body: given.body,
            kind: given.kind.unwrap_or_else(|| "pattern".to_owned()),
            at: self.clock.now(),
            source: given.source.unwrap_or_else(|| source(cx)),
        };
        Ok((fact, details))
    }
}

/// Where a fact comes from of which nothing is said.
fn source(cx: &Cx) -> String {
    let identity = cx.identity();
    match identity.agent() {
        Some(agent) => format!("agent/{agent}"),
        None => format!("session/{}", identity.session),
    }
}

async fn add_fact(memory: Memory, cx: Cx, params: rpc::AddParams) -> Result<u64, Failure> {
    Ok(add(memory, cx, params).await?.count)
}

async fn add(memory: Memory, cx: Cx, params: rpc::AddParams) -> Result<Added, Failure> {
    let engine = memory.engine().await?;
    let (fact, details) = memory.fact(&cx, params)?;
    let id = if details == Details::default() {
        engine.add_fact(fact).await?
    } else {
        engine.add(fact, details).await?
    };
    let count = engine.fact_count().await?;
    Ok(Added { id, count })
}

async fn query(memory: Memory, _: Cx, params: QueryParams) -> Result<Vec<Hit>, Failure> {
    let limit = count("k", params.k, HITS)?;
    let engine = memory.engine().await?;
    if params.explain == Some(true) {
        let found = engine.search(&params.query, limit).await?.into_iter();
        return Ok(found.map(explained).collect());
    }
    let hits = engine.query(&params.query, limit).await?.into_iter();
    let hits = hits.map(|hit| Hit {
        subject: hit.subject,
        body: hit.body,
        kind: node_kind(&hit.kind),
        confidence: hit.score,
        id: Some(hit.id),
        fact_kind: Some(hit.kind),
        score: None,
    });
    Ok(hits.collect())
}

fn explained(found: Found) -> Hit {
    let fact = found.fact;
    Hit {
        subject: fact.subject,
        body: fact.body,
        kind: node_kind(&fact.kind),
        confidence: found.score.total.into(),
        id: Some(fact.id),
        fact_kind: Some(fact.kind),
        score: Some(found.score),
    }
}

/// A moment that may be left out.
fn time(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, Failure> {
    let parsed = text.map(str::parse::<Timestamp>).transpose();
    parsed
        .map_err(|error| RpcError::invalid_params(Some(field), format!("{field}: {error}")).into())
}

/// What published clients know as the kind.
fn node_kind(kind: &str) -> String {
    let node = if kind == "conversation" { kind } else { "fact" };
    node.to_owned()
}

/// How many facts are wanted.
fn count(field: &str, wanted: Option<u64>, otherwise: u64) -> Result<usize, Failure> {
    let wanted = wanted.unwrap_or(otherwise);
    if wanted > MOST {
        let message = format!("{field}: an answer has {MOST} facts at most");
        let error = RpcError::invalid_params(Some(field), message);
        return Err(error.with_limit(MOST).into());
    }
    Ok(usize::try_from(wanted).unwrap_or(usize::MAX))
}

/// How many tokens a context may have.
fn tokens(params: &ContextParams) -> usize {
    let tokens = params.model_context_window.map_or(TOKENS, |window| {
        let left = window.saturating_sub(RESERVED);
        (left / 5).saturating_mul(2).max(LEAST_TOKENS)
    });
    usize::try_from(tokens).unwrap_or(usize::MAX)
}

async fn context(memory: &Memory, params: ContextParams, fast: bool) -> Result<Context, Failure> {
    let engine = memory.engine().await?;
    let (tokens, query) = (tokens(&params), params.query.unwrap_or_default());
    Ok(engine.context(&query, tokens, fast).await?)
}

async fn build_context(memory: Memory, _: Cx, params: ContextParams) -> Result<String, Failure> {
    Ok(context(&memory, params, false).await?.text)
}

async fn build_context_fast(
    memory: Memory,
    _: Cx,
    params: ContextParams,
) -> Result<String, Failure> {
    Ok(context(&memory, params, true).await?.text)
}

async fn explain_context(memory: Memory, _: Cx, params: ContextParams) -> Result<Context, Failure> {
    context(&memory, params, false).await
}

async fn consolidate(memory: Memory, _: Cx, _: Empty) -> Result<ConsolidationReport, Failure> {
    Ok(memory.engine().await?.consolidate().await?)
}

async fn fact_count(memory: Memory, _: Cx, _: Empty) -> Result<u64, Failure> {
    Ok(memory.engine().await?.fact_count().await?)
}

async fn get(memory: Memory, _: Cx, params: IdParams) -> Result<Fact, Failure> {
    Ok(memory.engine().await?.get(&params.id).await?)
}

async fn update(memory: Memory, _: Cx, params: UpdateParams) -> Result<Fact, Failure> {
    let change = FactChange {
        subject: params.subject,
        body: params.body,
        kind: params.kind,
        confidence: params.confidence,
        valid_until: time("valid_until", params.valid_until.as_deref())?,
        trust: params.trust,
    };
    Ok(memory.engine().await?.update(&params.id, change).await?)
}

async fn supersede(memory: Memory, cx: Cx, params: SupersedeParams) -> Result<Added, Failure> {
    let engine = memory.engine().await?;
    let of_fact = |error: Failure| error.within("fact");
    let (fact, details) = memory.fact(&cx, params.fact).map_err(of_fact)?;
    let id = engine
        .supersede(&params.id, fact, details)
        .await
        .map_err(|error| of_fact(error.into()))?;
    let count = engine.fact_count().await?;
    Ok(Added { id, count })
}

async fn forget(memory: Memory, _: Cx, params: ForgetParams) -> Result<Forgotten, Failure> {
    let engine = memory.engine().await?;
    match (&params.id, params.source.as_deref()) {
        (Some(id), None) => Ok(engine.forget(id).await?),
        (None, Some(source)) if !source.is_empty() => Ok(engine.forget_source(source).await?),
        _ => {
            let message = "either id or source says what is to be forgotten";
            Err(RpcError::invalid_params(Some("id"), message).into())
        }
    }
}

async fn list(memory: Memory, _: Cx, params: ListParams) -> Result<Page, Failure> {
    let limit = count("limit", params.limit, PAGE)?.max(1);
    let filter = FactFilter {
        after: params.after,
        // One more than wanted says whether there is another page.
        limit: limit + 1,
        kind: params.kind,
        source: params.source,
        outdated: params.outdated.unwrap_or(false),
    };
    let mut facts = memory.engine().await?.list(&filter).await?;
    let more = facts.len() > limit;
    facts.truncate(limit);
    let next = facts.last().filter(|_| more).map(|fact| fact.id.clone());
    Ok(Page { facts, next })
}

async fn history(memory: Memory, _: Cx, params: IdParams) -> Result<Vec<Fact>, Failure> {
    Ok(memory.engine().await?.history(&params.id).await?)
}

async fn ingest(memory: Memory, _: Cx, params: IngestParams) -> Result<Ingested, Failure> {
    let engine = memory.engine().await?;
    let turn = ConversationTurn {
        speaker: params.speaker,
        text: params.text,
        at: time("at", params.at.as_deref())?.unwrap_or_else(|| memory.clock.now()),
    };
    let Some(key) = params.segment else {
        engine.ingest_conversation(turn).await?;
        return Ok(Ingested::Added { id: None });
    };
    Ok(match engine.ingest_segment(key, turn).await? {
        memgine::Ingested::Added(id) => Ingested::Added { id: Some(id) },
        memgine::Ingested::Replaced(id) => Ingested::Replaced { id },
        _ => Ingested::Known,
    })
}
