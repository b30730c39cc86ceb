//! The engine as the daemon sees it: an answer is given when what it tells of is kept.

use car_state::memgine::{
    ConsolidationReport, Context, ConversationTurn, Details, DistilledSkill, Fact, FactChange,
    FactFilter, FactHit, FactId, Forgotten, Found, FoundSkill, Imported, Ingested, Memgine,
    MemgineError, NewFact, NewSkill, SegmentKey, Skill, SkillQuestion, SkillStats, Told,
    TraceEvent,
};
use tokio::runtime::Handle;

use crate::engine::Engine;

/// From how many facts on a search is too long for a thread that has connections.
const LONG: usize = 4_096;

impl Engine {
    /// Does something that takes its time on a thread for such things, where there is one.
    async fn aside<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, MemgineError> {
        let engine = self.clone();
        match Handle::try_current() {
            Ok(runtime) => runtime
                .spawn_blocking(move || act(&engine))
                .await
                .map_err(|error| MemgineError::Storage(Box::new(error))),
            Err(_) => Ok(act(&engine)),
        }
    }

    /// The same where the memory is large, and else here.
    async fn look<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, MemgineError> {
        if self.size() < LONG {
            return Ok(act(self));
        }
        self.aside(act).await
    }

    /// What was done, when it is kept.
    async fn kept<T>(&self, done: Result<T, MemgineError>) -> Result<T, MemgineError> {
        let done = done?;
        self.settled().await?;
        Ok(done)
    }
}

/// A score as it is shown: four digits behind the point say more than there is to say.
fn rounded(score: f32) -> f64 {
    (f64::from(score) * 1e4).round() / 1e4
}

