use std::time::Duration;

/// The bounds of one engine.
#[derive(Clone, Copy, Debug)]
pub struct EngineLimits {
    /// Actions of one proposal.
    pub actions: usize,
    /// Bytes of a proposal's id, and of an action's.
    pub id_bytes: usize,
    /// Attempts that run at the same time, of a proposal that says nothing.
    pub concurrency: usize,
    /// The most attempts at the same time that a proposal may ask for.
    pub most_concurrency: usize,
    /// The time of an attempt whose action says nothing.
    pub attempt_timeout: Duration,
    /// The longest time that an action may ask for.
    pub longest_timeout: Duration,
    /// The retries of an action that says nothing.
    pub retries: u32,
    /// The most retries that an action may ask for.
    pub most_retries: u32,
    /// The longest delay before the first retry; it doubles with each further one.
    pub first_backoff: Duration,
    /// The longest delay before any retry.
    pub longest_backoff: Duration,
    /// Bytes that one output may have as JSON text; a bigger one is stored, and a handle stands for it.
    pub result_bytes: usize,
    /// Bytes that all outputs of one proposal may take as JSON text.
    pub output_bytes: usize,
    /// Bytes that the parameters of one action may take as JSON text once references are resolved.
    pub parameter_bytes: usize,
    /// Remembered results of idempotent actions, and as many of tools with a `cache_ttl_secs`.
    pub cached_results: usize,
    /// Bytes that each of the two kinds of remembered results may hold.
    pub cached_bytes: usize,
    /// How long the result of an idempotent action is remembered.
    pub idempotency_ttl: Duration,
    /// How long tools that were told to stop may take to answer before the proposal ends without them.
    pub cancel_grace: Duration,
    /// The time of a compensation that says nothing.
    pub compensation_timeout: Duration,
    /// All that the compensations of a proposal may take once its session has ended.
    pub wind_down: Duration,
    /// Attempts that have ended and are still known, of all proposals together.
    pub known_calls: usize,
    /// Proposals that have ended and are still known.
    pub known_proposals: usize,
    /// The least time between two steps of a call's progress that listeners are told.
    pub progress_interval: Duration,
}

impl Default for EngineLimits {
    fn default() -> Self {
        Self {
            actions: 10_000,
            id_bytes: 256,
            concurrency: 16,
            most_concurrency: 64,
            attempt_timeout: Duration::from_secs(300),
            longest_timeout: Duration::from_secs(24 * 60 * 60),
            retries: 3,
            most_retries: 100,
            first_backoff: Duration::from_millis(100),
            longest_backoff: Duration::from_secs(10),
            result_bytes: 1 << 20,
            output_bytes: 32 << 20,
            parameter_bytes: 8 << 20,
            cached_results: 1_000,
            cached_bytes: 8 << 20,
            idempotency_ttl: Duration::from_secs(60 * 60),
            cancel_grace: Duration::from_secs(2),
            compensation_timeout: Duration::from_secs(30),
            wind_down: Duration::from_secs(5),
            known_calls: 1_000,
            known_proposals: 256,
            progress_interval: Duration::from_millis(50),
        }
    }
}