impl Memgine for Engine {
    fn add_fact(&self, fact: NewFact) -> Told<'_, FactId> {
        Memgine::add(self, fact, Details::default())
    }

    fn query<'a>(&'a self, query: &'a str, limit: usize) -> Told<'a, Vec<FactHit>> {
        Box::pin(async move {
            let found = Memgine::search(self, query, limit).await?.into_iter();
            let hits = found.map(|found| FactHit {
                id: found.fact.id,
                subject: found.fact.subject,
                body: found.fact.body,
                kind: found.fact.kind,
                score: rounded(found.score.total),
            });
            Ok(hits.collect())
        })
    }

    fn build_context<'a>(&'a self, query: &'a str, tokens: usize) -> Told<'a, String> {
        Box::pin(async move { Ok(Memgine::context(self, query, tokens, false).await?.text) })
    }

    fn ingest_conversation(&self, turn: ConversationTurn) -> Told<'_, ()> {
        Box::pin(async move { self.kept(self.ingest(turn)).await.map(drop) })
    }

    fn fact_count(&self) -> Told<'_, u64> {
        Box::pin(async move { Ok(self.count()) })
    }

    fn ingest_segment(&self, key: SegmentKey, turn: ConversationTurn) -> Told<'_, Ingested> {
        Box::pin(async move { self.kept(Self::ingest_segment(self, &key, &turn)).await })
    }

    fn forget_source<'a>(&'a self, source: &'a str) -> Told<'a, Forgotten> {
        Box::pin(async move { self.kept(Self::forget_source(self, source)).await })
    }

    fn add(&self, fact: NewFact, details: Details) -> Told<'_, FactId> {
        Box::pin(async move { self.kept(Self::add(self, fact, details)).await })
    }

    fn get<'a>(&'a self, id: &'a FactId) -> Told<'a, Fact> {
        Box::pin(async move { Self::get(self, id) })
    }

    fn update<'a>(&'a self, id: &'a FactId, change: FactChange) -> Told<'a, Fact> {
        Box::pin(async move { self.kept(Self::update(self, id, change)).await })
    }

    fn supersede<'a>(
        &'a self,
        old: &'a FactId,
        fact: NewFact,
        details: Details,
    ) -> Told<'a, FactId> {
        Box::pin(async move { self.kept(Self::supersede(self, old, fact, details)).await })
    }

    fn forget<'a>(&'a self, id: &'a FactId) -> Told<'a, Forgotten> {
        Box::pin(async move { self.kept(Self::forget(self, id)).await })
    }

    fn history<'a>(&'a self, id: &'a FactId) -> Told<'a, Vec<Fact>> {
        Box::pin(async move { Self::history(self, id) })
    }

    fn list<'a>(&'a self, filter: &'a FactFilter) -> Told<'a, Vec<Fact>> {
        let filter = filter.clone();
        Box::pin(async move { self.look(move |engine| engine.list(&filter)).await? })
    }

    fn search<'a>(&'a self, query: &'a str, limit: usize) -> Told<'a, Vec<Found>> {
        let query = self.0.limits.question(query).to_owned();
        Box::pin(async move { self.look(move |engine| engine.search(&query, limit)).await })
    }

    fn context<'a>(&'a self, query: &'a str, tokens: usize, fast: bool) -> Told<'a, Context> {
        if fast {
            return Box::pin(async move { Ok(self.context_fast(tokens)) });
        }
        let query = self.0.limits.question(query).to_owned();
        Box::pin(async move {
            self.look(move |engine| engine.context(&query, tokens))
                .await
        })
    }

    fn consolidate(&self) -> Told<'_, ConsolidationReport> {
        Box::pin(async move {
            let done = self.aside(Self::consolidate).await?;
            self.kept(done).await
        })
    }

    fn ingest_skills(&self, skills: Vec<NewSkill>) -> Told<'_, Vec<u32>> {
        Box::pin(async move {
            let done = self
                .aside(move |engine| engine.ingest_skills(skills))
                .await?;
            self.kept(done).await
        })
    }

    fn find_skills(&self, question: SkillQuestion) -> Told<'_, Vec<FoundSkill>> {
        Box::pin(async move { Ok(Self::find_skills(self, &question)) })
    }

    fn report_skill<'a>(&'a self, name: &'a str, worked: bool) -> Told<'a, SkillStats> {
        Box::pin(async move { self.kept(Self::report_skill(self, name, worked)).await })
    }

    fn repair_skill<'a>(&'a self, name: &'a str) -> Told<'a, Option<String>> {
        Box::pin(async move { self.kept(Self::repair_skill(self, name)).await })
    }

    fn forget_skill<'a>(&'a self, name: &'a str) -> Told<'a, bool> {
        Box::pin(async move { self.kept(Self::forget_skill(self, name)).await })
    }

    fn skills<'a>(&'a self, domain: Option<&'a str>) -> Told<'a, Vec<Skill>> {
        Box::pin(async move { Ok(Self::skills(self, domain)) })
    }

    fn weak_domains(&self, threshold: f64) -> Told<'_, Vec<String>> {
        Box::pin(async move { Ok(Self::weak_domains(self, threshold)) })
    }

    fn distil(&self, events: Vec<TraceEvent>) -> Told<'_, Vec<DistilledSkill>> {
        Box::pin(async move { self.aside(move |_| Self::distil(&events)).await })
    }

    fn evolve<'a>(
        &'a self,
        domain: &'a str,
        events: Vec<TraceEvent>,
    ) -> Told<'a, Vec<DistilledSkill>> {
        let domain = domain.to_owned();
        Box::pin(async move {
            let done = self
                .aside(move |engine| engine.evolve(&domain, events))
                .await?;
            self.kept(done).await
        })
    }

    fn export(&self) -> Told<'_, String> {
        Box::pin(async move { self.aside(Self::export).await? })
    }

    fn import<'a>(&'a self, text: &'a str) -> Told<'a, Imported> {
        let text = text.to_owned();
        Box::pin(async move {
            let done = self.aside(move |engine| engine.import(&text)).await?;
            self.kept(done).await
        })
    }

    fn replace(&self, facts: Vec<(NewFact, Details)>) -> Told<'_, u64> {
        Box::pin(async move {
            let done = self.aside(move |engine| engine.replace(facts)).await?;
            self.kept(done).await
        })
    }
}
