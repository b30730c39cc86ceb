// Common Agent Runtime: the types of all messages.
// Generated from crates/car-protocol; `cargo xtask codegen` writes it.

/** The id of a request: a number that is best an integer, a string, or null. It comes back as it was sent. */
export type Id = string | number | null;

/** What a client asks. */
export type Request = {
  [M in keyof Methods]: { jsonrpc: "2.0"; id: Id; method: M } & Pick<Methods[M], "params">;
}[keyof Methods];

/** What the daemon asks a client. */
export type Callback = {
  [M in keyof Callbacks]: { jsonrpc: "2.0"; id: Id; method: M } & Pick<Callbacks[M], "params">;
}[keyof Callbacks];

/** What the daemon tells a client. */
export type Notification = {
  [M in keyof Notifications]: { jsonrpc: "2.0"; method: M } & Pick<Notifications[M], "params">;
}[keyof Notifications];

/** An answer, in either direction: a result, `null` included, or an error. */
export type Response<Result = unknown> =
  | { jsonrpc: "2.0"; id: Id; result: Result; error?: undefined }
  | { jsonrpc: "2.0"; id: Id; error: RpcError; result?: undefined };

/** What a client may ask, by name. */
export interface Methods {
  /**
   * Authenticates the connection. Must be the first call where authentication is on.
   *
   * `token` is the client's; `host_token` gives the host role. Where authentication is off every token is accepted.
   *
   * Access: open.
   */
  "session.auth": { params?: SessionAuthParams; result: SessionAuthenticated };
  /**
   * Registers tools and policies in one call. Optional.
   *
   * Access: client.
   */
  "session.init": { params?: SessionInitParams; result: SessionInitialized };
  /**
   * Goes on with a session whose connection was lost, on this connection, which has no session of its own afterwards.
   *
   * `token` is what `session.auth`, `session.init` or this method gave for `resume`; it authenticates the connection. Must be called before anything that is still under way. A connection that the session still has is fenced.
   *
   * Access: open.
   */
  "session.resume": { params: SessionResumeParams; result: SessionResumed };
  /**
   * Ends the session, whatever grace it was promised, and after the answer the connection.
   *
   * Access: open.
   */
  "session.close": { params?: NoParams; result: Confirmation };
  /**
   * Opens a policy scope inside the session, to be named as `session_id` in `policy.register` and `proposal.submit`.
   *
   * Access: client.
   */
  "session.policy.open": { params?: NoParams; result: PolicyScope };
  /**
   * Closes a policy scope with all of its policies.
   *
   * Access: client.
   */
  "session.policy.close": { params: PolicyScope; result: PolicyScopeClosed };
  /**
   * Agrees on a protocol version and capabilities. Optional.
   *
   * Access: open.
   */
  "server.handshake": { params: HandshakeParams; result: HandshakeResult };
  /**
   * What the daemon is doing.
   *
   * Access: client.
   */
  "server.status": { params?: NoParams; result: ServerStatus };
  /**
   * Shuts the daemon down: no new connections, running calls may end within the drain time.
   *
   * Access: host.
   */
  "server.shutdown": { params?: NoParams; result: Confirmation };
  /**
   * The OpenRPC document of this daemon.
   *
   * Access: open.
   */
  "rpc.discover": { params?: NoParams; result: unknown };
  /**
   * The daemon in detail: versions, process, configuration, queues, the connections that wait most, streams, storage, and what it complained about last. Secrets are left out, so that the answer can be shown to others.
   *
   * Access: host.
   */
  "diagnostics.snapshot": { params?: DiagnosticsSnapshotParams; result: DiagnosticsSnapshot };
  /**
   * Registers tools, which the client will be asked to run. A name that is there already is replaced. Answers how many were registered; on an error none is.
   *
   * Access: client.
   */
  "tools.register": { params: ToolDefinition[]; result: number };
  /**
   * The session's tools, by name.
   *
   * Access: client.
   */
  "tools.list": { params?: NoParams; result: ToolList };
  /**
   * Removes a tool. Calls under way go on.
   *
   * Access: client.
   */
  "tools.unregister": { params: ToolsUnregisterParams; result: Unregistered };
  /**
   * Tells how far a `tools.execute` is. Best sent as a notification. It begins the call's idle time anew, never its deadline; who listens to the proposal gets at most twenty a second of each call, and is told how many were left out.
   *
   * Access: client.
   */
  "tools.progress": { params: ToolsProgressParams; result: ToolsProgressed };
  /**
   * Runs a proposal and answers when it has ended.
   *
   * Access: client.
   */
  "proposal.submit": { params: ProposalSubmitParams; result: ProposalResult };
  /**
   * Ends a proposal that is under way. Nothing further begins, tools that run are told with `tools.cancel` and have a moment to answer, and what succeeded is compensated where it says how. The answer to `proposal.submit` then has a status and a reason for every action. A proposal that is not known, or that is another session's while the caller is no host, is refused with the kind `not_found`.
   *
   * Access: client.
   */
  "proposal.cancel": { params: ProposalCancelParams; result: ProposalCancelled };
  /**
   * The attempts at a proposal's tool calls, with answers that came too late. Those of ended proposals are kept while there is room.
   *
   * Access: client.
   */
  "proposal.calls": { params: ProposalCallsParams; result: ProposalCalls };
  /**
   * Reads a part of a stored result. A handle is good for the session that got it, for sessions with the same credential, and for hosts; to all others it is unknown.
   *
   * Access: client.
   */
  "results.read": { params: ResultsReadParams; result: ResultChunk };
  /**
   * Registers a policy in the session, in one of its policy scopes, or, by a host, for all sessions of the daemon. A name that is there already is replaced, and what it counted is forgotten.
   *
   * Access: client.
   */
  "policy.register": { params: PolicyRegisterParams; result: PolicyRegistered };
  /**
   * The policies of the session, of one of its policy scopes, or of the daemon.
   *
   * Access: client.
   */
  "policy.list": { params?: PolicyListParams; result: PolicyList };
  /**
   * Removes a policy. Those of the daemon are removed by hosts; those of its configuration stay.
   *
   * Access: client.
   */
  "policy.unregister": { params: PolicyUnregisterParams; result: Unregistered };
  /**
   * Which policies concern an action, which of them decides, and why. Nothing runs, nobody is asked and nothing is counted.
   *
   * Access: client.
   */
  "policy.explain": { params: PolicyExplainParams; result: PolicyExplanation };
  /**
   * Checks a proposal against the session's tools and a forward simulation of its effects.
   *
   * Access: client.
   */
  "verify": { params: VerifyParams; result: Verification };
  /**
   * The same, with the state after each action.
   *
   * Access: client.
   */
  "simulate": { params: VerifyParams; result: Simulation };
  /**
   * Reads one key. `null` when the key is absent.
   *
   * Access: client.
   */
  "state.get": { params: StateKeyParams; result: unknown };
  /**
   * Writes one key. Answers `"ok"`.
   *
   * Access: client.
   */
  "state.set": { params: StateSetParams; result: string };
  /**
   * Whether a key is there.
   *
   * Access: client.
   */
  "state.exists": { params: StateKeyParams; result: boolean };
  /**
   * All keys, sorted.
   *
   * Access: client.
   */
  "state.keys": { params?: StateScopeParams; result: string[] };
  /**
   * All keys with their values.
   *
   * Access: client.
   */
  "state.snapshot": { params?: StateScopeParams; result: { [key: string]: unknown } };
  /**
   * Removes one key. Answers whether it was there.
   *
   * Access: client.
   */
  "state.delete": { params: StateKeyParams; result: boolean };
  /**
   * Removes every key. Cannot be undone.
   *
   * Access: client.
   */
  "state.clear": { params?: StateScopeParams; result: StateCleared };
  /**
   * How many events are kept.
   *
   * Access: client.
   */
  "events.count": { params?: NoParams; result: number };
  /**
   * How many events are kept, and their size.
   *
   * Access: client.
   */
  "events.stats": { params?: NoParams; result: EventStats };
  /**
   * The streams that the caller may read, by name: public ones and its own session's; a host all.
   *
   * Access: client.
   */
  "events.streams": { params?: EventsStreamsParams; result: EventStreamsPage };
  /**
   * How much is kept of each family of streams, and how much there is now of those that the caller may read.
   *
   * Access: client.
   */
  "events.retention": { params?: NoParams; result: EventRetentionTable };
  /**
   * Reads events of a stream, oldest first. A stream that the caller may not read is refused with the kind `forbidden`.
   *
   * Access: client.
   */
  "events.query": { params?: EventsQueryParams; result: EventPage };
  /**
   * Feeds streams to this connection, each event as the notification of its family.
   *
   * The answer stands before the first event. From the place where a stream begins every event comes once and in order; a subscriber that is slow is fed from the log, at its own pace. What is no longer kept by then is told with `events.lagged`. A pattern covers the streams that there are and those that appear later, which begin with their first event, as far as the caller may read them. A place of another epoch, or older than what is kept, is refused with the kind `resync_required`, `stream` and `oldest`, a stream that the caller may not read, or a pattern that covers none that it may, with `forbidden`, and a stream with an owner that is not there with `not_found`; nothing has changed then. A stream that is fed already begins anew. When a stream ends, `events.ended` is its last word.
   *
   * Access: client.
   */
  "events.subscribe": { params: EventsSubscribeParams; result: EventsSubscribed };
  /**
   * Ends the feeding of streams. A pattern ends with the streams that it alone covers.
   *
   * Access: client.
   */
  "events.unsubscribe": { params: EventsUnsubscribeParams; result: EventsUnsubscribed };
  /**
   * Drops the oldest events beyond a number.
   *
   * Access: client.
   */
  "events.truncate": { params?: EventsTruncateParams; result: EventsTruncated };
  /**
   * Drops all events.
   *
   * Access: client.
   */
  "events.clear": { params?: NoParams; result: EventsCleared };
  /**
   * Subscribes the connection to `host.event` and answers with all there is; what follows has no gap to it.
   *
   * Access: client.
   */
  "host.subscribe": { params?: NoParams; result: HostSnapshot };
  /**
   * The host agents, by name.
   *
   * Access: client.
   */
  "host.agents": { params?: NoParams; result: HostAgent[] };
  /**
   * Recent host events, newest first.
   *
   * Access: client.
   */
  "host.events": { params?: HostEventsParams; result: HostEvent[] };
  /**
   * Approvals, newest first: all that are pending and the recently decided.
   *
   * Access: client.
   */
  "host.approvals": { params?: NoParams; result: HostApproval[] };
  /**
   * Registers a host agent, owned by the caller's session.
   *
   * Access: client.
   */
  "host.register_agent": { params: HostRegisterAgentParams; result: HostAgent };
  /**
   * Removes a host agent and cancels what it asked for.
   *
   * Access: client.
   */
  "host.unregister_agent": { params: HostAgentParams; result: Confirmation };
  /**
   * Sets what a host agent is doing.
   *
   * Access: client.
   */
  "host.set_status": { params: HostSetStatusParams; result: HostAgent };
  /**
   * Tells all subscribers something. The kinds `agent.*`, `approval.*` and `a2ui.*` are the daemon's own and refused.
   *
   * Access: client.
   */
  "host.notify": { params?: HostNotifyParams; result: HostEvent };
  /**
   * Asks for a person's decision. Answers at once with the pending row.
   *
   * Access: client.
   */
  "host.request_approval": { params: HostRequestApprovalParams; result: HostApproval };
  /**
   * Decides an approval, or passes the wish on to the client that raised it.
   *
   * Access: client.
   */
  "host.resolve_approval": { params: HostResolveApprovalParams; result: HostApproval };
  /**
   * Approvals that wait, or those in another state, newest first.
   *
   * Access: client.
   */
  "approvals.list": { params?: ApprovalListParams; result: ApprovalList };
  /**
   * One approval, whatever became of it.
   *
   * Access: client.
   */
  "approvals.get": { params: ApprovalParams; result: Approval };
  /**
   * Decides an approval, once. The first decision counts; whoever comes later is told who decided, and when.
   *
   * Access: client.
   */
  "approvals.decide": { params: ApprovalDecideParams; result: Approval };
  /**
   * Notes that a person has these approvals before them. Their clocks run from then on, unless they ran already.
   *
   * Access: client.
   */
  "approvals.seen": { params: ApprovalSeenParams; result: ApprovalsSeen };
  /**
   * Takes back what the caller's session asked for. A call that waits for it is refused.
   *
   * Access: client.
   */
  "approvals.withdraw": { params: ApprovalWithdrawParams; result: Approval };
  /**
   * Approvals that are over, newest first, as long as they are kept.
   *
   * Access: client.
   */
  "approvals.history": { params?: ApprovalHistoryParams; result: ApprovalHistory };
  /**
   * Says what would become of a call by this session: whether it would run, a person would be asked, or it would be refused, and which rule, grant or set says so. Nobody is asked, and nothing is used up.
   *
   * Access: client.
   */
  "approvals.explain": { params: ApprovalsExplainParams; result: ApprovalExplanation };
  /**
   * The rules in effect, and what is wrong with files that are not.
   *
   * Access: client.
   */
  "approvals.rules": { params?: NoParams; result: ApprovalRules };
  /**
   * The consents that are in force, in the order in which they were given: to a host all, to everybody else those of the caller's credential.
   *
   * Access: client.
   */
  "grants.list": { params?: GrantListParams; result: GrantList };
  /**
   * Ends a consent. No call begins under it once this is answered; one that has begun goes on.
   *
   * Access: host.
   */
  "grants.revoke": { params: GrantRevokeParams; result: Grant };
  /**
   * Checks the chain from its beginning. It takes a moment where it is long.
   *
   * Access: host.
   */
  "audit.verify": { params?: AuditVerifyParams; result: AuditVerified };
  /**
   * Removes what was written and shown with records, and records that. The chain stays whole.
   *
   * Access: host.
   */
  "audit.redact": { params?: AuditRedactParams; result: AuditRedacted };
  /**
   * The supervised agents, by id. Tokens are never told, and of the environment only the names.
   *
   * Access: client.
   */
  "agents.list": { params?: NoParams; result: ManagedAgent[] };
  /**
   * Whether each agent can be started, lives, is connected, and answers.
   *
   * Access: client.
   */
  "agents.health": { params?: NoParams; result: AgentHealth[] };
  /**
   * Adds an agent or changes it. One that runs goes on as it was started until it is restarted.
   *
   * Access: client.
   */
  "agents.upsert": { params: AgentsUpsertParams; result: ManagedAgent };
  /**
   * Adds an agent from its manifest, which is kept as it is. One that is data only is kept and never started.
   *
   * Access: client.
   */
  "agents.install": { params?: AgentManifest; result: AgentInstalled };
  /**
   * Stops an agent and forgets it, its token and its manifest. Its log files stay.
   *
   * Access: client.
   */
  "agents.remove": { params: SupervisedAgentParams; result: AgentRemoved };
  /**
   * Starts an agent; one that runs goes on. A person is asked first where the gate is on and what would be started, to the digest of its executable, was never started before.
   *
   * Access: client.
   */
  "agents.start": { params: SupervisedAgentParams; result: ManagedAgent };
  /**
   * Stops an agent with all processes that it started, and answers when they have ended. With `term` it has 10 s to end by itself.
   *
   * Access: client.
   */
  "agents.stop": { params: AgentsStopParams; result: ManagedAgent };
  /**
   * Stops an agent and starts it again; a person is asked as for `agents.start`.
   *
   * Access: client.
   */
  "agents.restart": { params: SupervisedAgentParams; result: ManagedAgent };
  /**
   * The end of an agent's log, read from its end. To follow it, a host subscribes to the stream `agent/<id>/log`.
   *
   * Access: client.
   */
  "agents.tail_log": { params: AgentsTailLogParams; result: AgentLogTail };
  /**
   * Gives an agent a new token and takes the old one away. A process that runs has the old one until it is restarted.
   *
   * Access: client.
   */
  "agents.rotate_token": { params: SupervisedAgentParams; result: AgentTokenRotated };
  /**
   * Sends a prompt to an agent. Answers when the agent has taken it, within 5 seconds, or says why it has not.
   *
   * The agent is one that is attached with `session.auth`, or one that a client registered with `host.register_agent`. What it says comes as `agents.chat.event`, also to everybody who subscribes to the stream `chat/<session_id>`.
   *
   * Access: client.
   */
  "agents.chat": { params: ChatParams; result: ChatAccepted };
  /**
   * Ends the running turn of a chat, and those that wait behind it. The agent is told.
   *
   * Access: client.
   */
  "agents.chat.cancel": { params: ChatCancelParams; result: ChatCancelled };
  /**
   * The turns of a chat, newest first. They are kept beyond the end of the daemon.
   *
   * Access: client.
   */
  "agents.chat.history": { params: ChatHistoryParams; result: ChatHistory };
  /**
   * The chats, the one that changed last first.
   *
   * Access: client.
   */
  "agents.chat.list": { params?: ChatListParams; result: ChatList };
  /**
   * Asks whether the agent may do something, in a turn of a chat that it was asked in: rules first, then what people agreed to before, then a person, who sees it in the chat. Answers when it is decided; where nobody decides in time, or the turn ends, it is not allowed. Where no approvals are asked for, only rules refuse.
   *
   * Access: agent.
   */
  "agents.permit": { params: AgentsPermitParams; result: AgentsPermitted };
  /**
   * The agents that speak the Agent Client Protocol: those that are supervised, and those known ones whose program is on the daemon's `PATH`, by id.
   *
   * Access: client.
   */
  "agents.list_external": { params?: AgentsListExternalParams; result: ExternalAgent[] };
  "agents.detect_external": Methods["agents.list_external"];
  /**
   * Whether one of them could answer, or all of them. One that runs is asked, and has 5 s; one that does not run has its executable looked at.
   *
   * Access: client.
   */
  "agents.health_external": { params?: AgentsHealthExternalParams; result: ExternalHealthAnswer };
  /**
   * Has one of them do a task: it is added and started where it is not yet, for which a person may be asked, and gets the task as a prompt of a chat. Answers at the end, or, with `stream`, when the agent has taken it.
   *
   * Access: client.
   */
  "agents.invoke_external": { params: AgentsInvokeExternalParams; result: ExternalInvokeResult };
  /**
   * Tells that an agent is there.
   *
   * Access: client.
   */
  "registry.register": { params: RegistryRegisterParams; result: null };
  /**
   * Tells that an agent is still there.
   *
   * Access: client.
   */
  "registry.heartbeat": { params: RegistryNameParams; result: RegistryRefreshed };
  /**
   * Tells that an agent is gone. One that is not there is gone already.
   *
   * Access: client.
   */
  "registry.unregister": { params: RegistryNameParams; result: null };
  /**
   * The agents that are there, by name.
   *
   * Access: client.
   */
  "registry.list": { params?: RegistryListParams; result: RegistryEntryOutput[] };
  /**
   * Removes the agents that were not heard of for too long, and names them.
   *
   * Access: client.
   */
  "registry.reap": { params?: RegistryReapParams; result: string[] };
  /**
   * What became of the act that a key names. Does not wait for its end.
   *
   * Every method that changes something takes an `idempotency_key`: in its params, in `params._meta`, or in a member `_meta` of the request where params are an array. The act runs at most once under it. The same key with the same params again gets the same answer, which it waits for while the act is under way; with other params, or another method, it is refused with the kind `idempotency_conflict`.
   *
   * Access: client.
   */
  "request.outcome": { params: RequestOutcomeParams; result: RequestOutcomeReport };
  /**
   * Runs an AppleScript.
   *
   * Access: client.
   */
  "automation.run_applescript": { params?: { [key: string]: unknown }; result: unknown };
  /**
   * Runs a shortcut of the platform.
   *
   * Access: client.
   */
  "automation.shortcuts.run": { params?: { [key: string]: unknown }; result: unknown };
  /**
   * Sends a message in the person's name.
   *
   * Access: client.
   */
  "messages.send": { params?: { [key: string]: unknown }; result: unknown };
  /**
   * Sends mail in the person's name.
   *
   * Access: client.
   */
  "mail.send": { params?: { [key: string]: unknown }; result: unknown };
  /**
   * Reads the text of an image.
   *
   * Access: client.
   */
  "vision.ocr": { params?: { [key: string]: unknown }; result: unknown };
  /**
   * Offers to serve provided methods. The newest offer of a method counts: the session that had it before serves it no more, except for calls that are under way. It ends with its session.
   *
   * Access: host.
   */
  "providers.register": { params: ProvidersRegisterParams; result: ProvidersRegistered };
  /**
   * Takes offers of the caller's session back, all of them when no method is named. Calls under way go on.
   *
   * Access: host.
   */
  "providers.unregister": { params?: ProvidersUnregisterParams; result: ProvidersUnregistered };
  /**
   * The provided methods, by name, and who serves each.
   *
   * Access: client.
   */
  "providers.list": { params?: NoParams; result: ProviderList };
  /**
   * Shows a notification on the desktop that the daemon runs on. `unavailable` where there is none that could.
   *
   * Access: client.
   */
  "notifications.local": { params: LocalNotificationParams; result: LocalNotificationShown };
  /**
   * What an agent says in a chat. Taken from the session alone that was given the prompt; usually a notification.
   *
   * Access: client.
   */
  "agent.chat.event": { params: ChatSayParams; result: ChatSaid };
  /**
   * Begins a stream of audio, and feeds what is heard in it to the caller as `voice.event`. The audio comes with `voice.transcribe_stream.push` or as binary messages, from when this is answered. A stream ends with the event `done`, exactly once: when it is stopped, when its session ends, or at its limits.
   *
   * Access: client.
   */
  "voice.transcribe_stream.start": { params: VoiceStartParams; result: VoiceStarted };
  /**
   * Gives a stream more audio. While a recogniser is behind, the answer waits.
   *
   * Access: client.
   */
  "voice.transcribe_stream.push": { params: VoicePushParams; result: VoiceAccepted };
  /**
   * Ends a stream after all that was pushed; answered when everything was told.
   *
   * Access: client.
   */
  "voice.transcribe_stream.stop": { params: VoiceStopParams; result: VoiceStopped };
  /**
   * Says whether the client plays speech itself: who speaks meanwhile barges in.
   *
   * Access: client.
   */
  "voice.playback": { params: VoicePlaybackParams; result: VoiceAccepted };
  /**
   * Has agents answer what was said: one that answers at once, and one that takes its time. What is asked about mail, dates and searches goes to the latter alone, and meanwhile a phrase bridges the silence. A session has one turn; another one cancels it. What is answered comes as `voice.event`.
   *
   * Access: client.
   */
  "voice.dispatch_turn": { params: VoiceDispatchTurnParams; result: VoiceTurnDispatched };
  /**
   * Cancels the turn of the caller's session, if there is one; the agents are told.
   *
   * Access: client.
   */
  "voice.cancel_turn": { params?: VoiceCancelTurnParams; result: VoiceTurnCancelled };
  /**
   * Tells whether the agents of turns are there, before the first turn. Nothing has to be loaded for one.
   *
   * Access: client.
   */
  "voice.prewarm_turn": { params?: NoParams; result: VoiceTurnPrewarmed };
  /**
   * The streams of the caller's session that have not ended; for a host those of all sessions.
   *
   * Access: client.
   */
  "voice.sessions.list": { params?: NoParams; result: VoiceSessions };
  /**
   * The recognisers that there are, and how to get others.
   *
   * Access: client.
   */
  "voice.providers.list": { params?: NoParams; result: VoiceProvider[] };
  /**
   * Begins a meeting: a stream of audio for each source, all or none. The caller sends their audio as that of any stream, and hears `voice.event`; what is said is kept as far as `consent` allows, and given to the caller's memory. A meeting ends when it is stopped, or when all of its streams have ended.
   *
   * Access: client.
   */
  "meeting.start": { params: MeetingStartParams; result: MeetingStarted };
  /**
   * Ends a meeting after all that was pushed, and answers what is known of it.
   *
   * Access: client.
   */
  "meeting.stop": { params: MeetingStopParams; result: MeetingMetadata };
  /**
   * Summarises what was said in a meeting so far, by an agent where one is named, and answers what is known of it. Where the agent gives no answer that can be used, the summary is in the meeting's own words and says why.
   *
   * Access: client.
   */
  "meeting.summarize": { params: MeetingSummarizeParams; result: MeetingMetadata };
  /**
   * The meetings that there are.
   *
   * Access: client.
   */
  "meeting.list": { params?: MeetingListParams; result: MeetingList };
  /**
   * What is known of a meeting and what was said, also while it goes on.
   *
   * Access: client.
   */
  "meeting.get": { params: MeetingGetParams; result: Meeting };
  /**
   * Keeps nothing of what is said from now on. Events go on.
   *
   * Access: client.
   */
  "meeting.pause": { params: MeetingParams; result: MeetingPaused };
  /**
   * Keeps what is said again.
   *
   * Access: client.
   */
  "meeting.resume": { params: MeetingParams; result: MeetingPaused };
  /**
   * Finds the segments that have all words of a query, in all meetings or one.
   *
   * Access: client.
   */
  "meeting.search": { params: MeetingSearchParams; result: MeetingHits };
  /**
   * A meeting as a document.
   *
   * Access: client.
   */
  "meeting.export": { params: MeetingExportParams; result: MeetingExported };
  /**
   * Erases a meeting that has ended: its files, and what memories have of it.
   *
   * Access: client.
   */
  "meeting.delete": { params: MeetingParams; result: MeetingDeleted };
  /**
   * Says who a speaker is: a `role` that the recogniser told, or a source.
   *
   * Access: client.
   */
  "meeting.name_speaker": { params: MeetingNameSpeakerParams; result: MeetingMetadata };
  /**
   * Keeps a fact. Answers how many facts are valid; `memory.add` answers its id, too. What is answered survives the end of the daemon, however it comes.
   *
   * Access: client.
   */
  "memory.add_fact": { params: MemoryNewFact; result: number };
  /**
   * Keeps a fact, as `memory.add_fact` does, and answers its id.
   *
   * Access: client.
   */
  "memory.add": { params: MemoryNewFact; result: MemoryAdded };
  /**
   * The valid facts that fit a question best, best first.
   *
   * Access: client.
   */
  "memory.query": { params: MemoryQueryParams; result: MemoryHit[] };
  /**
   * What a model should know for a question, as text: constraints, strategies, facts, what is outdated, the last turns of conversations, and words that no fact has. Each line cites its fact. Equal memories give equal texts.
   *
   * Access: client.
   */
  "memory.build_context": { params?: MemoryContextParams; result: string };
  /**
   * The same without looking for what fits: the newest facts instead, and no unknown words.
   *
   * Access: client.
   */
  "memory.build_context_fast": { params?: MemoryContextParams; result: string };
  /**
   * What `memory.build_context` answers, with the section, the fact and the score of each line.
   *
   * Access: client.
   */
  "memory.explain_context": { params?: MemoryContextParams; result: MemoryContext };
  /**
   * Erases facts that are past their end, and makes the vectors that are missing or of another model.
   *
   * Access: client.
   */
  "memory.consolidate": { params?: NoParams; result: ConsolidationReport };
  /**
   * How many facts are valid. Turns of conversations are not counted.
   *
   * Access: client.
   */
  "memory.fact_count": { params?: NoParams; result: number };
  /**
   * One fact, also when it is outdated.
   *
   * Access: client.
   */
  "memory.get": { params: MemoryIdParams; result: Fact };
  /**
   * Corrects a fact in its place: what is left out stays. Use `memory.supersede` where the earlier state is to be known.
   *
   * Access: client.
   */
  "memory.update": { params: MemoryUpdateParams; result: Fact };
  /**
   * Keeps a fact in the place of another, which stays as history and is not found any more.
   *
   * Access: client.
   */
  "memory.supersede": { params: MemorySupersedeParams; result: MemoryAdded };
  /**
   * Erases a fact, or all that came from a source, and everything that was derived from that: text, vectors, rows of the index, references. Cannot be undone.
   *
   * Access: client.
   */
  "memory.forget": { params?: MemoryForgetParams; result: Forgotten };
  /**
   * Facts in the order in which they were learnt, a page at a time.
   *
   * Access: client.
   */
  "memory.list": { params?: MemoryListParams; result: MemoryPage };
  /**
   * A fact with all that it took the place of and all that took its place, oldest first.
   *
   * Access: client.
   */
  "memory.history": { params: MemoryIdParams; result: Fact[] };
  /**
   * Keeps what was said as an untrusted fact of kind `conversation`, and among the last turns. With a segment it is kept once: a later revision takes the place of an earlier one.
   *
   * Access: client.
   */
  "memory.ingest_conversation": { params: MemoryIngestParams; result: MemoryIngested };
  /**
   * Writes the valid facts to a file below `memory` in the daemon's folder, as a JSON array that only has what was said. Answers how many they are.
   *
   * Access: client.
   */
  "memory.persist": { params: MemoryFileParams; result: number };
  /**
   * Puts the facts of a file that `memory.persist` wrote in the place of all that there are. Answers how many they are.
   *
   * Access: client.
   */
  "memory.load": { params: MemoryFileParams; result: number };
  /**
   * Writes everything to a file below `memory` in the daemon's folder, with ids, history and references, a JSON line each.
   *
   * Access: client.
   */
  "memory.export": { params: MemoryFileParams; result: MemoryStored };
  /**
   * Takes a file that `memory.export` wrote into a memory that is empty. All or nothing.
   *
   * Access: client.
   */
  "memory.import": { params: MemoryFileParams; result: MemoryImported };
  /**
   * Keeps a skill in the session's memory. One of the same name is replaced: other code is a new version, and is judged anew. Answers its number, which nothing else in the memory ever gets.
   *
   * Access: client.
   */
  "skill.ingest": { params: SkillIngestParams; result: number };
  /**
   * The skills that fit best, best first: by what triggers them, by how they went and by likeness of meaning. Those that failed too often or that another took the place of are left out.
   *
   * Access: client.
   */
  "skill.find": { params?: SkillFindParams; result: FoundSkill[] };
  /**
   * Tells how a skill went. One whose failures outnumber its successes by more than two is degraded, and is not found until it works again or is repaired.
   *
   * Access: client.
   */
  "skill.report": { params: SkillReportParams; result: SkillStats };
  /**
   * Brings a degraded skill back to the code of the newest skill whose place it took and that is not degraded itself. `null` when it is not degraded, or there is none.
   *
   * Access: client.
   */
  "skill.repair": { params: SkillNameParams; result: RepairedSkill | null };
  /**
   * Erases a skill.
   *
   * Access: client.
   */
  "skill.forget": { params: SkillNameParams; result: ForgottenSkill };
  /**
   * The skills of a memory, in the order in which they were learnt: with a domain, those that are for it or for all.
   *
   * Access: client.
   */
  "skills.list": { params?: SkillsListParams; result: SkillMeta[] };
  /**
   * Keeps skills that were distilled: all of them or none.
   *
   * Access: client.
   */
  "skills.ingest_distilled": { params: DistilledSkillsOrList; result: IngestedSkills };
  /**
   * Makes skills of what happened: of what worked the steps, of what failed a lesson. It extracts and does not invent: equal events give equal skills. Nothing is kept.
   *
   * Access: client.
   */
  "skills.distill": { params: TraceEventsOrList; result: DistilledSkillOutput[] };
  /**
   * Distils what happened in a domain, and keeps what is not known. Answers what was kept.
   *
   * Access: client.
   */
  "skills.evolve": { params: SkillsEvolveParams; result: DistilledSkillOutput[] };
  /**
   * The domains whose skills work less often than that, of at least three reports, by name.
   *
   * Access: client.
   */
  "skills.domains_needing_evolution": { params?: SkillsThresholdParams; result: string[] };
}

/** What the daemon asks a client, by name. */
export interface Callbacks {
  /**
   * Runs a tool in the client. The result is any JSON value, `null` included; an error's `message` is the tool's failure.
   *
   * Taken back by `tools.cancel`.
   */
  "tools.execute": { params: ToolsExecuteParams; result: unknown };
  /** Asks an agent whether it still listens. Any answer says so, an error too. */
  "agent.ping": { params?: NoParams; result: unknown };
  /** Gives an agent a prompt. Any result means that the agent has taken it, an error that it has not. */
  "agent.chat": { params: ChatPromptParams; result: unknown };
  /**
   * Asks a provider to serve a call that the gate has let through. The result is the call's, whatever JSON it is; an error's `message` is what the caller is told.
   *
   * Taken back by `provider.cancel`.
   */
  "provider.call": { params: ProviderCallParams; result: unknown };
}

/** What the daemon tells a client, by name. */
export interface Notifications {
  /** The daemon is about to close the connection; `reason` says why. */
  "session.closing": { params: SessionClosingParams };
  /** Something happened in a session whose stream is subscribed. */
  "session.event": { params: SessionEvent };
  /** Takes a `tools.execute` back: its answer will be ignored. */
  "tools.cancel": { params: ToolsCancelParams };
  /** Events of a stream do not come to this subscriber: they were dropped before they could be sent, or newer ones stand for them. They are numbered: what the log still keeps can be read back. */
  "events.lagged": { params: EventsLaggedParams };
  /** A stream has ended, and this subscriber has all of it. */
  "events.ended": { params: EventsEndedParams };
  /** A pattern of this subscriber covers a stream that is not fed, because as many are as may be. It begins, with what is kept of it then, when another one has ended. */
  "events.uncovered": { params: EventsUncoveredParams };
  /** Something that a person may want to see. */
  "host.event": { params: HostEvent };
  /** Something happened in a chat. */
  "agents.chat.event": { params: ChatEvent };
  /** What an agent wrote, and what became of it, on the stream `agent/<id>/log`. Only hosts hear it. */
  "agent.log": { params: AgentLog };
  /** Tells an agent that nobody wants the rest of a turn. What it says about it from now on is dropped. */
  "agent.chat.cancel": { params: ChatCancelPromptParams };
  /** Something was heard in a stream, or it has ended. */
  "voice.event": { params: VoiceEventParams };
  /** Binary audio was not taken. Of refusals that follow each other the first, second, fourth and so on are told. */
  "voice.audio_refused": { params: VoiceAudioRefusedParams };
  /** Takes a `provider.call` back: nobody waits for its answer. */
  "provider.cancel": { params: ToolsCancelParams };
  /** A step of a proposal that was submitted with `stream`, or whose stream is subscribed. */
  "execution.event": { params: ExecutionEvent };
}

/** One step of a proposal. */
export interface Action {
  /** Unique in the proposal; chosen by the daemon when left out. */
  id?: string | null;
  /** What it does. */
  type: ActionType;
  /** The tool of a `tool_call`. */
  tool?: string | null;
  /**
   * What it takes.
   *
   * `{}` when left out.
   */
  parameters?: { [key: string]: unknown };
  /**
   * What must hold of the state before it runs.
   *
   * `[]` when left out.
   */
  preconditions?: Precondition[];
  /**
   * What it writes to the state when it succeeds.
   *
   * `{}` when left out.
   */
  expected_effects?: { [key: string]: unknown };
  /**
   * Keys that must be there before it runs.
   *
   * `[]` when left out.
   */
  state_dependencies?: string[];
  /** Actions that must have succeeded before it runs. */
  dependencies?: string[] | null;
  /**
   * Whether running it twice is the same as once.
   *
   * `false` when left out.
   */
  idempotent?: boolean;
  /** How often it is tried again with `failure_behavior: "retry"`; 3 when left out, 100 at most. */
  max_retries?: number | null;
  /**
   * What its failure means.
   *
   * `"abort"` when left out.
   */
  failure_behavior?: FailureBehavior;
  /** The time of one attempt, in milliseconds; 300,000 when left out. */
  timeout_ms?: number | null;
  /** How long the tool may be silent, in milliseconds: `tools.progress` begins that time anew, never `timeout_ms`. That of the tool when left out. */
  idle_timeout_ms?: number | null;
  /** What undoes it. Run when it has succeeded and what the proposal wrote is dropped; the last to succeed first. */
  compensation?: Compensation | null;
  /** Whether `compensation` is to be run; true when left out. */
  compensable?: boolean | null;
  /** Whatever belongs to it; recorded. */
  metadata?: { [key: string]: unknown } | null;
}

/** A list of actions. */
export interface ActionProposal {
  /** Chosen by the daemon when left out. */
  id?: string | null;
  /** What proposed it; `unknown` when left out. */
  source?: string | null;
  /** At most 10,000 actions. */
  actions: Action[];
  /** When it was proposed; recorded. */
  timestamp?: string | null;
  /** Whatever belongs to it; recorded. */
  context?: { [key: string]: unknown } | null;
  /** How actions without declared `dependencies` follow each other: in their order, unless an action declares some. */
  execution?: Execution | null;
  /** The time of the whole proposal, in milliseconds; what has not ended then is cancelled. No bound when left out. */
  timeout_ms?: number | null;
  /** How many of its tool calls may run at the same time: 1 to 64, 16 when left out. */
  max_concurrency?: number | null;
  /** What it may use; no bound when left out. */
  budget?: ProposalBudget | null;
}

/** What became of one action. */
export interface ActionResult {
  /** The action. */
  action_id: string;
  /** How it ended. */
  status: ActionStatus;
  /** What it gave; of a tool any value, `null` included. */
  output?: unknown;
  /** Why it did not succeed. */
  error?: string;
  /** The keys it wrote, with their new values. */
  state_changes: { [key: string]: unknown };
  /** How long it took, in milliseconds. */
  duration_ms?: number;
  /** When it ended. */
  timestamp: Timestamp;
  /** How many attempts were made. */
  attempts: number;
  /** Whether `output` is a `ResultHandle`: what the action gave is too big to be carried, and is read with `results.read`. */
  stored?: boolean;
  /** Why it did not succeed, for a program, where one of these kinds says it. */
  error_kind?: FailureKind;
  /** The policies that object to it. */
  violations?: PolicyViolation[];
  /** When the same action may succeed, in milliseconds: its tool's rate limit, or a policy, has no room before. */
  retry_after_ms?: number;
}

/** How an action ended. */
export type ActionStatus =
  /** Not looked at yet. */
  | "proposed"
  /** Found valid, not started. */
  | "validated"
  /** Refused by validation or a policy; `error` says why. */
  | "rejected"
  /** Running. */
  | "executing"
  /** Done. */
  | "succeeded"
  /** Tried and failed. */
  | "failed"
  /** Not run, or failed with `failure_behavior: "skip"`; `error` says why. */
  | "skipped";

/** What an action does. */
export type ActionType =
  /** Runs `tool` with `parameters`. */
  | "tool_call"
  /** Writes `parameters.value` to the key `parameters.key`. */
  | "state_write"
  /** Reads the key `parameters.key`. */
  | "state_read"
  /** Succeeds when the key `parameters.key` holds `parameters.expected`. */
  | "assertion";

/** The files that an agent of the Agent Client Protocol reads and writes through the daemon, as absolute paths of folders. Without any it is told that there are none. */
export interface AgentAcpFiles {
  /** Folders below which it may read. */
  read?: string[];
  /** Folders below which it may read and write. */
  write?: string[];
}

/** Something that a daemon can do for an agent. */
export interface AgentCapability {
  /** The namespace. */
  namespace: string;
  /** Its feature. */
  feature: string;
}

/** How a host shows an agent. */
export interface AgentDisplay {
  /** A name. */
  label?: string | null;
  /** An icon's name. */
  icon?: string | null;
  /** A colour. */
  accent?: string | null;
}

/** How a host shows an agent. */
export interface AgentDisplayOutput {
  /** A name. */
  label?: string;
  /** An icon's name. */
  icon?: string;
  /** A colour. */
  accent?: string;
}

/** How an agent is. */
export interface AgentHealth {
  /** Its id. */
  id: string;
  /** Its executable. */
  command: string;
  /** Whether all is well: it can be started, and where it is to run it does and, if it is connected, answers. */
  ok: boolean;
  /** What is wrong. */
  reason?: string;
  /** Whether its process lives. */
  alive: boolean;
  /** Whether a session is bound to it. */
  attached: boolean;
  /** Whether that session answered `agent.ping`; left out where it was not asked. */
  answers?: boolean;
}

/** Result of `agents.install`. */
export interface AgentInstalled {
  /** What the manifest asks for and is not there. */
  report: InstallReport;
  /** The agent; `null` for one that is data only. */
  agent: ManagedAgent | null;
}

/** One event of the stream `agent/<id>/log`. */
export interface AgentLog {
  /** Where the lines come from. */
  kind: AgentLogKind;
  /** When. */
  timestamp: Timestamp;
  /** The agent. */
  agent_id: string;
  /** The lines, without their ends. What was read at once is told at once; one of more than 8 KiB comes in parts. */
  lines: string[];
  /** `agent/<id>/log`. */
  stream: string;
  /** The epoch of the stream. */
  epoch: number;
  /** The number of the event in the stream. */
  seq: number;
}

/** Where lines of an agent's log come from. */
export type AgentLogKind =
  /** Its standard output. */
  | "stdout"
  /** Its standard error. */
  | "stderr"
  /** The daemon, about it. */
  | "supervisor";

/** Result of `agents.tail_log`. */
export interface AgentLogTail {
  /** Lines of the standard output, then of the standard error: the last of both together, within 1 MiB. */
  lines: string[];
}

/** Params of `agents.install`: a manifest. Members that are not known are kept. */
export type AgentManifest = { [key: string]: unknown };

/** Result of `agents.remove`. */
export interface AgentRemoved {
  /** Whether it was there. */
  removed: boolean;
}

/** When an agent that ended is started again. */
export type AgentRestart =
  /** When it failed: it ended with another code than 0, or by a signal. */
  | "on_failure"
  /** Never. */
  | "never"
  /** However it ended. */
  | "always";

/** What an agent may use. What is not said is not limited, except that with `read` or `write` all other files are closed. */
export interface AgentSandbox {
  /** Files and folders that may be read and executed, as absolute paths. */
  read?: string[] | null;
  /** Files and folders that may be written too. */
  write?: string[] | null;
  /** `any`, or `daemon`: TCP connects to the daemon's port only and listens nowhere. */
  network?: SandboxNetwork | null;
  /** Address space of each process, in bytes. */
  memory_bytes?: number | null;
  /** Processor time of each process, in seconds. */
  cpu_seconds?: number | null;
  /** Open files of each process. */
  open_files?: number | null;
  /** Processes of the user, counted with all that run already. */
  processes?: number | null;
  /** Starts the agent also where the system lacks what some of this needs. */
  best_effort?: boolean | null;
}

/** What an agent may use. What is not said is not limited, except that with `read` or `write` all other files are closed. */
export interface AgentSandboxOutput {
  /** Files and folders that may be read and executed, as absolute paths. */
  read?: string[];
  /** Files and folders that may be written too. */
  write?: string[];
  /** `any`, or `daemon`: TCP connects to the daemon's port only and listens nowhere. */
  network?: SandboxNetwork;
  /** Address space of each process, in bytes. */
  memory_bytes?: number;
  /** Processor time of each process, in seconds. */
  cpu_seconds?: number;
  /** Open files of each process. */
  open_files?: number;
  /** Processes of the user, counted with all that run already. */
  processes?: number;
  /** Starts the agent also where the system lacks what some of this needs. */
  best_effort?: boolean;
}

/** What a supervised agent is doing. */
export type AgentStatus =
  /** It does not run, and is not to. */
  | "stopped"
  /** Its process is about to be made. */
  | "starting"
  /** Its process runs, also while it is being stopped. */
  | "running"
  /** It ended and waits to be started again. */
  | "backoff"
  /** It was given up: `error` says why. */
  | "errored";

/** How an agent is stopped. */
export type AgentStopSignal =
  /** It is asked to end, and after 10 s made to. */
  | "term"
  /** It is made to end. */
  | "kill";

/** Result of `agents.rotate_token`. */
export interface AgentTokenRotated {
  /** Always `true`. The token is in the agent's file, and in the environment of its next process. */
  rotated: boolean;
}

/** Params of `agents.health_external`. */
export interface AgentsHealthExternalParams {
  /** One agent; all when left out. */
  id?: string | null;
  /** Taken and without effect: nothing is answered from memory. */
  force?: boolean | null;
}

/** Params of `agents.invoke_external`. */
export interface AgentsInvokeExternalParams {
  /** The agent. */
  id: string;
  /** What it is to do; at most 1 MiB. */
  task: string;
  /** Whether to answer at once and tell what happens as events of the chat; `false` when left out. */
  stream?: boolean | null;
  /** The chat that it goes on with; a new one when left out. */
  session_id?: string | null;
  /** Where it is to work, as an absolute path without `..`; counts for a new chat. */
  cwd?: string | null;
  /** Refused: the protocol cannot limit an agent to tools. What it may do is for its sandbox, rules and approvals. */
  allowed_tools?: string[] | null;
  /** Refused: the protocol has no such limit. */
  max_turns?: number | null;
  /** How long it may take, in seconds, 1 to 3600; 300 when left out. */
  timeout_secs?: number | null;
  /** Refused: an agent has the servers of its own configuration. */
  mcp_endpoint?: string | null;
}

/** Params of `agents.list_external`. */
export interface AgentsListExternalParams {
  /** Whether each is to have its `health`. */
  include_health?: boolean | null;
}

/** Params of `agents.permit`. */
export interface AgentsPermitParams {
  /** The chat. */
  session_id: string;
  /** The turn; the one that runs when left out. */
  turn_id?: string | null;
  /** What kind of thing it is, 1 to 128 bytes: what rules and grants know it by. */
  tool: string;
  /** What exactly; at most 256 KiB. A consent covers it and nothing else, unless the person says more. */
  arguments?: unknown;
}

/** Result of `agents.permit`. */
export interface AgentsPermitted {
  /** Whether the agent may do it, once. */
  allowed: boolean;
  /** Why not. */
  reason?: string;
}

/** Params of `agents.stop`. */
export interface AgentsStopParams {
  /** Its id. */
  id: string;
  /** `term` when left out. */
  signal?: AgentStopSignal | null;
}

/** Params of `agents.tail_log`. */
export interface AgentsTailLogParams {
  /** Its id. */
  id: string;
  /** How many lines: 1 to 10,000; 100 when left out. */
  n?: number | null;
}

/** Params of `agents.upsert`: the agent, `interpreter` and `token`. */
export interface AgentsUpsertParams {
  /** 1 to 128 letters, digits, `-`, `_` and `.`, neither `.` nor `..`. */
  id: string;
  /** For a person. */
  name: string;
  /** The executable; may be left out with `interpreter`. */
  command?: string | null;
  /** The bare name of a program, looked for on the daemon's `PATH` now; what is found becomes `command`. */
  interpreter?: string | null;
  /** Its arguments. */
  args?: string[] | null;
  /** Where it runs. */
  cwd?: string | null;
  /** Variables of its environment. */
  env?: { [key: string]: string } | null;
  /** When it is started again. */
  restart?: AgentRestart | null;
  /** How often in a row. */
  max_restarts?: number | null;
  /** How long to wait before the first of them, in seconds. */
  backoff_secs?: number | null;
  /** Whether it starts with the daemon. */
  auto_start?: boolean | null;
  /** Whether it gets the daemon's client token too. */
  daemon_token?: boolean | null;
  /** What it may use. */
  sandbox?: AgentSandbox | null;
  /** Set for an agent that speaks the Agent Client Protocol. */
  acp?: AgentAcpFiles | null;
  /** Its token, 43 characters of base64url; kept, or made at the first time, when left out or empty. */
  token?: string | null;
}

/** A question to a person, and what became of it. */
export interface Approval {
  /** Its id. */
  id: string;
  /** Its number: later ones have higher ones. */
  number: number;
  /** What is to be done: `ws.method:` or `tool:` and a name for a call, anything for a client's question. */
  action: string;
  /** The call that waits; absent for a client's question. */
  act?: ApprovedAct;
  /** Who asks. */
  asker: ApprovalAsker;
  /** The session that owns a client's question; absent for a call, and where anybody may decide. */
  owner?: string;
  /** The agent that it is about. */
  agent_id?: string;
  /** What else a person needs to know. */
  details: unknown;
  /** The answers to choose from. */
  options: string[];
  /** Where it stands. */
  standing: ApprovalStanding;
  /** Why it ended without a decision: `timeout`, `nobody_reached`, `session_ended`, `caller_gone`, `restart`, or what the client gave that took it back. */
  reason?: string;
  /** When it was asked. */
  created_at: Timestamp;
  /** Until when somebody who can decide has to be reached; absent when somebody was. */
  reach_by?: Timestamp;
  /** When it expires; absent until somebody who can decide was reached, and where it does not. */
  expires_at?: Timestamp;
  /** Whom it was shown to who can decide, in their order. */
  delivered_to: ApprovalNoticed[];
  /** Who has said that a person saw it. */
  seen_by: ApprovalNoticed[];
  /** The decision. */
  decision?: ApprovalDecision;
  /** When it ended. */
  ended_at?: Timestamp;
  /** Whether the decision was given to the call. One that is not waits for the call to come again. */
  used: boolean;
}

/** Who asks. */
export interface ApprovalAsker {
  /** The credential: `client`, `host`, `agent/` and the agent, or `anonymous/` and the session. */
  principal: string;
  /** What it allows. */
  role: SessionRole;
  /** The session. */
  session_id: string;
}

/** What a person decides. */
export type ApprovalChoice =
  /** It may be done. */
  | "approve"
  /** It may not. */
  | "deny";

/** Params of `approvals.decide`. */
export interface ApprovalDecideParams {
  /** The approval. */
  approval_id: string;
  /** What is decided. */
  decision: ApprovalChoice;
  /** The digest that the person saw. Where it is given and is not that of the row, nothing is decided. */
  digest?: string | null;
  /** How far a consent reaches; `once` when left out. */
  scope?: ConsentScope | null;
  /** What a consent beyond `once` is narrowed to. */
  narrowing?: ConsentNarrowing | null;
  /** For whoever asked: it reaches them with a refusal, and everybody who hears of the decision. At most 4 KiB. */
  comment?: string | null;
  /** Arguments to run with instead of those that were asked about, where the call allows it; at most 256 KiB of JSON. */
  edits?: unknown;
}

/** Who decided. */
export interface ApprovalDecider {
  /** The credential: `client`, `host`, `agent/` and the agent, or `anonymous/` and the session. */
  principal: string;
  /** What it allows. */
  role: SessionRole;
  /** The session. */
  session_id: string;
}

/** A decision. */
export interface ApprovalDecision {
  /** The option that was chosen: `approve` or `deny`, or another one of a client's question. */
  resolution: string;
  /** Who decided. */
  by: ApprovalDecider;
  /** When. */
  at: Timestamp;
  /** How far a consent reaches. */
  scope: ConsentScope;
  /** What it is narrowed to. */
  narrowing?: ConsentNarrowingOutput;
  /** What was said with it. */
  comment?: string;
  /** The arguments that run instead of those that were asked about. */
  edits?: unknown;
}

/** Result of `approvals.explain`. */
export interface ApprovalExplanation {
  /** What would become of the call. */
  decision: RuleDecision;
  /** Who says so. */
  decided_by: ApprovalSource;
  /** The rule. */
  rule?: string;
  /** The grant. */
  grant?: string;
  /** Why, for a person. */
  reason: string;
  /** How long a person would have, in milliseconds, where one would be asked. */
  timeout_ms?: number;
  /** Every rule that matches, the strictest first. */
  matched: MatchedRule[];
  /** The revision of the rules that were asked. */
  revision: string;
  /** For a method that a connected host provides: whether one does now. Without one the call is `unavailable` before anybody is asked. */
  available?: boolean;
}

/** Result of `approvals.history`. */
export interface ApprovalHistory {
  /** Newest first, by the order in which they were asked. */
  approvals: Approval[];
  /** For `before`, where there is more. */
  next?: number;
}

/** Params of `approvals.history`. */
export interface ApprovalHistoryParams {
  /** 1 to 500; 100 when left out. */
  limit?: number | null;
  /** Where the page before ended: its `next`. */
  before?: number | null;
  /** Only those about this agent. */
  agent_id?: string | null;
  /** Only those that ended so. */
  standing?: ApprovalStanding | null;
}

/** Result of `approvals.list`. */
export interface ApprovalList {
  /** Newest first. */
  approvals: Approval[];
}

/** Params of `approvals.list`. */
export interface ApprovalListParams {
  /** Only those about this agent. */
  agent_id?: string | null;
  /** Only those that the caller may decide. */
  mine_to_decide?: boolean | null;
}

/** Whom an approval came to, and when. */
export interface ApprovalNoticed {
  /** `session:` and its id, or `route:` and its name. */
  by: string;
  /** When it did. */
  at: Timestamp;
}

/** Names an approval. */
export interface ApprovalParams {
  /** Its id. */
  approval_id: string;
}

/** Result of `approvals.rules`. */
export interface ApprovalRules {
  /** SHA-256 of the files in effect, in hex: it changes when a rule does. */
  revision: string;
  /** When they were loaded. */
  loaded_at: Timestamp;
  /** The rules in effect, by file and line. */
  rules: RuleInfo[];
  /** What is wrong with the files as they are now. While there is something, the rules stay as they were. */
  problems: RuleProblem[];
  /** Where the files are; left out where there are none to read. */
  folder?: string;
}

/** Params of `approvals.seen`. */
export interface ApprovalSeenParams {
  /** The approvals, 1 to 100. */
  approval_ids: string[];
}

/** Who says what becomes of a call. */
export type ApprovalSource =
  /** The rule that `rule` names. */
  | "rule"
  /** The gate's set of methods and tools. */
  | "gate"
  /** The grant that `grant` names: a person agreed before. */
  | "grant"
  /** Nothing is said about the call, so it runs. */
  | "nothing";

/** Where an approval stands. */
export type ApprovalStanding =
  /** Nobody has decided. */
  | "pending"
  /** A person agreed, or chose one of the options of a client's question. */
  | "approved"
  /** A person refused. */
  | "denied"
  /** Nobody decided in time, or nobody who could was reached; `reason` tells which. */
  | "expired"
  /** Who asked does not want an answer any more. */
  | "withdrawn"
  /** The client that raised it, or the agent that it is about, is gone. */
  | "agent_gone";

/** Params of `approvals.withdraw`. */
export interface ApprovalWithdrawParams {
  /** The approval. */
  approval_id: string;
  /** Why, for a person; at most 256 bytes; `withdrawn` when left out. */
  reason?: string | null;
}

/** Params of `approvals.explain`. */
export interface ApprovalsExplainParams {
  /** The call. */
  call: ExplainedCall;
  /** When it would be made, in milliseconds since 1970 (UTC); now when left out. */
  at_ms?: number | null;
}

/** Result of `approvals.seen`. */
export interface ApprovalsSeen {
  /** Those of them that wait and that the caller may decide. */
  seen: string[];
}

/** What exactly is decided about. */
export interface ApprovedAct {
  /** The method of a connection's call. */
  method?: string;
  /** The tool of a proposal's call. */
  tool?: string;
  /** SHA-256 of the act with its canonical arguments (RFC 8785), in hex. A decision covers this and nothing else. */
  digest: string;
  /** The arguments as far as they are shown: cut at a character, secrets masked. */
  preview: unknown;
  /** What the tool was when it was asked about: its version, or the digest of its schema. */
  tool_version?: string;
  /** The rules that were in force. */
  policy_revision?: string;
  /** What the agent works on. */
  project?: string;
  /** Why a person is asked, in the words of the rule. */
  because?: string;
}

/** Where a chain is broken. */
export interface AuditBroken {
  /** The record. */
  seq: number;
  /** What is wrong: `missing`, `hash`, `previous`, `body`, `text`, `text_gone`, `beginning`, `end` or `head`. */
  what: string;
  /** The same for a person. */
  message: string;
}

/** Params of `audit.redact`: one of both. */
export interface AuditRedactParams {
  /** One record. */
  seq?: number | null;
  /** All records from the beginning up to the first that is not older than this moment, in RFC 3339. */
  before?: string | null;
}

/** Result of `audit.redact`. */
export interface AuditRedacted {
  /** The first record; 0 where there was nothing to remove. */
  first: number;
  /** The last record. */
  last: number;
  /** How many texts were removed. */
  texts: number;
}

/** Result of `audit.verify`. */
export interface AuditVerified {
  /** Whether the chain is whole. */
  whole: boolean;
  /** How many records there are. 0 where it is broken, and so are the other numbers. */
  records: number;
  /** The number of the first that is kept. */
  first: number;
  /** The last record, as `SEQ:HASH`, to be kept elsewhere; absent where it is broken. */
  head?: string;
  /** Records whose text was redacted. */
  redacted: number;
  /** Where it is broken first. */
  broken?: AuditBroken;
}

/** Params of `audit.verify`. */
export interface AuditVerifyParams {
  /** A head that was kept elsewhere, `SEQ:HASH`: the chain must contain it. */
  head?: string | null;
}

/** A part of a `Budget`. */
export type BudgetPart =
  /** Actions. */
  | "max_actions"
  /** Tool calls. */
  | "max_tool_calls"
  /** Time. */
  | "max_duration_ms";

/** The metadata of a request that the daemon sends. */
export interface CallbackMeta {
  /** W3C Trace Context: the trace of the request that caused this one, where that request named one in its own `_meta.traceparent`, with the daemon's step as the parent. */
  traceparent?: string;
}

/** Result of `agents.chat`. */
export interface ChatAccepted {
  /** Always `true`. */
  accepted: boolean;
  /** The chat. */
  session_id: string;
  /** The turn. */
  turn_id: string;
  /** Whether it waits for others of this chat. */
  queued?: boolean;
  /** The stream that tells of it. */
  stream: string;
  /** The place in it before the turn's prompt. */
  from: EventCursor;
}

/** Something that came along, to be read with `results.read`. */
export interface ChatAttachment {
  /** Its name. */
  name: string;
  /** Its content. */
  handle: ResultHandle;
}

/** Something that comes with a prompt or with what an agent says. */
export interface ChatAttachmentGiven {
  /** 1 to 256 bytes. */
  name: string;
  /** The content: a text as it is, everything else as JSON. */
  content: unknown;
  /** What the content is, where it is a text: `image/png`, `text/markdown`; 1 to 128 bytes. When left out plain text, or `application/octet-stream` where it is `base64`. */
  media_type?: string | null;
  /** How bytes stand in the content: `text` when left out. Of `base64`, with padding, the bytes are kept. */
  encoding?: ResultEncoding | null;
}

/** Params of `agents.chat.cancel`. */
export interface ChatCancelParams {
  /** The chat. */
  session_id: string;
  /** Only this turn, whether it runs or waits. */
  turn_id?: string | null;
}

/** Params of `agent.chat.cancel`. */
export interface ChatCancelPromptParams {
  /** The chat. */
  session_id: string;
  /** The turn. */
  turn_id: string;
  /** Why: how the turn ended. */
  reason: string;
}

/** Result of `agents.chat.cancel`. */
export interface ChatCancelled {
  /** Whether there was something to cancel. */
  cancelled: boolean;
  /** The chat, where there was. */
  session_id?: string;
  /** Why there was not. */
  reason?: string;
}

/** One event of the stream `chat/<session_id>`. Members that the agent added stand beside these. */
export interface ChatEvent {
  /** The chat. */
  session_id: string;
  /** The agent. */
  agent_id: string;
  /** The turn. */
  turn_id: string;
  /** `prompt` at its beginning; `token`, `tool_call` and the like while it runs; `approval_pending` and `approval_resolved` when a person is asked; `done` or `error` at its end. */
  kind: string;
  /** What is said to the agent, in a `prompt`. */
  prompt?: string;
  /** What the agent says. */
  delta?: string;
  /** Where several events came as one to a subscriber that coalesces, the number of the first. */
  from_seq?: number;
  /** Whatever belongs to it; of an approval its row. */
  detail?: unknown;
  /** What came along. */
  attachments?: ChatAttachment[];
  /** Why the agent is done. */
  finish_reason?: string;
  /** What went wrong. */
  error?: unknown;
  /** How the turn ended, in its last event. */
  outcome?: ChatOutcome;
  /** The stream. */
  stream: string;
  /** Its epoch. */
  epoch: number;
  /** The event's number in it. */
  seq: number;
}

/** Result of `agents.chat.history`. */
export interface ChatHistory {
  /** The chat. */
  session_id: string;
  /** Newest first. */
  turns: ChatTurn[];
  /** Whether there are older ones: ask again with `before`. */
  more: boolean;
}

/** Params of `agents.chat.history`. */
export interface ChatHistoryParams {
  /** The chat. */
  session_id: string;
  /** Only turns before this one. */
  before?: number | null;
  /** 1 to 100; 20 when left out. */
  limit?: number | null;
}

/** Result of `agents.chat.list`. */
export interface ChatList {
  /** The one that changed last first; at most 1,000. */
  chats: ChatRow[];
}

/** Params of `agents.chat.list`. */
export interface ChatListParams {
  /** Only those with this agent. */
  agent_id?: string | null;
  /** Only those with a turn that runs or waits. */
  running?: boolean | null;
}

/** What becomes of a chat when the client that began it goes. */
export type ChatOnDisconnect =
  /** It goes on. */
  | "detach"
  /** It is cancelled, with the outcome `host_gone`. */
  | "cancel";

/** How a turn ended. */
export type ChatOutcome =
  /** The agent is done. */
  | "done"
  /** The agent failed, or refused the prompt. */
  | "error"
  /** Somebody cancelled it. */
  | "cancelled"
  /** The agent's session has ended, another one took its place, or the daemon was started again. */
  | "agent_gone"
  /** The client that began it has gone, and wanted that. */
  | "host_gone"
  /** The agent took too long: to take the prompt, to say something, or in all. */
  | "timeout";

/** Params of `agents.chat`. */
export interface ChatParams {
  /** The agent. */
  agent_id: string;
  /** What to say to it; at most 1 MiB. */
  prompt: string;
  /** The chat that it goes on with, of letters, digits and `-_.:@`, at most 128 bytes; a new one when left out. */
  session_id?: string | null;
  /** Whether the agent is to speak as it thinks; `true` when left out. */
  stream?: boolean | null;
  /** Whether the prompt was spoken. */
  voice_input?: boolean | null;
  /** At most 16. */
  attachments?: ChatAttachmentGiven[] | null;
  /** Where the agent is to work, as an absolute path, if it heeds that; counts in the first turn of a chat. */
  cwd?: string | null;
  /** What becomes of it when the caller's session ends; `detach` when left out. */
  on_disconnect?: ChatOnDisconnect | null;
  /** What becomes of it while a turn of this chat runs; `reject` when left out. */
  when_busy?: ChatWhenBusy | null;
  /** How long the agent may be silent, in milliseconds; what the daemon allows when left out, and at most. */
  idle_timeout_ms?: number | null;
  /** How long the turn may take in all, in milliseconds, waiting for its turn included; likewise. */
  timeout_ms?: number | null;
}

/** Who asks an agent. */
export interface ChatPromptContext {
  /** The session that asks. */
  host_client_id: string;
  /** Whether the prompt was spoken. */
  voice_input: boolean;
}

/** Params of `agent.chat`. */
export interface ChatPromptParams {
  /** The chat, to be named in what is said about it. */
  session_id: string;
  /** What is said to the agent. */
  prompt: string;
  /** Whether the agent is to speak as it thinks. */
  stream: boolean;
  /** Who asks, and how. */
  context: ChatPromptContext;
  /** The turn. */
  turn_id: string;
  /** The agent that is meant, where a session speaks for several. */
  agent_id: string;
  /** What came along. */
  attachments?: ChatAttachment[];
  /** Where the agent is to work. */
  cwd?: string;
}

/** One chat. */
export interface ChatRow {
  /** Its id. */
  session_id: string;
  /** The agent. */
  agent_id: string;
  /** Its stream. */
  stream: string;
  /** The turn that runs. */
  running?: string;
  /** How many turns wait. */
  waiting: number;
  /** When it last changed: a turn began or ended. */
  updated_at: Timestamp;
  /** How its last turn ended. */
  last_outcome?: ChatOutcome;
}

/** Result of `agent.chat.event`, where it is a request. */
export interface ChatSaid {
  /** `false` where the turn has ended already. */
  taken: boolean;
}

/** Params of `agent.chat.event`. Members beside these are passed on. */
export interface ChatSayParams {
  /** The chat. */
  session_id: string;
  /** `token`, `tool_call`, `done`, `error`, or a word of the agent's own of at most 64 bytes. The words that the daemon says itself are not taken: `prompt`, `approval_pending`, `approval_resolved`. */
  kind: string;
  /** The turn; the one that runs when left out. */
  turn_id?: string | null;
  /** The text of a `token`. */
  delta?: string | null;
  /** Whatever belongs to it, for example the tool and its parameters. */
  detail?: unknown;
  /** Why it is done. */
  finish_reason?: string | null;
  /** What went wrong, usually a text. */
  error?: unknown;
  /** At most 16. */
  attachments?: ChatAttachmentGiven[] | null;
}

/** One turn of a chat. */
export interface ChatTurn {
  /** Its number; the newest has the highest. */
  number: number;
  /** Its id. */
  turn_id: string;
  /** The agent. */
  agent_id: string;
  /** What it was asked, without secrets that go by their names. */
  prompt: string;
  /** What it said, likewise: its tokens one after the other, at most 1 MiB of them. Of a turn that the daemon did not outlive, as far as it was written down. */
  text: string;
  /** When it began. */
  started_at: Timestamp;
  /** When it ended; absent while it runs or waits. */
  ended_at?: Timestamp;
  /** How it ended. */
  outcome?: ChatOutcome;
  /** What went wrong. */
  error?: string;
}

/** What becomes of a prompt while a turn of the same chat runs. */
export type ChatWhenBusy =
  /** It is refused with `conflict`. */
  | "reject"
  /** It waits for its turn. */
  | "queue"
  /** The turn that runs is cancelled, and those that wait. */
  | "interrupt";

/** What undoes an action. */
export interface Compensation {
  /** The tool. */
  tool: string;
  /**
   * What it takes. `$id.output` is the output of an action, this one's too.
   *
   * `{}` when left out.
   */
  parameters?: { [key: string]: unknown };
  /** Its time, in milliseconds; 30,000 when left out. */
  timeout_ms?: number | null;
}

/** What became of a compensation. */
export interface CompensationResult {
  /** The action that it undoes. */
  action_id: string;
  /** The tool. */
  tool: string;
  /** `succeeded`, `failed`, `rejected`, or `skipped` when it was not run. */
  status: ActionStatus;
  /** What it gave. */
  output?: unknown;
  /** Why it did not succeed. */
  error?: string;
  /** How long it took, in milliseconds. */
  duration_ms?: number;
  /** When it ended. */
  timestamp: Timestamp;
}

/** A confirmation without further content. */
export interface Confirmation {
  /** Always `true`. */
  ok: boolean;
}

/** One open connection. */
export interface ConnectionStatus {
  /** Its session. */
  session_id: string;
  /** What the session may do. */
  role: SessionRole;
  /** Whether it has authenticated, or need not. */
  authenticated: boolean;
  /** `tcp`, `unix` or `memory`. */
  transport: string;
  /** Who is at the other end: an address, or a user and a process. */
  peer: string;
  /** How long it has been open, in milliseconds. */
  open_ms: number;
  /** Requests that are under way or whose answer is not written. */
  requests_in_flight: number;
  /** Callbacks that wait for the client. */
  callbacks_open: number;
  /** Frames of the fast lane that are not written. */
  queued_frames: number;
  /** Their bytes. */
  queued_bytes: number;
  /** Streams that are fed to it. */
  subscriptions: number;
  /** Events of those streams that are not written. */
  lag_events: number;
  /** For how long its socket has taken nothing of what there is for it, in milliseconds. Left out where all is well. */
  stalled_ms?: number;
}

/** What a consent beyond `once` is narrowed to. */
export interface ConsentNarrowing {
  /** Arguments that must be as these patterns say: a member of the arguments, as a JSON pointer, and a text in which `*` stands for anything. At most 32. */
  arguments?: { [key: string]: string } | null;
  /** Exactly the arguments that were asked about. */
  same_arguments?: boolean | null;
  /** Only for this agent. */
  agent_id?: string | null;
}

/** What a consent beyond `once` is narrowed to. */
export interface ConsentNarrowingOutput {
  /** Arguments that must be as these patterns say: a member of the arguments, as a JSON pointer, and a text in which `*` stands for anything. At most 32. */
  arguments?: { [key: string]: string };
  /** Exactly the arguments that were asked about. */
  same_arguments?: boolean;
  /** Only for this agent. */
  agent_id?: string;
}

/** How far a consent reaches. Beyond `once` it makes a grant, which `grants.list` shows and `grants.revoke` ends. */
export type ConsentScope = { kind: "once" } | { kind: "session" } | { kind: "always" } | { kind: "for"; ms: number } | { kind: "times"; n: number };

/** What `memory.consolidate` did. Members of the original that stand for what this engine does not do are 0 or empty. */
export interface ConsolidationReport {
  /** Facts that were past their end, and were erased. */
  expired_pruned: number;
  /** Superseded facts that were erased: none, they are history. */
  superseded_gc: number;
  /** Vectors of another model that were replaced. */
  stale_embeddings_removed: number;
  /** Facts that got a vector. */
  nodes_embedded: number;
  /** Domains of skills that changed. */
  domains_evolved: string[];
  /** Facts that there are, outdated ones included. */
  total_nodes: number;
  /** References among them. */
  total_edges: number;
  /** How many of the facts that can be found have a vector, of 1. */
  embedding_coverage: number;
  /** Always 0. */
  trajectory_insights: number;
  /** Always 0. */
  model_insights: number;
  /** Always 0. */
  turns_compacted: number;
  /** Always 0. */
  summaries_created: number;
  /** Always 0. */
  conv_facts_extracted: number;
}

/** A line of a context. */
export interface ContextLine {
  /** Where it is. */
  section: ContextSection;
  /** The fact that it tells, which its text cites. */
  id?: FactId;
  /** How well that fact fits, where that is why it is there. */
  score?: FactScore;
  /** The line, with its end. */
  text: string;
}

/** A part of a context. */
export type ContextSection =
  /** What always holds: facts of kind `constraint`. */
  | "constraints"
  /** How things are done: facts of kind `strategy` that fit. */
  | "strategies"
  /** Other facts that fit, the best first. */
  | "facts"
  /** What the shown facts took the place of. */
  | "outdated"
  /** The last turns of conversations, in their order. */
  | "conversation"
  /** Words of the question that no fact has. */
  | "unknown";

/** What a proposal took. */
export interface CostSummary {
  /** Tool calls that succeeded. */
  tool_calls: number;
  /** Actions that were looked at: succeeded, failed or rejected. */
  actions_executed: number;
  /** Actions that were not. */
  actions_skipped: number;
  /** Actions that validation or a policy refused; counted in `actions_executed` too. */
  actions_rejected: number;
  /** Milliseconds from start to end. */
  total_duration_ms: number;
  /** Attempts beyond the first of each action. */
  retries: number;
}

/** What happened since the daemon started. */
export interface Counters {
  /** Connections that were opened. */
  connections_opened: number;
  /** Connections that ended, by reason. */
  connections_ended: NamedCount[];
  /** What happened to sessions that can be resumed: `detached`, `resumed`, `taken_over`, `restored`, `expired`, `evicted`, `refused`. */
  resumes: NamedCount[];
  /** HTTP requests and handshakes that were refused, by reason. */
  http_refused: NamedCount[];
  /** Requests by method and outcome: `state.get ok`, `state.get refused`, `state.get failed`. */
  requests: NamedCount[];
  /** Requests that were answered with an error, by its kind. */
  errors: NamedCount[];
  /** Events that were appended, by family. */
  events: NamedCount[];
  /** Events that the log refused. */
  events_refused: number;
  /** Events that were gone before a subscriber had room for them. */
  events_skipped: number;
  /** Events that were left out for subscribers because newer ones stand for them. */
  events_coalesced: number;
  /** Callbacks and notifications that were dropped because too much waited to be written. */
  frames_dropped: number;
}

/** Result of `diagnostics.snapshot`. */
export interface DiagnosticsSnapshot {
  /** When it was taken. */
  at: Timestamp;
  /** What runs. */
  versions: DiagnosticsVersions;
  /** What `server.status` says. */
  status: ServerStatus;
  /** The process. */
  process: ProcessStatus;
  /** Every option in effect and where its value comes from. Empty where a program embeds the daemon. */
  settings: SettingInEffect[];
  /** What waits to be written, over all connections. */
  queues: Queues;
  /** What is held in memory for connections and by streams, and what was done to keep that inside its bound. */
  memory: MemoryStatus;
  /** What happened since the daemon started, by name. Names that nothing happened under are left out. */
  counters: Counters;
  /** Open connections, those that wait most first. */
  connections: ConnectionStatus[];
  /** How many connections are not listed. */
  connections_omitted: number;
  /** Event streams with something in them, the biggest first: those of all sessions together, and those of the sessions there are. */
  streams: StreamStatus[];
  /** How many streams are not listed. */
  streams_omitted: number;
  /** Where the daemon keeps its files. */
  storage: StorageStatus;
  /** The last warnings and errors of the log, oldest first. */
  notices: Notice[];
}

/** Params of `diagnostics.snapshot`. */
export interface DiagnosticsSnapshotParams {
  /** How many connections and how many streams are listed: 1 to 1,000; 50 when left out. */
  limit?: number | null;
}

/** What runs. */
export interface DiagnosticsVersions {
  /** The daemon's version. */
  server: string;
  /** The oldest protocol version that is spoken. */
  protocol_min: number;
  /** The newest protocol version that is spoken. */
  protocol_max: number;
  /** The operating system: `linux`, `macos`, `windows`. */
  os: string;
  /** The processor: `x86_64`, `aarch64`. */
  arch: string;
}

/** A skill that was made of experience. */
export interface DistilledSkill {
  /** What it is called: 1,024 bytes at most. */
  name: string;
  /**
   * What it does.
   *
   * `""` when left out.
   */
  description?: string;
  /**
   * When it applies, in words.
   *
   * `""` when left out.
   */
  when_to_apply?: string;
  /**
   * Which domain it is for; that of `domain` when left out, or all.
   *
   * `"global"` when left out.
   */
  scope?: SkillScope;
  /**
   * What kind of experience it comes from.
   *
   * `"success"` when left out.
   */
  source?: LessonSource;
  /**
   * The domain; empty for all.
   *
   * `""` when left out.
   */
  domain?: string;
  /**
   * What it is for.
   *
   * `{"persona":"","url_pattern":"","task_keywords":[]}` when left out.
   */
  trigger?: SkillTrigger;
  /**
   * What is to be done, if anything: 64 KiB at most.
   *
   * `""` when left out.
   */
  code?: string;
}

/** A skill that was made of experience. */
export interface DistilledSkillOutput {
  /** What it is called: 1,024 bytes at most. */
  name: string;
  /** What it does. */
  description: string;
  /** When it applies, in words. */
  when_to_apply: string;
  /** Which domain it is for; that of `domain` when left out, or all. */
  scope: SkillScope;
  /** What kind of experience it comes from. */
  source: LessonSource;
  /** The domain; empty for all. */
  domain: string;
  /** What it is for. */
  trigger: SkillTriggerOutput;
  /** What is to be done, if anything: 64 KiB at most. */
  code: string;
}

/** Skills by name: params of `skills.ingest_distilled`, which may be the bare list. */
export interface DistilledSkills {
  /** The skills. */
  skills: DistilledSkill[];
}

/** A bare list, or an object that has it as a member. Read by its form, so that what is wrong is named. */
export type DistilledSkillsOrList = DistilledSkills | DistilledSkill[];

/** The `error.data` of every error that the daemon sends. */
export interface ErrorData {
  /** What happened, exactly: one of those listed under `kind`. */
  kind: string;
  /** Whether the same call can succeed later. */
  retryable: boolean;
  /** The parameter that is wrong, as a path: `proposal.actions[2].id`. */
  field?: string;
  /** The limit that was reached. */
  limit?: number;
  /** When to try again, in milliseconds from now. */
  retry_after_ms?: number;
  [key: string]: unknown;
}

/** A place in a stream. */
export interface EventCursor {
  /** Changes when the stream begins anew. */
  epoch: number;
  /** Counts from 1 without a gap. */
  seq: number;
}

/** What the events of a family survive once they are visible. */
export type EventDurability =
  /** Nothing: each start of the daemon is a new epoch. */
  | "memory"
  /** The end of the daemon, however it comes. */
  | "os"
  /** A loss of power. */
  | "fsync";

/** How much is kept of a family. What exceeds any of the three goes, oldest first, and is counted as missed. */
export interface EventFamilyRetention {
  /** The first part of its streams' names. */
  family: string;
  /** The notification that carries its events; left out for a family that is only read. */
  notification?: string;
  /** What its events survive. */
  durability: EventDurability;
  /** Who may read its streams. */
  reader: EventReader;
  /** Events of a stream at most. */
  max_events: number;
  /** Bytes of a stream at most. */
  max_bytes: number;
  /** The age of an event at most, in milliseconds. */
  max_age_ms: number;
  /** Which events replace each other for subscribers that want the latest only; those of other kinds do where the kind is the same. */
  keys?: EventKeyRule[];
  /** Whether a subscriber that begins at what comes next gets a snapshot. */
  snapshot: boolean;
  /** Streams that the caller may read. */
  streams: number;
  /** Events in them. */
  events: number;
  /** About how many bytes they take. */
  bytes: number;
}

/** Events of some kinds replace each other where they are about the same. */
export interface EventKeyRule {
  /** How the kinds begin. Of several rules the first counts. */
  kinds: string;
  /** The members of the event that have to be the same, each as a path with dots. */
  about: string[];
}

/** Result of `events.query`. */
export interface EventPage {
  /** The stream. */
  stream: string;
  /** Oldest first. */
  events: LoggedEvent[];
  /** Where to go on: the place of the last event looked at. */
  next: EventCursor;
  /** Whether there is more. */
  more: boolean;
  /** How many events after `since` are no longer kept. */
  missed: number;
}

/** Who may read the streams of a family. */
export type EventReader =
  /** Every authenticated session. */
  | "everybody"
  /** The session that the stream belongs to, and hosts. */
  | "owner"
  /** Clients and hosts. An agent hears only what it began itself. */
  | "clients";

/** Result of `events.retention`. */
export interface EventRetentionTable {
  /** The families. */
  families: EventFamilyRetention[];
}

/** What the log holds. `spans` are not kept here: they go to the daemon's tracing. */
export interface EventStats {
  /** Events kept. */
  events: number;
  /** Spans kept. */
  spans: number;
  /** Bytes of the events. */
  approxEventBytes: number;
  /** Bytes of the spans. */
  approxSpanBytes: number;
}

/** One stream. */
export interface EventStreamInfo {
  /** Its name. */
  stream: string;
  /** Its family. */
  family: string;
  /** What its events survive. */
  durability: EventDurability;
  /** The place of the newest event; number 0 where there never was one. */
  head: EventCursor;
  /** The place before the oldest event that is kept: reading on from here misses nothing that is left. */
  oldest: EventCursor;
  /** Events kept. */
  events: number;
  /** About how many bytes they take. */
  bytes: number;
}

/** Result of `events.streams`. */
export interface EventStreamsPage {
  /** By name. */
  streams: EventStreamInfo[];
  /** Whether there are more. */
  more: boolean;
}

/** How much of one stream is on its way to a subscriber at most. The rest is in the log. */
export interface EventsCaps {
  /** Events. */
  frames: number;
  /** Their bytes; one event may be longer. */
  bytes: number;
}

/** Result of `events.clear`. */
export interface EventsCleared {
  /** What was dropped. */
  removed: EventStats;
  /** What is left. */
  stats: EventStats;
}

/** How events come to a subscriber. */
export type EventsDelivery =
  /** Every event that the log keeps, in order. */
  | "lossless"
  /** While the subscriber keeps up, every event. Of what it is behind, the latest of each key, in order: what is about the same agent, approval or action, as `events.retention` has it for each family. */
  | "coalesce";

/** Params of `events.ended`. */
export interface EventsEndedParams {
  /** The stream. */
  stream: string;
  /** Its epoch. */
  epoch: number;
  /** Its last event; 0 where there was none. */
  seq: number;
}

/** Params of `events.lagged`. A notice stands before the events that follow it; numbers between `from_seq` and `to_seq` that it does not count still come. */
export interface EventsLaggedParams {
  /** The stream. */
  stream: string;
  /** Its epoch. */
  epoch: number;
  /** The first event that does not come. */
  from_seq: number;
  /** The last event that does not come. */
  to_seq: number;
  /** How many were dropped. */
  skipped: number;
  /** How many are left out, because newer ones with the same key follow; only where events are coalesced. */
  coalesced?: number;
}

/** Where one subscribed stream begins. */
export type EventsPlace = EventsSinceWord | EventCursor;

/** Params of `events.query`. */
export interface EventsQueryParams {
  /** The stream; the one of the caller's own session when left out. */
  stream?: string | null;
  /** Reads what came after this place; from the oldest kept when left out. */
  since?: EventCursor | null;
  /** 1 to 1,000; 100 when left out. */
  limit?: number | null;
  /** Only these kinds. */
  kinds?: string[] | null;
}

/** Where subscribed streams begin. */
export type EventsSince = EventsSinceWord | { [key: string]: EventsPlace };

/** Where a stream begins, without a place. */
export type EventsSinceWord =
  /** At what comes next. */
  | "now"
  /** At the oldest event that is kept. */
  | "start";

/** Params of `events.streams`. */
export interface EventsStreamsParams {
  /** Only streams of this family. */
  family?: string | null;
  /** Only streams whose name comes after this one: the last of the page before. */
  after?: string | null;
  /** 1 to 1,000; 100 when left out. */
  limit?: number | null;
}

/** Params of `events.subscribe`. */
export interface EventsSubscribeParams {
  /** 1 to 64 names or patterns. `session` is the stream of the caller's own session; `*` covers every stream, `session/*` those of a family, `session/4f*` those whose names begin so. */
  streams: string[];
  /** Where they begin: at what comes next when left out. */
  since?: EventsSince | null;
  /** How events come; without loss when left out. */
  delivery?: EventsDelivery | null;
  /** Whether the answer holds snapshots, where families have them and streams begin at what comes next; `true` when left out. */
  snapshot?: boolean | null;
}

/** Result of `events.subscribe`. */
export interface EventsSubscribed {
  /** In the order of the params, those that a pattern covers by name. */
  streams: EventsSubscribedStream[];
  /** How events come. */
  delivery: EventsDelivery;
  /** How much of one stream is on its way at most. */
  caps: EventsCaps;
  /** Streams that `since` names, that a pattern covers, and that have ended. */
  ended?: string[];
}

/** A stream that is fed to the connection. */
export interface EventsSubscribedStream {
  /** Its whole name. */
  stream: string;
  /** The notification that carries its events. */
  notification: string;
  /** The place after which it begins. */
  from: EventCursor;
  /** The place of the newest event at that moment. */
  head: EventCursor;
  /** How things are that the stream tells of, as of `from` or newer; what is newer is told again by the event that follows. For `host`: `agents`, and the `approvals` that are pending. */
  snapshot?: unknown;
  /** The pattern that covers it, where it was not named itself. */
  pattern?: string;
}

/** Params of `events.truncate`. */
export interface EventsTruncateParams {
  /** How many events to keep. */
  maxEvents?: number | null;
  /** How many spans to keep. */
  maxSpans?: number | null;
}

/** Result of `events.truncate`. */
export interface EventsTruncated {
  /** Events dropped. */
  removedEvents: number;
  /** Spans dropped. */
  removedSpans: number;
  /** What is left. */
  stats: EventStats;
}

/** Params of `events.uncovered`. */
export interface EventsUncoveredParams {
  /** The stream. */
  stream: string;
  /** How many streams patterns may cover for this connection. */
  limit: number;
}

/** Params of `events.unsubscribe`. */
export interface EventsUnsubscribeParams {
  /** 1 to 64 names or patterns. */
  streams: string[];
}

/** Result of `events.unsubscribe`. */
export interface EventsUnsubscribed {
  /** How many streams are no longer fed. */
  removed: number;
}

/** How actions without declared dependencies follow each other. */
export type Execution =
  /** In their order. */
  | "sequential"
  /** As soon as the data they need is there. */
  | "parallel";

/** Params of `execution.event`: a step of a proposal whose stream is subscribed. */
export interface ExecutionEvent {
  /** What happened. */
  kind: ExecutionEventKind;
  /** When. */
  timestamp: Timestamp;
  /** The action that it concerns; none for the end of the proposal. */
  action_id?: string;
  /** The proposal. */
  proposal_id: string;
  /** The rest, by kind. */
  data: { [key: string]: unknown };
  /** The stream: `run/`, the session, `/` and the proposal. */
  stream: string;
  /** Its epoch. */
  epoch: number;
  /** The event's number in the stream. */
  seq: number;
}

/** A step of a proposal, with the members of its `data`. */
export type ExecutionEventKind =
  /** The action passed validation and policies. */
  | "validated"
  /** An attempt begins: `attempt`, for a tool call `tool` and `timeout_ms`. */
  | "started"
  /** An attempt failed and another follows: `attempt` (the failed one), `error`, `delay_ms`. */
  | "retrying"
  /** The tool's host tells how far it is: `attempt`, `progress`, `total`, `message`, `partial`; `dropped` when others came too fast and were left out before. */
  | "progress"
  /** The action is done: `attempts`, `duration_ms`; `cached` or `deduplicated` when an earlier result was taken. */
  | "succeeded"
  /** The action failed or was refused: `status`, `reason`, `attempts`. */
  | "failed"
  /** The action was not run, or its failure is skipped: `reason`, `attempts`. */
  | "skipped"
  /** The action was taken back because the proposal ended early: `reason`, `attempts`. */
  | "cancelled"
  /** What the action did was undone, or not: `status`, `reason`. */
  | "compensated"
  /** An answer came after its attempt was decided: `attempt`, `fence`, `decided`. */
  | "late_result"
  /** The proposal has ended, and with it the stream: `outcome`. */
  | "ended";

/** A call that is only thought of: of a method, or of a tool by a proposal. */
export interface ExplainedCall {
  /** The method, unless `tool` is given. */
  method?: string | null;
  /** The tool, unless `method` is given. */
  tool?: string | null;
  /** The params of the method, or the parameters of the tool. */
  arguments?: unknown;
}

/** An agent that speaks the Agent Client Protocol. */
export interface ExternalAgent {
  /** Its id: what it is supervised as, or is going to be. */
  id: string;
  /** For a person. */
  name: string;
  /** `acp`. */
  protocol: string;
  /** Its executable; `null` where none was found. */
  command: string | null;
  /** Its arguments. */
  args: string[];
  /** Whether there is an executable. */
  installed: boolean;
  /** How it is, where it is supervised. */
  status?: AgentStatus;
  /** Where that was asked for. */
  health?: ExternalHealth;
}

/** How an agent is. */
export interface ExternalHealth {
  /** Its id. */
  id: string;
  /** Whether it could answer: it runs and answers, or can be started. */
  ok: boolean;
  /** Why not. */
  reason?: string;
  /** Whether there is an executable that may be started. */
  installed: boolean;
  /** Whether its process lives. */
  alive: boolean;
  /** Whether it is connected and ready for prompts. */
  attached: boolean;
  /** When this was looked at. */
  checked_at: Timestamp;
}

/** Result of `agents.health_external`: with an `id` one, otherwise all. */
export type ExternalHealthAnswer = ExternalHealth[] | ExternalHealth;

/** Result of `agents.invoke_external`: what became of the task, or, with `stream`, that it has begun. */
export interface ExternalInvokeResult {
  /** The agent. */
  id: string;
  /** The chat. */
  session_id: string;
  /** The turn. */
  turn_id: string;
  /** `true` with `stream`; then nothing below is there. */
  accepted?: boolean;
  /** What it said; at most 1 MiB. */
  output?: string;
  /** Whether it ended otherwise than done. */
  is_error?: boolean;
  /** How it ended. */
  outcome?: ChatOutcome;
  /** What went wrong. */
  error?: string;
  /** How long it took, in milliseconds. */
  duration_ms?: number;
}

/** A fact, with where it comes from and what became of it. */
export interface Fact {
  /** Its id. */
  id: FactId;
  /** What it is about. */
  subject: string;
  /** What it says. */
  body: string;
  /** What kind it is: `pattern`, `constraint`, `outcome`, `strategy`, `conversation`, or the caller's own. */
  kind: string;
  /** How sure it is, 0 to 1. */
  confidence: number;
  /** From whom or where. */
  source: string;
  /** The event that said so. */
  event?: string;
  /** When it was learnt, and since when it is valid. */
  at: Timestamp;
  /** When it stopped or stops to be valid. */
  valid_until?: Timestamp;
  /** How far it may be believed; `trusted` where it is left out. */
  trust?: Trust;
  /** Whether another took its place, also when that one was forgotten since. */
  outdated?: boolean;
  /** The fact that it took the place of. */
  supersedes?: FactId;
  /** The fact that took its place. */
  superseded_by?: FactId;
  /** Facts that say otherwise. */
  contradicts?: FactId[];
  /** Facts that it was concluded from. */
  derived_from?: FactId[];
  /** The segment of a conversation that it is. */
  segment?: SegmentKeyOutput;
}

/** The id of a fact, which no other fact of the same memory ever gets. */
export type FactId = string;

/** How well a fact fits, and why. Each part is of 0 to 1 or so, before it is weighted. */
export interface FactScore {
  /** All parts, weighted. */
  total: number;
  /** Shared words. */
  lexical: number;
  /** Likeness of meaning. */
  dense: number;
  /** What flowed over from others that fit. */
  graph: number;
}

/** What the failure of an action means for the rest. */
export type FailureBehavior =
  /** The proposal is aborted and what it wrote is dropped. */
  | "abort"
  /** The action is tried again, `max_retries` times; a failure after that does not abort the proposal. */
  | "retry"
  /** The action counts as skipped. */
  | "skip";

/** Why an action did not succeed. */
export type FailureKind =
  /** The parameters do not fit the tool's schema; nothing was called. */
  | "invalid_parameters"
  /** What the tool gave does not fit its `returns`. */
  | "invalid_result"
  /** What the action gave is too big to be carried, and the result store did not take it. */
  | "result_not_kept"
  /** Policies object, or a person that one of them wanted to be asked does; nothing was called. */
  | "policy"
  /** The tool's rate limit leaves no room within the action's time; `retry_after_ms` tells when there is some. */
  | "rate_limited";

/** What was erased. */
export interface Forgotten {
  /** The facts: those that were meant, and all that were derived from them. */
  facts: FactId[];
  /** Vectors of theirs. */
  vectors: number;
  /** Rows of theirs in the index of terms. */
  index_rows: number;
  /** References to them in facts that stay. */
  references: number;
}

/** What `skill.forget` did. */
export interface ForgottenSkill {
  /** Whether there was such a skill. */
  forgotten: boolean;
}

/** A skill that fits. */
export interface FoundSkill {
  /** What it is called. */
  name: string;
  /** What is to be done. */
  code: string;
  /** What runs the code. */
  platform: string;
  /** What it does. */
  description: string;
  /** How it went. */
  stats: SkillStats;
  /** How well it fits, 0 to 1: two fifths what triggers it (persona 0.4, address 0.3, keywords 0.3), two fifths how often it worked (0.5 before the first report), a fifth likeness of meaning. */
  match_score: number;
}

/** The word `global`. */
export type GlobalScope =
  /** Asked for, all sessions of the daemon. Answered, everything that was meant: the session, or the daemon. */
  | "global";

/** A consent that covers more than one call. */
export interface Grant {
  /** Its id. */
  id: string;
  /** The method that it covers. */
  method?: string;
  /** The tool that it covers. */
  tool?: string;
  /** The version of the tool that it covers: its version, or the digest of its schema. */
  tool_version?: string;
  /** Whose calls it covers: `client`, `host`, `agent/` and the agent, or `anonymous/` and the session. */
  owner: string;
  /** The session that it ends with. */
  session_id?: string;
  /** What arguments must be: patterns, by JSON pointer. */
  arguments?: { [key: string]: string };
  /** The one act that it covers. */
  digest?: string;
  /** The one agent whose calls it covers. */
  agent_id?: string;
  /** The credential of the person who gave it. */
  created_by: string;
  /** When. */
  created_at: Timestamp;
  /** The approval that it was given with. */
  approval_id: string;
  /** The rules that were in force then. */
  policy_revision?: string;
  /** When it ends by itself, by the wall clock. */
  expires_at?: Timestamp;
  /** How often it can still be used; absent where that is not counted. */
  remaining?: number;
  /** How often it let a call run. */
  uses: number;
  /** When it did last. */
  last_used_at?: Timestamp;
}

/** Result of `grants.list`. */
export interface GrantList {
  /** At most 4,096. */
  grants: Grant[];
}

/** Params of `grants.list`. */
export interface GrantListParams {
  /** Only those for this method. */
  method?: string | null;
  /** Only those for this tool. */
  tool?: string | null;
}

/** Params of `grants.revoke`. */
export interface GrantRevokeParams {
  /** The grant. */
  grant_id: string;
}

/** Params of `server.handshake`. */
export interface HandshakeParams {
  /** The version that the client speaks, 1 to 3. */
  protocol_version: number;
  /** The client's name, for the log. */
  client_name?: string | null;
  /** The client's version, for the log. */
  client_version?: string | null;
  /** Capabilities without which the client cannot work. */
  required_capabilities?: string[] | null;
}

/** Result of `server.handshake`. */
export interface HandshakeResult {
  /** The version agreed on: the client's. */
  protocol_version: number;
  /** The daemon's version. */
  server_version: string;
  /** The version that the client asked for. */
  client_protocol_version: number;
  /** What the daemon can do, by name. */
  capabilities: string[];
}

/** An agent as a host shows it. */
export interface HostAgent {
  /** Its id. */
  id: string;
  /** Its name. */
  name: string;
  /** What kind it is. */
  kind: string;
  /** What it can do. */
  capabilities: string[];
  /** What it works on. */
  project?: string;
  /** The session that owns it. */
  session_id?: string;
  /** What it is doing. */
  status: HostAgentStatus;
  /** What it is doing, in words. */
  current_task?: string;
  /** Its process. */
  pid?: number;
  /** How to show it. */
  display: AgentDisplayOutput;
  /** When this row last changed. */
  updated_at: Timestamp;
  /** Whatever else it said. */
  metadata: unknown;
}

/** Names a host agent. */
export interface HostAgentParams {
  /** Its id. */
  agent_id: string;
}

/** What a host agent is doing. */
export type HostAgentStatus =
  /** Nothing. */
  | "idle"
  /** Working. */
  | "running"
  /** Waiting for a person. */
  | "waiting_for_approval"
  /** Held. */
  | "paused"
  /** Done. */
  | "completed"
  /** Failed. */
  | "errored"
  /** Ended. */
  | "stopped";

/** A question to a person. */
export interface HostApproval {
  /** Its id. */
  id: string;
  /** The agent that it is about. */
  agent_id?: string;
  /** The session that raised it; absent when the daemon itself asks. */
  client_id?: string;
  /** What is to be done: `ws.method:<method>` for a gated call. */
  action: string;
  /** What a person needs to know. */
  details: unknown;
  /** The answers to choose from. */
  options: string[];
  /** Whether it waits. */
  status: HostApprovalStatus;
  /** When it was asked. */
  created_at: Timestamp;
  /** When it was decided. */
  resolved_at?: Timestamp;
  /** The decision: one of `options`, or `expired`, `agent_gone`, `withdrawn`. */
  resolution?: string;
  /** When it expires, for a gated call that somebody was reached for who can decide. */
  expires_at?: Timestamp;
  /** SHA-256 of the call with its canonical arguments, in hex, for a gated call. */
  digest?: string;
  /** The decision, with who made it; absent where it ended without one. */
  decision?: ApprovalDecision;
  /** Why it ended without a decision. */
  reason?: string;
}

/** Whether an approval waits. */
export type HostApprovalStatus =
  /** Nobody has decided. */
  | "pending"
  /** Decided, expired or withdrawn; `resolution` tells. */
  | "resolved";

/** One event of the stream `host`. */
export interface HostEvent {
  /** Its id. */
  id: string;
  /** When. */
  timestamp: Timestamp;
  /** What happened. */
  kind: string;
  /** The agent that it concerns. */
  agent_id?: string;
  /** For a person. */
  message: string;
  /** The row that changed, or what the sender gave. */
  payload: unknown;
  /** `host`. */
  stream: string;
  /** The epoch of the stream. */
  epoch: number;
  /** The number of the event in the stream. */
  seq: number;
}

/** Params of `host.events`. */
export interface HostEventsParams {
  /** 1 to 500; 100 when left out. */
  limit?: number | null;
}

/** Who answers. */
export interface HostIdentity {
  /** The daemon's version. */
  version: string;
  /** Its process. */
  pid: number;
  /** The manifest of its agents. */
  manifest_path: string | null;
  /** `owner`, `observer` or `none`. */
  manifest_role: string;
}

/** Params of `host.notify`. */
export interface HostNotifyParams {
  /** What happened, 1 to 128 bytes; `host.notification` when left out. */
  kind?: string | null;
  /** The agent that it concerns. */
  agent_id?: string | null;
  /** For a person; at most 64 KiB. */
  message?: string | null;
  /** Whatever belongs to it; at most 256 KiB of JSON. */
  payload?: unknown;
}

/** Params of `host.register_agent`. */
export interface HostRegisterAgentParams {
  /** 1 to 128 bytes; chosen by the daemon when left out. */
  id?: string | null;
  /** 1 to 256 bytes. */
  name: string;
  /** What kind it is; at most 64 KiB. */
  kind?: string | null;
  /** What it can do; at most 64 KiB of JSON. */
  capabilities?: string[] | null;
  /** What it works on; at most 64 KiB. */
  project?: string | null;
  /** Its process. */
  pid?: number | null;
  /** How to show it; at most 64 KiB of JSON. */
  display?: AgentDisplay | null;
  /** Whatever else there is to say; at most 256 KiB of JSON. */
  metadata?: unknown;
}

/** Params of `host.request_approval`. */
export interface HostRequestApprovalParams {
  /** What is to be done; 1 to 256 bytes. */
  action: string;
  /** The agent that it is about. */
  agent_id?: string | null;
  /** What a person needs to know; at most 256 KiB of JSON. */
  details?: unknown;
  /** The answers to choose from, at most 16 of 1 to 128 bytes; `approve` and `deny` when left out. */
  options?: string[] | null;
  /** Whether the row belongs to nobody, so that any host may decide it. */
  system_level?: boolean | null;
}

/** Params of `host.resolve_approval`. */
export interface HostResolveApprovalParams {
  /** The approval. */
  approval_id: string;
  /** One of its `options`. */
  resolution: string;
}

/** Params of `host.set_status`. */
export interface HostSetStatusParams {
  /** The agent. */
  agent_id: string;
  /** What it is doing. */
  status: HostAgentStatus;
  /** The same in words; at most 64 KiB. */
  current_task?: string | null;
  /** For a person; goes into the event; at most 64 KiB. */
  message?: string | null;
  /** Replaces the row as the event's payload; at most 256 KiB of JSON. */
  payload?: unknown;
}

/** Result of `host.subscribe`. */
export interface HostSnapshot {
  /** Always `true`. */
  subscribed: boolean;
  /** By name. */
  agents: HostAgent[];
  /** Newest first. */
  approvals: HostApproval[];
  /** The last 50, newest first. */
  events: HostEvent[];
  /** Who answers. */
  identity: HostIdentity;
  /** The epoch of the stream `host`. */
  epoch: number;
  /** The last event that this snapshot includes. */
  seq: number;
}

/** How many skills were kept. */
export interface IngestedSkills {
  /** That many. */
  ingested: number;
}

/** What a manifest asks for and is not there. */
export interface InstallReport {
  /** Of what it could use. */
  missingOptional: AgentCapability[];
}

/** One finding. */
export interface Issue {
  /** The action, empty for the whole proposal. */
  action_id: string;
  /** How much it matters. */
  severity: IssueSeverity;
  /** What it is. */
  message: string;
}

/** How much an issue matters. */
export type IssueSeverity =
  /** It will fail. */
  | "error"
  /** It may not be meant. */
  | "warning";

/** What kind of experience a skill comes from. */
export type LessonSource =
  /** Something that worked. */
  | "success"
  /** Something that failed. */
  | "failure";

/** Params of `notifications.local`. */
export interface LocalNotificationParams {
  /** 1 to 256 bytes. */
  title: string;
  /** At most 4 KiB. */
  body: string;
  /** A line above the body; at most 256 bytes. */
  subtitle?: string | null;
  /** The name of a sound of the desktop's theme; at most 128 bytes. */
  sound?: string | null;
}

/** Result of `notifications.local`. */
export interface LocalNotificationShown {
  /** Always `true`: the desktop has taken it. */
  shown: boolean;
  /** The desktop's number for it. */
  id: number;
}

/** One event as it was logged. */
export interface LoggedEvent {
  /** Its number in the stream. */
  seq: number;
  /** What happened. */
  kind: string;
  /** When. */
  timestamp: Timestamp;
  /** The action that it concerns. */
  action_id?: string;
  /** The proposal that it concerns. */
  proposal_id?: string;
  /** The rest. */
  data: { [key: string]: unknown };
  [key: string]: unknown;
}

/** A supervised agent: how it is started, and how it is. */
export interface ManagedAgent {
  /** 1 to 128 letters, digits, `-`, `_` and `.`, neither `.` nor `..`. */
  id: string;
  /** For a person. */
  name: string;
  /** The executable: an absolute path without links, to a file that others cannot write. */
  command: string;
  /** Its arguments. */
  args?: string[];
  /** Where it runs; the root of the daemon when left out. */
  cwd?: string;
  /** Variables of its environment, besides those that every agent gets. In answers each value is `***`; given back, that leaves the value as it is. */
  env?: { [key: string]: string };
  /** When it is started again. */
  restart: AgentRestart;
  /** How often in a row, 10 when left out. A healthy minute ends the row. */
  max_restarts?: number;
  /** How long to wait before the first of them, in seconds, 5 when left out; each further one waits twice as long, up to 5 minutes. */
  backoff_secs?: number;
  /** Whether it starts with the daemon. */
  auto_start: boolean;
  /** Whether it gets the daemon's client token too. Agents made with older clients need it. */
  daemon_token?: boolean;
  /** What it may use. */
  sandbox?: AgentSandboxOutput;
  /** Set for an agent that speaks the Agent Client Protocol at its standard input and output, and not with the daemon. */
  acp?: AgentAcpFiles;
  /** What it may not do, by namespace: methods of the daemon by their last part, `*` for all of the namespace; with `network` it connects to the daemon only, with `filesystem` and `write` it writes no files. */
  denied?: { [key: string]: string[] };
  /** What it is doing. */
  status: AgentStatus;
  /** The number of its process. */
  pid: number | null;
  /** How its last process ended; -1 for a signal. */
  last_exit_code: number | null;
  /** How often in a row it was started again. */
  restart_count: number;
  /** When its process was made. */
  started_at: Timestamp | null;
  /** Whether a session is bound to it. */
  attached: boolean;
  /** That session. */
  session_id?: string;
  /** Why it was given up. */
  error?: string;
}

/** A rule that matches a call. */
export interface MatchedRule {
  /** Its name: its `@id`, or the file's with a number. */
  rule: string;
  /** What it says. */
  decision: RuleDecision;
  /** Why, for a person. */
  reason: string;
  /** Whether it could not be evaluated, which counts as `deny`. */
  failed?: boolean;
}

/** Result of `meeting.get`. */
export interface Meeting {
  /** What is known of it. */
  metadata: MeetingMetadata;
  /** What was said, in the order in which it was heard first. */
  segments: MeetingSegment[];
  /** Whether it goes on. */
  active: boolean;
  /** Whether nothing is kept of what is said now. */
  paused: boolean;
  /** Where the segments go on; left out at the end. */
  next_offset?: number;
}

/** The audio of one source of a meeting, as it is kept: 16-bit PCM in a WAV file. Its clock is that of the stream: what was told in a pause, and what is missing, is silence. */
export interface MeetingAudio {
  /** The source. */
  source: string;
  /** The file, below the folder of the meeting. */
  file: string;
  /** How large it is. */
  bytes: number;
  /** Samples a second and channel. */
  sample_rate: number;
  /** Interleaved channels. */
  channels: number;
  /** How long it is, in milliseconds. */
  duration_ms: number;
  /** How much of it came and is not kept, in milliseconds: the disk was too slow or failed, or the file is as large as one may be. */
  missing_ms?: number;
}

/** What may be kept of a meeting. */
export type MeetingConsent =
  /** Audio and what was said. */
  | "record"
  /** What was said. */
  | "transcript_only"
  /** Nothing: that it took place, and no word of it. */
  | "nothing";

/** Result of `meeting.delete`. */
export interface MeetingDeleted {
  /** The meeting. */
  meeting_id: string;
  /** Always `true`. */
  deleted: boolean;
  /** How many facts went from memories, those included that were derived from what was said. */
  facts_forgotten: number;
}

/** What a meeting is exported as. */
export type MeetingExportFormat =
  /** A document to be read. */
  | "markdown"
  /** WebVTT. */
  | "vtt"
  /** As `meeting.get` answers. */
  | "json";

/** Params of `meeting.export`. */
export interface MeetingExportParams {
  /** The meeting. */
  meeting_id: string;
  /** `markdown`, `vtt` (captions, <https://www.w3.org/TR/webvtt1/>) or `json`; Markdown when left out. */
  format?: MeetingExportFormat | null;
}

/** Result of `meeting.export`. */
export interface MeetingExported {
  /** The meeting. */
  meeting_id: string;
  /** What it is. */
  media_type: string;
  /** The document, 4 MiB at most: a longer one is refused as `limit_exceeded`. */
  text: string;
}

/** Params of `meeting.get`. */
export interface MeetingGetParams {
  /** The meeting. */
  meeting_id: string;
  /** Where meetings are kept. There is one such folder; another one is refused. */
  root?: string | null;
  /** The first segment, counted from 0; 0 when left out. */
  offset?: number | null;
  /** How many segments at most; as many as 4 MiB hold, when left out. */
  limit?: number | null;
}

/** A segment that was found. */
export interface MeetingHit {
  /** The meeting. */
  meeting_id: string;
  /** Its place in the transcript, from 0. */
  index: number;
  /** The segment. */
  segment: MeetingSegment;
}

/** Result of `meeting.search`. */
export interface MeetingHits {
  /** Those that were found, by meeting and place. */
  hits: MeetingHit[];
  /** Whether there are others. */
  more: boolean;
}

/** Result of `meeting.list`. */
export interface MeetingList {
  /** The folder of their files. */
  root: string;
  /** Their ids, in order. */
  ids: string[];
  /** Those that go on. */
  active: string[];
}

/** Params of `meeting.list`. */
export interface MeetingListParams {
  /** Where meetings are kept. There is one such folder; another one is refused. */
  root?: string | null;
}

/** What is known of a meeting. */
export interface MeetingMetadata {
  /** Its id. */
  id: string;
  /** What it is called. */
  title: string | null;
  /** When it began. */
  started_at: Timestamp;
  /** When it ended; `null` while it goes on. */
  ended_at: Timestamp | null;
  /** Where its audio comes from: `mic`, `system`. */
  sources: string[];
  /** Whether its audio is kept. */
  persist_audio: boolean;
  /** What is kept of the audio, once the meeting has ended. */
  audio?: MeetingAudio[];
  /** The model that its recogniser was asked for. */
  model: string | null;
  /** The language that is spoken. */
  language: string | null;
  /** What it was about, as `MeetingSummary` where this daemon made it. */
  summary: unknown;
  /** What may be kept. */
  consent: MeetingConsent;
  /** After how many days from its end it is erased. */
  erase_after_days?: number;
  /** The credential of who began it. */
  owner?: string;
  /** Which memory has what was said: `shared`, `agent/<id>`, `namespace/<name>`; left out where none has. */
  memory?: string;
  /** Whether that memory has all of it. */
  remembered?: boolean;
  /** Segments that were not kept because they came faster than the disk took them. */
  lost_segments?: number;
  /** Who is who: the names of roles and sources. */
  speakers?: { [key: string]: string };
}

/** Params of `meeting.name_speaker`. */
export interface MeetingNameSpeakerParams {
  /** The meeting. */
  meeting_id: string;
  /** A `role` or a `source` of segments. Of a segment that both have names for, that of its role counts. */
  speaker: string;
  /** Who it is, 256 bytes at most; taken back when left out. */
  name?: string | null;
}

/** Params of methods that are about one meeting. */
export interface MeetingParams {
  /** The meeting. */
  meeting_id: string;
}

/** Result of `meeting.pause` and `meeting.resume`. */
export interface MeetingPaused {
  /** The meeting. */
  meeting_id: string;
  /** Whether nothing is kept of what is said now. */
  paused: boolean;
}

/** Params of `meeting.search`. */
export interface MeetingSearchParams {
  /** Words, all of which a segment must have somewhere; case does not matter. */
  query: string;
  /** Only this meeting. */
  meeting_id?: string | null;
  /** How many hits at most: 1 to 200; 20 when left out. */
  limit?: number | null;
}

/** Something that was said in a meeting: a line of `transcript.jsonl`. */
export interface MeetingSegment {
  /** When it began. */
  timestamp: Timestamp;
  /** Where the audio came from: `mic`, `system`. */
  source: string;
  /** Who spoke, as the recogniser told: `enrolled_user`, `other:<id>`, `unknown`. */
  role: string;
  /** The words. */
  text: string;
  /** How long they took. */
  duration_ms: number;
  /** Which part of the source it is. A line without one stands for itself. */
  segment_id?: string;
  /** Counts the corrections, from 0. */
  revision: number;
  /** Who that is, where somebody said so. */
  speaker?: string;
}

/** Params of `meeting.start`. */
export interface MeetingStartParams {
  /** Its id: 1 to 64 letters, digits, `-` and `_` of ASCII; the daemon chooses one when left out. */
  id?: string | null;
  /** Whose audio it has: `mic`, `system`, or both. The client sends it, in the streams that the answer names. */
  sources: string[];
  /** What it is called, 1,024 bytes at most. */
  title?: string | null;
  /** Which of the recogniser's models. */
  model?: string | null;
  /** The language that is spoken, as a BCP 47 tag. */
  language?: string | null;
  /** The recogniser, by the id that `voice.providers.list` gives it. */
  provider?: string | null;
  /** Samples a second and channel of the audio; 16,000 when left out. */
  sample_rate?: number | null;
  /** Interleaved channels of the audio; 1 when left out. */
  channels?: number | null;
  /** Whether the audio is kept, as WAV beside the transcript: that needs the consent `record`, and is what comes with it when left out. With `true` and no consent named, that is `record`. */
  persist_audio?: boolean | null;
  /** Where meetings are kept. There is one such folder; another one is refused. */
  root?: string | null;
  /** What may be kept; `transcript_only` when left out. */
  consent?: MeetingConsent | null;
  /** After how many days from its end it is erased, with what memories have of it; never when left out. */
  erase_after_days?: number | null;
}

/** Result of `meeting.start`. */
export interface MeetingStarted {
  /** Its id. */
  id: string;
  /** What it is called. */
  title: string | null;
  /** When it began. */
  started_at: Timestamp;
  /** Its streams of audio, one for each source, in their order. */
  voice_session_ids: string[];
  /** The recogniser. Without one nothing is turned into text. */
  provider?: string;
}

/** Params of `meeting.stop`. */
export interface MeetingStopParams {
  /** The meeting. */
  meeting_id: string;
  /** Whether what was said is summarised; `true` when left out. */
  summarize?: boolean | null;
  /** The agent that summarises; the meeting's own words do when left out. */
  agent_id?: string | null;
  /** How long the agent may take, 1 to 600,000; 60,000 when left out. */
  timeout_ms?: number | null;
}

/** Params of `meeting.summarize`. */
export interface MeetingSummarizeParams {
  /** The meeting. */
  meeting_id: string;
  /** The agent that summarises; the meeting's own words do when left out. */
  agent_id?: string | null;
  /** How long the agent may take, 1 to 600,000; 60,000 when left out. */
  timeout_ms?: number | null;
}

/** A fact that was kept. */
export interface MemoryAdded {
  /** Its id. */
  id: FactId;
  /** How many facts are valid now. */
  count: number;
}

/** A context, and the reason of each line. */
export interface MemoryContext {
  /** What a model gets. */
  text: string;
  /** The lines of it below the headings, in order. */
  lines: ContextLine[];
}

/** Params of `memory.build_context` and its sisters. */
export interface MemoryContextParams {
  /** The question; none when left out. */
  query?: string | null;
  /** Tokens that the model can look at. The context has two fifths of what is left of them after 4,096, and 2,000 at least; 8,000 when left out. A token is taken for four bytes. */
  model_context_window?: number | null;
}

/** Names a file. */
export interface MemoryFileParams {
  /** Where it is: relative to the folder `memory` below the daemon's, or an absolute path that is below it. `..` is refused, and links that lead out of it. */
  path: string;
}

/** Params of `memory.forget`: one of the two. */
export interface MemoryForgetParams {
  /** The fact. */
  id?: FactId | null;
  /** A source, of which everything is meant, and of all that is below it: `meeting/7` with `meeting/7/mic`. */
  source?: string | null;
}

/** A fact that fits. */
export interface MemoryHit {
  /** What it is about. */
  subject: string;
  /** What it says. */
  body: string;
  /** `conversation` for a turn of one, `fact` for everything else. */
  kind: string;
  /** How well it fits; comparable within one answer. */
  confidence: number;
  /** Its id. */
  id?: FactId;
  /** The kind that it was given. */
  fact_kind?: string;
  /** The parts of the score, where they were asked for. */
  score?: FactScore;
}

/** Names a fact. */
export interface MemoryIdParams {
  /** Its id. */
  id: FactId;
}

/** What came in. */
export interface MemoryImported {
  /** Facts. */
  facts: number;
  /** Those of them that are outdated. */
  outdated: number;
}

/** Params of `memory.ingest_conversation`. */
export interface MemoryIngestParams {
  /** Who spoke: `meeting/<id>/mic`, an agent, a person. */
  speaker: string;
  /** What was said: 16 KiB at most. */
  text: string;
  /** When, in RFC 3339; now when left out. */
  at?: string | null;
  /** Which part of which conversation it is. */
  segment?: SegmentKey | null;
}

/** What became of something that was said. */
export type MemoryIngested = { outcome: "added"; id?: FactId } | { outcome: "replaced"; id: FactId } | { outcome: "known" };

/** Params of `memory.list`. */
export interface MemoryListParams {
  /** The last fact of the page before; from the first one when left out. */
  after?: FactId | null;
  /** How many facts at most: 1 to 1,000; 100 when left out. */
  limit?: number | null;
  /** Only facts of this kind. */
  kind?: string | null;
  /** Only facts that came from this source, or from what is below it. */
  source?: string | null;
  /** Whether facts are wanted, too, that are outdated or past their end. */
  outdated?: boolean | null;
}

/** A fact to be kept: params of `memory.add_fact` and `memory.add`. */
export interface MemoryNewFact {
  /** What it is about: 1,024 bytes at most. */
  subject: string;
  /** What it says: 16 KiB at most. */
  body: string;
  /** What kind it is; `pattern` when left out. */
  kind?: string | null;
  /** How sure it is, 0 to 1; 0.5 when left out. */
  confidence?: number | null;
  /** When it stops to be valid, in RFC 3339; never when left out. */
  valid_until?: string | null;
  /** How far it may be believed; `trusted` when left out. */
  trust?: Trust | null;
  /** From whom or where it is; the session when left out. */
  source?: string | null;
  /** The event that said so. */
  event?: string | null;
  /** Facts that say otherwise: 32 at most. Both stay valid, and each is shown as disputed. */
  contradicts?: FactId[];
  /** Facts that it was concluded from: 32 at most. When one of them is forgotten, so is this. */
  derived_from?: FactId[];
}

/** A page of facts. */
export interface MemoryPage {
  /** The facts, oldest first. */
  facts: Fact[];
  /** What the next page is after; left out when there is none. */
  next?: FactId;
}

/** Params of `memory.query`. */
export interface MemoryQueryParams {
  /** The question: its first 1,024 bytes are looked at. */
  query: string;
  /** How many facts at most: up to 1,000; 5 when left out. */
  k?: number | null;
  /** Whether the parts of each score are wanted. */
  explain?: boolean | null;
}

/** What all connections and all streams hold in memory. */
export interface MemoryStatus {
  /** How much they may, in bytes. */
  limit: number;
  /** What waits to be written to connections, in bytes. */
  outboxes: number;
  /** What streams hold, in bytes. */
  rings: number;
  /** Times that a connection gave events back to the log to make room. */
  given_back: number;
  /** Events that memory let go of to make room, and that storage has. */
  let_go: number;
  /** Events that were dropped to make room. */
  evicted: number;
  /** Connections that were closed to make room. */
  closed: number;
}

/** What was written to a file. */
export interface MemoryStored {
  /** Facts, outdated ones included. */
  facts: number;
  /** Bytes of the file. */
  bytes: number;
}

/** Params of `memory.supersede`. */
export interface MemorySupersedeParams {
  /** The fact that it takes the place of. */
  id: FactId;
  /** The new one. */
  fact: MemoryNewFact;
}

/** Params of `memory.update`. */
export interface MemoryUpdateParams {
  /** The fact. */
  id: FactId;
  /** What it is about from now on. */
  subject?: string | null;
  /** What it says from now on. */
  body?: string | null;
  /** What kind it is from now on. */
  kind?: string | null;
  /** How sure it is from now on. */
  confidence?: number | null;
  /** When it stops to be valid, in RFC 3339. */
  valid_until?: string | null;
  /** How far it may be believed from now on. */
  trust?: Trust | null;
}

/** How often something happened. */
export interface NamedCount {
  /** What. */
  name: string;
  /** How often. */
  count: number;
}

/** The params of a method that takes none. Members are ignored. */
export type NoParams = { [key: string]: unknown };

/** A warning or an error of the log. */
export interface Notice {
  /** When it was said last. */
  at: Timestamp;
  /** `warn` or `error`. */
  level: string;
  /** Which part of the program says so. */
  target: string;
  /** What it says. */
  message: string;
  /** How often it was said in a row. */
  count: number;
}

/** An approval that the session has asked for and that is pending. */
export interface OpenApproval {
  /** The approval. */
  approval_id: string;
  /** What is asked: `ws.method:` or `tool:` and a name, or what a client wrote. */
  action: string;
  /** The digest of the act, where it is a call. */
  digest?: string;
  /** When its time is over, once somebody who can decide was reached. */
  expires_at?: Timestamp;
}

/** A callback that the daemon waits for. */
export interface OpenCallback {
  /** The id of its request. */
  request_id: string;
  /** What it calls. */
  method: string;
  /** How often it has been sent, what follows this result included. */
  delivery: number;
  /** Whether it follows this result. What does not may be answered by its id all the same. */
  delivered: boolean;
  /** How long it will be waited for, in milliseconds. */
  timeout_ms: number;
}

/** How a proposal ended. */
export type Outcome =
  /** Every action was looked at; what succeeded has written to the state. */
  | "completed"
  /** An action failed with `failure_behavior: "abort"`; nothing was written to the state. */
  | "aborted"
  /** It was cancelled, or its time was over; nothing was written to the state. */
  | "cancelled";

/** Where a policy applies: `"global"` is the whole session, or the daemon. */
export type PolicyAppliesTo = GlobalScope | { session_id: string };

/** A policy that concerns an action. */
export interface PolicyConcerned {
  /** Its name. */
  policy: string;
  /** Its rule. */
  rule: string;
  /** Where it stands. */
  level: PolicyLevel;
  /** What it says. */
  finding: PolicyFinding;
  /** Why, unless it allows. */
  reason?: string;
  /** For `max_calls`, how many calls there is room for now. */
  remaining?: number;
  /** For `max_calls`, when there is room again, in milliseconds. */
  retry_after_ms?: number;
}

/** What would become of an action. */
export type PolicyDecision =
  /** No policy objects. */
  | "allow"
  /** A person would be asked. */
  | "require_approval"
  /** It hangs on an output that is not there yet. */
  | "unknown"
  /** A policy objects. */
  | "deny";

/** A policy. Which members it needs depends on its rule. */
export interface PolicyDefinition {
  /** 1 to 128 bytes; names the policy in violations. */
  name: string;
  /** `deny_tool`, `deny_tool_param`, `require_state`, `allow_only`, `max_calls` or `require_approval`. */
  rule: string;
  /** The tool, for `deny_tool` and `deny_tool_param`; for `max_calls` and `require_approval` too, where it may be left out to mean every tool. */
  target?: string | null;
  /** The parameter for `deny_tool_param`, the key for `require_state`. */
  key?: string | null;
  /** The value that `require_state` demands. */
  value?: unknown;
  /** The text that `deny_tool_param` looks for, or, after `regex:`, the regular expression. */
  pattern?: string | null;
  /** The only tools that `allow_only` lets be called. */
  tools?: string[] | null;
  /** How many calls `max_calls` lets pass in any `window_ms`; 0 lets none pass. */
  count?: number | null;
  /** The window of `max_calls`, in milliseconds: 1 to 2,678,400,000 (31 days). */
  window_ms?: number | null;
  /** The agent that it binds; without one, everybody. It binds the proposals that name the agent as their `callerId`, and all those of the session that registered the agent. */
  agent?: string | null;
}

/** A policy. Which members it needs depends on its rule. */
export interface PolicyDefinitionOutput {
  /** 1 to 128 bytes; names the policy in violations. */
  name: string;
  /** `deny_tool`, `deny_tool_param`, `require_state`, `allow_only`, `max_calls` or `require_approval`. */
  rule: string;
  /** The tool, for `deny_tool` and `deny_tool_param`; for `max_calls` and `require_approval` too, where it may be left out to mean every tool. */
  target?: string;
  /** The parameter for `deny_tool_param`, the key for `require_state`. */
  key?: string;
  /** The value that `require_state` demands. */
  value?: unknown;
  /** The text that `deny_tool_param` looks for, or, after `regex:`, the regular expression. */
  pattern?: string;
  /** The only tools that `allow_only` lets be called. */
  tools?: string[];
  /** How many calls `max_calls` lets pass in any `window_ms`; 0 lets none pass. */
  count?: number;
  /** The window of `max_calls`, in milliseconds: 1 to 2,678,400,000 (31 days). */
  window_ms?: number;
  /** The agent that it binds; without one, everybody. It binds the proposals that name the agent as their `callerId`, and all those of the session that registered the agent. */
  agent?: string;
}

/** Params of `policy.explain`. */
export interface PolicyExplainParams {
  /** The action, as a proposal would have it. */
  action: Action;
  /** The policy scope that the proposal would name. */
  session_id?: string | null;
  /** For whom it would run. */
  scope?: ProposalScope | null;
}

/** Result of `policy.explain`. */
export interface PolicyExplanation {
  /** What would become of the action: the strictest of all findings. */
  decision: PolicyDecision;
  /** The first policy with that finding; left out where nothing objects. */
  decided_by?: string;
  /** Why, in the words of that policy. */
  reason?: string;
  /** Every policy that concerns the action, in the order in which they are asked. */
  policies: PolicyConcerned[];
  /** How many policies were looked at. */
  asked: number;
}

/** What one policy says about an action. */
export type PolicyFinding =
  /** It does not object. */
  | "allows"
  /** It wants a person to be asked. */
  | "requires_approval"
  /** It cannot tell: it looks at a parameter that refers to the output of another action. */
  | "unknown"
  /** It objects. */
  | "denies";

/** Where a policy stands, from the widest to the narrowest. All of them apply. */
export type PolicyLevel =
  /** In all sessions of the daemon. */
  | "daemon"
  /** In one session. */
  | "session"
  /** In the proposals of a session that name the policy scope. */
  | "policy_scope";

/** Result of `policy.list`. */
export interface PolicyList {
  /** In the order of registration. */
  policies: PolicyDefinitionOutput[];
}

/** Params of `policy.list`. */
export interface PolicyListParams {
  /** The policy scope; without one, the session. */
  session_id?: string | null;
  /** `global` for all sessions of the daemon, then without a `session_id`. */
  scope?: GlobalScope | null;
}

/** Params of `policy.register`: the members of the policy, `session_id` and `scope`. */
export interface PolicyRegisterParams {
  /** 1 to 128 bytes; names the policy in violations. */
  name: string;
  /** `deny_tool`, `deny_tool_param`, `require_state`, `allow_only`, `max_calls` or `require_approval`. */
  rule: string;
  /** The tool, for `deny_tool` and `deny_tool_param`; for `max_calls` and `require_approval` too, where it may be left out to mean every tool. */
  target?: string | null;
  /** The parameter for `deny_tool_param`, the key for `require_state`. */
  key?: string | null;
  /** The value that `require_state` demands. */
  value?: unknown;
  /** The text that `deny_tool_param` looks for, or, after `regex:`, the regular expression. */
  pattern?: string | null;
  /** The only tools that `allow_only` lets be called. */
  tools?: string[] | null;
  /** How many calls `max_calls` lets pass in any `window_ms`; 0 lets none pass. */
  count?: number | null;
  /** The window of `max_calls`, in milliseconds: 1 to 2,678,400,000 (31 days). */
  window_ms?: number | null;
  /** The agent that it binds; without one, everybody. It binds the proposals that name the agent as their `callerId`, and all those of the session that registered the agent. */
  agent?: string | null;
  /** The policy scope; without one, the session. */
  session_id?: string | null;
  /** `global` for all sessions of the daemon, then without a `session_id`. */
  scope?: GlobalScope | null;
}

/** Result of `policy.register`. */
export interface PolicyRegistered {
  /** The policy's name. */
  registered: string;
  /** Where. */
  scope: PolicyAppliesTo;
  /** Where it stands, which `scope` does not tell: it is `"global"` for the session and for the daemon. */
  level: PolicyLevel;
}

/** A policy scope. */
export interface PolicyScope {
  /** The scope's id. */
  session_id: string;
}

/** Result of `session.policy.close`. */
export interface PolicyScopeClosed {
  /** Whether there was such a scope. */
  closed: boolean;
}

/** Params of `policy.unregister`. */
export interface PolicyUnregisterParams {
  /** The policy's name. */
  name: string;
  /** The policy scope; without one, the session. */
  session_id?: string | null;
  /** `global` for all sessions of the daemon, then without a `session_id`. */
  scope?: GlobalScope | null;
}

/** A policy's reason against an action. */
export interface PolicyViolation {
  /** The policy's name. */
  policy: string;
  /** Its rule. */
  rule: string;
  /** Where it stands. */
  level: PolicyLevel;
  /** Why. */
  reason: string;
  /** For `max_calls`, when there is room again, in milliseconds. */
  retry_after_ms?: number;
}

/** A condition on one key of the state. */
export interface Precondition {
  /** The key. */
  key: string;
  /** `exists`, `not_exists`, `contains`, `eq` (when left out), `neq`, `gt`, `lt`, `gte` or `lte`. */
  operator?: string | null;
  /** What the key's value is compared with. */
  value?: unknown;
  /** For a person. */
  description?: string | null;
}

/** The daemon's process. What the system does not tell is left out. */
export interface ProcessStatus {
  /** Its number. */
  pid: number;
  /** Memory that is resident, in bytes. */
  resident_bytes?: number;
  /** Threads. */
  threads?: number;
  /** Descriptors that are open. */
  open_descriptors?: number;
  /** Descriptors that may be open. */
  max_descriptors?: number;
}

/** What a proposal may use. When one of them is used up nothing further begins, what runs may end, and what was written stands; the actions that are left are skipped with a reason that begins with `budget_exhausted`. */
export interface ProposalBudget {
  /** Actions that are looked at. */
  max_actions?: number | null;
  /** Attempts at tool calls, retries included. A result that is reused is none. */
  max_tool_calls?: number | null;
  /** Milliseconds. What runs then is taken back. */
  max_duration_ms?: number | null;
}

/** One attempt at one tool call. */
export interface ProposalCallRecord {
  /** Counts the attempts of the session. An attempt that was replaced by another one has the lower number. */
  fence: number;
  /** The action. */
  action_id: string;
  /** The tool. */
  tool: string;
  /** 1 for the first attempt. */
  attempt: number;
  /** Whether it undoes the action. */
  compensation?: boolean;
  /** When it began. */
  began: Timestamp;
  /** The time that it had, in milliseconds. */
  lease_ms: number;
  /** What became of it. What is decided here is never changed by an answer that comes later. */
  state: ProposalCallState;
  /** How long it took until that was decided, in milliseconds. */
  duration_ms?: number;
  /** An answer that came after it was decided. */
  late?: ProposalLateAnswer;
}

/** What became of an attempt. */
export type ProposalCallState =
  /** There is no answer yet. */
  | "open"
  /** There is a result. */
  | "succeeded"
  /** The tool failed. */
  | "failed"
  /** There was no answer in time. */
  | "timed_out"
  /** Nobody waited for it any more. */
  | "cancelled";

/** Result of `proposal.calls`. */
export interface ProposalCalls {
  /** The proposal. */
  proposal_id: string;
  /** Whether it is under way. */
  running: boolean;
  /** The attempts at its tool calls that are still known, in the order in which they began. */
  calls: ProposalCallRecord[];
}

/** Params of `proposal.calls`. */
export interface ProposalCallsParams {
  /** The proposal. */
  proposal_id: string;
  /** The session that it ran in; the caller's own when left out. Another one's needs the host role. */
  session_id?: string | null;
}

/** Params of `proposal.cancel`. */
export interface ProposalCancelParams {
  /** The proposal. */
  proposal_id: string;
  /** Why, for those who read the result; cut to 512 bytes. */
  reason?: string | null;
  /** The session that it runs in; the caller's own when left out. Another one's needs the host role. */
  session_id?: string | null;
}

/** Result of `proposal.cancel`. */
export interface ProposalCancelled {
  /** The proposal. */
  proposal_id: string;
  /** Whether it ends for this reason. The answer to its `proposal.submit` then says `cancelled`, whatever else happens. */
  cancelled: boolean;
  /** How it had ended, where it was over already. */
  outcome?: Outcome;
}

/** An answer that came after its attempt was decided. It changes nothing. */
export interface ProposalLateAnswer {
  /** When it came. */
  timestamp: Timestamp;
  /** The size of the result, in bytes of JSON. */
  bytes: number;
  /** The result; left out when it has more than 4,096 bytes. */
  result?: unknown;
  /** The error instead, cut to 1,024 bytes. */
  error?: string;
}

/** Result of `proposal.submit`. */
export interface ProposalResult {
  /** The proposal. */
  proposal_id: string;
  /** One for each action, in the order of the proposal. */
  results: ActionResult[];
  /** What it took. */
  cost: CostSummary;
  /** How the whole ended, and with that whether its writes to the state stand. */
  outcome: Outcome;
  /** What became of the compensations, in the order in which they were run. */
  compensations?: CompensationResult[];
  /** The part of the budget that ended it before its last action. */
  budget_exhausted?: BudgetPart;
  /** Where its steps stand in the log, if somebody asked for them. */
  run?: ProposalStream;
}

/** For whom a proposal runs. */
export interface ProposalScope {
  /** Who asks; recorded. */
  callerId?: string | null;
  /** Whose state is read and written. */
  tenantId?: string | null;
  /** Claims about the caller; recorded. */
  claims?: { [key: string]: unknown } | null;
}

/** Where the steps of a proposal stand in the log. */
export interface ProposalStream {
  /** The stream. */
  stream: string;
  /** Its epoch. */
  epoch: number;
  /** The number of its last event, which tells the end. It may come after this answer. */
  seq: number;
}

/** Params of `proposal.submit`. */
export interface ProposalSubmitParams {
  /** The proposal. */
  proposal: ActionProposal;
  /** A policy scope, whose policies apply as well. */
  session_id?: string | null;
  /** For whom it runs. */
  scope?: ProposalScope | null;
  /** Whether its steps are told with `execution.event` while it runs. */
  stream?: boolean;
}

/** A provided method. */
export interface ProvidedMethod {
  /** Its name. */
  method: string;
  /** The session that serves it; left out where none does. */
  session_id?: string;
  /** Since when. */
  since?: Timestamp;
  /** Calls that it has not answered yet. */
  open: number;
}

/** Params of `provider.call`. */
export interface ProviderCallParams {
  /** The method. */
  method: string;
  /** Its params, as the caller gave them. */
  params: unknown;
  /** The id of this request, which `provider.cancel` names. */
  request_id: string;
  /** How long the answer counts, in milliseconds. */
  timeout_ms: number;
  /** The session that calls. */
  session_id: string;
  /** The credential that it has: `client`, `host`, `agent/<agent>` or `anonymous/<session>`. */
  principal: string;
  /** How often this request was sent, beginning with 2. */
  delivery?: number;
}

/** Result of `providers.list`. */
export interface ProviderList {
  /** By name. */
  methods: ProvidedMethod[];
}

/** Params of `providers.register`. */
export interface ProvidersRegisterParams {
  /** Provided methods, one at least. */
  methods: string[];
}

/** Result of `providers.register`. */
export interface ProvidersRegistered {
  /** What the caller's session serves now, by name. */
  methods: string[];
  /** Those of them that another session served before, by name. */
  replaced: string[];
}

/** Params of `providers.unregister`. */
export interface ProvidersUnregisterParams {
  /** Which; all when left out. */
  methods?: string[] | null;
}

/** Result of `providers.unregister`. */
export interface ProvidersUnregistered {
  /** How many it was. */
  removed: number;
}

/** What waits to be written, over all connections. */
export interface Queues {
  /** Frames of the fast lane: answers, callbacks, pings. */
  fast_frames: number;
  /** Their bytes. */
  fast_bytes: number;
  /** Bytes of requests that are under way. */
  request_bytes: number;
  /** Streams that are fed to connections. */
  subscriptions: number;
  /** Bytes that were read from storage for them and are not written yet. */
  bulk_bytes: number;
  /** Events of those streams that are not written yet, over all subscriptions. */
  bulk_lag_events: number;
  /** The same of the subscription that is furthest behind. */
  bulk_lag_most: number;
  /** Connections whose socket takes nothing at the moment. */
  stalled_connections: number;
  /** Sessions without a connection, which wait for their clients. */
  sessions_detached: number;
  /** Sessions of before the start of the daemon whose clients may still come back. */
  sessions_noted: number;
  /** Bytes of the replies that are kept until they are known to have arrived. */
  reply_bytes: number;
}

/** An agent in the registry. */
export interface RegistryEntry {
  /** 1 to 128 letters, digits, `-`, `_` and `.`, neither `.` nor `..`. */
  name: string;
  /** Where a person looks at it: an `http` or `https` address. */
  dashboard_url: string;
  /**
   * What it is doing.
   *
   * `"running"` when left out.
   */
  status?: RegistryStatus;
  /** Its name for a person. */
  display_name?: string | null;
  /** Where it listens. */
  port?: number | null;
  /** The number of its process. */
  pid?: number | null;
  /** When it came, as a time of RFC 3339; now when left out. */
  registered_at?: string | null;
  /** When it was heard of last, as a time of RFC 3339; now when left out. */
  last_heartbeat_at?: string | null;
}

/** An agent in the registry. */
export interface RegistryEntryOutput {
  /** 1 to 128 letters, digits, `-`, `_` and `.`, neither `.` nor `..`. */
  name: string;
  /** Where a person looks at it: an `http` or `https` address. */
  dashboard_url: string;
  /** What it is doing. */
  status: RegistryStatus;
  /** Its name for a person. */
  display_name?: string;
  /** Where it listens. */
  port?: number;
  /** The number of its process. */
  pid?: number;
  /** When it came, as a time of RFC 3339; now when left out. */
  registered_at?: string;
  /** When it was heard of last, as a time of RFC 3339; now when left out. */
  last_heartbeat_at?: string;
}

/** Params of `registry.list`. */
export interface RegistryListParams {
  /** The folder of the registry, below the root; `registry` there when left out. */
  registry_path?: string | null;
}

/** Params of `registry.heartbeat` and `registry.unregister`. */
export interface RegistryNameParams {
  /** The agent. */
  name: string;
  /** The folder of the registry, below the root; `registry` there when left out. */
  registry_path?: string | null;
}

/** Params of `registry.reap`. */
export interface RegistryReapParams {
  /** For how many seconds an agent may not be heard of; 60 when left out. */
  max_age_secs?: number | null;
  /** The folder of the registry, below the root; `registry` there when left out. */
  registry_path?: string | null;
}

/** Result of `registry.heartbeat`. */
export interface RegistryRefreshed {
  /** Whether it was there. */
  refreshed: boolean;
}

/** Params of `registry.register`. */
export interface RegistryRegisterParams {
  /** The agent. */
  entry: RegistryEntry;
  /** The folder of the registry, below the root; `registry` there when left out. */
  registry_path?: string | null;
}

/** What an agent in the registry is doing. */
export type RegistryStatus =
  /** Working. */
  | "running"
  /** Nothing. */
  | "idle"
  /** It failed. */
  | "errored"
  /** About to end. */
  | "stopping";

/** A skill that works again, maybe. */
export interface RepairedSkill {
  /** The code that it has now. */
  code: string;
}

/** Names an act. */
export interface RequestOutcomeParams {
  /** The key: 1 to 128 bytes. It is one of the caller's identity, whatever connection used it. */
  key: string;
}

/** What became of an act. */
export interface RequestOutcomeReport {
  /** The key. */
  key: string;
  /** What is known. */
  status: RequestOutcomeStatus;
  /** The method. There unless the status is `not_seen`. */
  method?: string;
  /** When it was taken on. There unless the status is `not_seen`. */
  begun_at?: Timestamp;
  /** When it ended, or was found to be cut. */
  ended_at?: Timestamp;
  /** Whether `result` or `error` is there. With `done` and `failed` only; one that is too large, or has a secret among its members, is not kept. */
  result_kept?: boolean;
  /** The result, as it was answered. */
  result?: unknown;
  /** The error, as it was answered. */
  error?: RpcError;
  /** Every key that this identity has used since is known. */
  known_since: Timestamp;
}

/** What is known of an act. */
export type RequestOutcomeStatus =
  /** The key is not known. If it was used after `known_since`, nothing has happened, and the act may be asked for again. */
  | "not_seen"
  /** It is under way, or waits for a person. */
  | "running"
  /** It has ended with a result. */
  | "done"
  /** It has ended with an error. */
  | "failed"
  /** It began and was cut, by the end of its session or of the daemon: nobody knows how far it came. It does not run again under this key. */
  | "unknown";

/** The payload of an `approval.resolve_requested` event. */
export interface ResolveRequested {
  /** The approval. */
  approval_id: string;
  /** What somebody would like it to become. */
  resolution: string;
  /** Who. */
  requesting_client_id: string;
  /** Whose it is. */
  owner_client_id: string;
}

/** Result of `results.read`. */
export interface ResultChunk {
  /** The result that it is a part of. */
  handle: ResultHandle;
  /** The first byte. */
  offset: number;
  /** How many bytes `data` stands for. */
  length: number;
  /** How they stand there. */
  encoding: ResultEncoding;
  /** The bytes. */
  data: string;
  /** Where the next part begins; left out at the end. */
  next_offset?: number;
}

/** How bytes stand in JSON. */
export type ResultEncoding =
  /** As they are: they are UTF-8. A character is never cut, so there may be up to 3 bytes fewer than asked for. */
  | "text"
  /** As base64 with padding. */
  | "base64";

/** What stands for a result that is too big to be carried. */
export interface ResultHandle {
  /** SHA-256 of the stored bytes, as 64 hex digits. */
  sha256: string;
  /** How many there are. */
  bytes: number;
  /** `text/plain; charset=utf-8` for a string, whose bytes are its own; `application/json` for everything else; of what came along in a chat, what its sender said. */
  media_type: string;
  /** Until when it is kept, unless others need the room before. */
  expires_at: Timestamp;
}

/** What names a stored result: a handle, of which only `sha256` must be there and is looked at. */
export interface ResultHandleName {
  /** SHA-256 of the stored bytes, as 64 hex digits. */
  sha256: string;
  /** As it was given. */
  bytes?: number | null;
  /** As it was given. */
  media_type?: string | null;
  /** As it was given. */
  expires_at?: string | null;
}

/** Params of `results.read`. */
export interface ResultsReadParams {
  /** The handle, as it was given; only its `sha256` is looked at. */
  handle: ResultHandleName;
  /** The first byte, from 0; 0 when left out. */
  offset?: number | null;
  /** How many bytes at most: 1 to 1,048,576; 262,144 when left out. */
  length?: number | null;
  /** How the bytes are to come; as text where they are text, when left out. */
  encoding?: ResultEncoding | null;
}

/** The secret with which a session is resumed. Never printed. */
export type ResumeToken = string;

/** A stream of a session that was resumed. */
export interface ResumedStream {
  /** Its name. */
  stream: string;
  /** The place after which it goes on. Left out where it does not. */
  from?: EventCursor;
  /** The place of its newest event. */
  head: EventCursor;
  /** The place that was asked for leads nowhere any more, and the stream is not fed: `events.subscribe` begins anew. This is the place before the oldest event that is kept; where a pattern covers the stream, `from` is the same place, and the stream begins anew by itself. */
  resync_required?: EventCursor;
}

/** The `error` member of a response. */
export interface RpcError {
  /** The class of what happened: one of those listed under `code`, or a number of the peer. */
  code: number;
  /** What happened, for a person. Lower case, without a full stop. */
  message: string;
  /** What happened, for a program. */
  data?: ErrorData;
}

/** What becomes of a call. */
export type RuleDecision =
  /** It runs. */
  | "allow"
  /** A person is asked. */
  | "ask"
  /** It is refused, and nobody is asked. */
  | "deny";

/** One rule. */
export interface RuleInfo {
  /** Its name. */
  rule: string;
  /** Its file. */
  file: string;
  /** The line that it begins on. */
  line: number;
  /** What it says. */
  decision: RuleDecision;
  /** Why, for a person. */
  reason?: string;
  /** How long a person has, in milliseconds. */
  timeout_ms?: number;
  /** How many methods it can match. */
  methods: number;
  /** Whether it can match calls of tools. */
  tools: boolean;
}

/** What is wrong with a file. */
export interface RuleProblem {
  /** The file; left out where the folder cannot be read. */
  file?: string;
  /** The line. */
  line?: number;
  /** What. */
  reason: string;
}

/** Where an agent may connect to over TCP. */
export type SandboxNetwork =
  /** Everywhere. */
  | "any"
  /** To the daemon. */
  | "daemon";

/** Which part of which conversation a turn is, so that it is kept once however often it is told. */
export interface SegmentKey {
  /** The conversation: `meeting/<id>`, `voice/<id>`. */
  conversation: string;
  /** Whose audio it was: `mic`, `system`. Segments of two sources are never the same. */
  source: string;
  /** The part of that source. */
  segment: string;
  /**
   * Counts its corrections, from 0.
   *
   * `0` when left out.
   */
  revision?: number;
}

/** Which part of which conversation a turn is, so that it is kept once however often it is told. */
export interface SegmentKeyOutput {
  /** The conversation: `meeting/<id>`, `voice/<id>`. */
  conversation: string;
  /** Whose audio it was: `mic`, `system`. Segments of two sources are never the same. */
  source: string;
  /** The part of that source. */
  segment: string;
  /** Counts its corrections, from 0. */
  revision: number;
}

/** Result of `server.status`. */
export interface ServerStatus {
  /** The daemon's version. */
  version: string;
  /** Its process. */
  pid: number;
  /** When it started. */
  started_at: Timestamp;
  /** How long ago, in milliseconds. */
  uptime_ms: number;
  /** Open connections. */
  connections: number;
  /** Live sessions. */
  sessions: number;
  /** Requests under way, over all sessions. */
  requests_in_flight: number;
  /** Callbacks that wait for a client, over all sessions. */
  callbacks_open: number;
  /** Approvals that wait for a person. */
  approvals_pending: number;
  /** Host agents that are registered. */
  host_agents: number;
  /** Event streams with something in them. */
  streams: number;
  /** Whether the daemon is draining. */
  shutting_down: boolean;
}

/** Params of `session.auth`. */
export interface SessionAuthParams {
  /** The client token, or the agent's own where `agent_id` is given. */
  token?: string | null;
  /** The host token: gives the host role. */
  host_token?: string | null;
  /** Binds the session to this agent. */
  agent_id?: string | null;
  /** The memory that the session uses from now on, 1 to 128 bytes; without it an agent's own, and else the one that all share. */
  memory_namespace?: string | null;
  /** Keeps the session when its connection is lost, for as long as `grace_ms` says, and gives a token to resume it with. */
  resume?: boolean | null;
  /** How long the session is to stay without a connection, in milliseconds: at most what the daemon allows, which is also what counts when left out. */
  grace_ms?: number | null;
}

/** Result of `session.auth`. */
export interface SessionAuthenticated {
  /** Always `true`; a wrong token is an error. */
  ok: boolean;
  /** Whether the daemon asks for tokens at all. */
  auth_enabled: boolean;
  /** The role that the credential gives. */
  role: SessionRole;
  /** The agent that the session is bound to. */
  agent_id?: string;
  /** The token to resume the session with, where that was asked for. */
  resume_token?: ResumeToken;
  /** How long the session stays without a connection, in milliseconds, where that was asked for. */
  grace_ms?: number;
}

/** Params of `session.closing`. */
export interface SessionClosingParams {
  /** A stable name: `shutting_down`, `auth_timeout`, `fenced`, `overloaded`. */
  reason: string;
  /** The same for a person. */
  message: string;
}

/** An event of a session: what its proposals and their actions do. */
export interface SessionEvent {
  /** What happened. */
  kind: string;
  /** When. */
  timestamp: Timestamp;
  /** The action that it concerns. */
  action_id?: string;
  /** The proposal that it concerns. */
  proposal_id?: string;
  /** The rest. */
  data: { [key: string]: unknown };
  /** The stream. */
  stream: string;
  /** Its epoch. */
  epoch: number;
  /** The event's number in the stream. */
  seq: number;
}

/** Params of `session.init`. */
export interface SessionInitParams {
  /** A name of the client's choice; recorded, not used. */
  client_id?: string | null;
  /** Tools as for `tools.register`. */
  tools?: ToolDefinition[] | null;
  /** Policies as for `policy.register`. */
  policies?: PolicyDefinition[] | null;
  /** The same as in `session.auth`. */
  memory_namespace?: string | null;
  /** Keeps the session when its connection is lost, for as long as `grace_ms` says, and gives a token to resume it with. */
  resume?: boolean | null;
  /** How long the session is to stay without a connection, in milliseconds: at most what the daemon allows, which is also what counts when left out. */
  grace_ms?: number | null;
}

/** Result of `session.init`. */
export interface SessionInitialized {
  /** The session's id, chosen by the daemon. */
  session_id: string;
  /** How many tools were registered. */
  tools_registered: number;
  /** How many policies were registered. */
  policies_registered: number;
  /** The policies that were not, because their rule is unknown or incomplete. */
  policies_skipped?: SkippedPolicy[];
  /** The token to resume the session with, where that was asked for. */
  resume_token?: ResumeToken;
  /** How long the session stays without a connection, in milliseconds, where that was asked for. */
  grace_ms?: number;
}

/** An attempt of a client to come back. */
export interface SessionResumeAttempt {
  /** What tells this run of a program apart from others that may have the token, for example a random number. 64 bytes at most. */
  client: string;
  /** Counts its attempts upwards. */
  number: number;
}

/** Params of `session.resume`. */
export interface SessionResumeParams {
  /** The newest token that the client has. */
  token: ResumeToken;
  /** The last event that the client has of each stream that it subscribes to. A stream that is not named goes on after what was written to the connection that is lost. */
  seen?: { [key: string]: EventCursor } | null;
  /** The ids of the requests that the client waits for: only their replies are told. Without it, every reply that is not known to have arrived. 4,096 at most. */
  waiting?: unknown[] | null;
  /** How long the session is to stay without a connection from now on, in milliseconds; as before when left out. */
  grace_ms?: number | null;
  /** Which attempt of the client this is. One that comes after a later one of the same client, because it was still on its way when its connection was lost, is refused with `fenced` and changes nothing. */
  attempt?: SessionResumeAttempt | null;
}

/** Result of `session.resume`. */
export interface SessionResumed {
  /** The session, which is the same as before. */
  session_id: string;
  /** Its role. */
  role: SessionRole;
  /** The token for the next time. The one that was presented stays good until this one is used. */
  resume_token: ResumeToken;
  /** How long the session stays without a connection, in milliseconds. */
  grace_ms: number;
  /** Whether the daemon was started anew meanwhile. */
  restarted: boolean;
  /** What is there as before: `tools`, `policies`, `policy_scopes`, `state`, `subscriptions`, `memory`, `agents`, `requests`, `callbacks`; `approvals` where any are open. */
  restored: string[];
  /** What is gone, by the same names. */
  lost?: string[];
  /** The streams that the session subscribes to, by name. */
  streams: ResumedStream[];
  /** Replies that were missed, whole, in the order in which they were given. */
  replies: unknown[];
  /** The requests that are under way: they are answered on this connection. With `waiting`, those of them. */
  running: unknown[];
  /** Those of `waiting` that were answered and whose reply is not kept any more. They took effect. */
  replies_lost?: unknown[];
  /** Those of `waiting` that never arrived: sending them again does nothing twice. */
  not_seen?: unknown[];
  /** Those of `waiting` that are from before the session could be resumed, or too long ago to say anything of them. */
  unknown?: unknown[];
  /** The callbacks that are open, oldest first. */
  callbacks: OpenCallback[];
  /** What the session has asked people and nobody has decided, oldest first. A call that is sent again after a restart goes on with its question. */
  approvals?: OpenApproval[];
}

/** What a session may do beyond its own. */
export type SessionRole =
  /** A client: its own session. */
  | "client"
  /** A host: decides approvals and reads all streams. */
  | "host"
  /** An agent: what a client may, under its own name. */
  | "agent";

/** One option of the configuration. */
export interface SettingInEffect {
  /** Its name, as in the configuration reference. */
  name: string;
  /** Its value; `"(hidden)"` where the value is a secret. */
  value: unknown;
  /** Where that comes from: a flag, a variable, a file with its line, or `default`. */
  origin: string;
}

/** One action of a simulation. */
export interface SimulatedStep {
  /** The action; `actions[N]` where it has no id. */
  action_id: string;
  /** What it writes. */
  writes: { [key: string]: unknown };
  /** Those of the keys in `writes` whose value hangs on what an action gives: what stands there is how it was written down. */
  unknown?: string[];
  /** The state after it. */
  state?: { [key: string]: unknown };
}

/** Result of `simulate`. */
export interface Simulation {
  /** Whether no issue is an error. */
  valid: boolean;
  /** What was found, as by `verify`. */
  issues: Issue[];
  /** The actions in an order in which they may run: each after what it depends on, and otherwise in that of the proposal. */
  steps: SimulatedStep[];
  /** The state after all of them. */
  simulated_state: { [key: string]: unknown };
  /** Whether the states of later steps were left out, because all of them together would be more than 4 MiB. What each step writes is always there. */
  truncated?: boolean;
}

/** Params of `skill.find`. What is left out or empty says nothing; when all is, every skill fits. */
export interface SkillFindParams {
  /** Who asks. */
  persona?: string | null;
  /** Where it is to be done. */
  url?: string | null;
  /** What is to be done: its first 1,024 bytes are looked at. */
  task?: string | null;
  /** How many skills at most: up to 100; 1 when left out. */
  max_results?: number | null;
}

/** Params of `skill.ingest`. */
export interface SkillIngestParams {
  /** What it is called: 1,024 bytes at most. */
  name: string;
  /** What is to be done: 64 KiB at most. */
  code: string;
  /** What runs the code; `unknown` when left out. */
  platform?: string | null;
  /** Who it is for; anybody when left out or empty. */
  persona?: string | null;
  /** Where it is for: a part of the address, or a pattern of the whole with `*` for anything; anywhere when left out or empty. */
  url_pattern?: string | null;
  /** What it does. */
  description?: string | null;
  /** The skill whose place it takes. That one stays for repairs, and is not found any more. A name that nothing has means none. */
  supersedes?: string | null;
  /** Words of the tasks that it is for: 32 at most. */
  task_keywords?: string[];
}

/** A skill, with what triggers it and how it went. */
export interface SkillMeta {
  /** What it is called. */
  name: string;
  /** What is to be done. */
  code: string;
  /** What runs the code. */
  platform: string;
  /** What it does. */
  description: string;
  /** What it is for. */
  trigger: SkillTriggerOutput;
  /** Which domain it is for. */
  scope: SkillScope;
  /** When it applies, in words. */
  when_to_apply: string;
  /** How it went. */
  stats: SkillStats;
  /** Counts its codes, from 1, with those of the skills whose place it took. */
  version: number;
  /** When its code was learnt. */
  at: Timestamp;
  /** What kind of experience it comes from; left out where it was taught. */
  source?: LessonSource;
  /** The skill whose place it took. */
  supersedes?: string;
  /** Whether another took its place. */
  deprecated?: boolean;
}

/** Names a skill. */
export interface SkillNameParams {
  /** The skill. */
  skill_name: string;
}

/** Params of `skill.report`. */
export interface SkillReportParams {
  /** The skill. */
  skill_name: string;
  /** `success`; everything else is a failure. */
  outcome: string;
}

/** Which domain a skill is for. */
export type SkillScope = "global" | { domain: string };

/** How a skill went. */
export interface SkillStats {
  /** How often it worked. */
  success_count: number;
  /** How often it did not. */
  fail_count: number;
  /** Whether it failed so often that it is not found: more than two times more often than it worked. */
  degraded: boolean;
  /** Whether a repair was tried since it is degraded, and there was no better code. */
  broken_for_repair: boolean;
}

/** What a skill is for. An empty text is for anything. */
export interface SkillTrigger {
  /**
   * Who.
   *
   * `""` when left out.
   */
  persona?: string;
  /**
   * Where: a part of the address, or a pattern of the whole with `*` for anything.
   *
   * `""` when left out.
   */
  url_pattern?: string;
  /**
   * Words of the tasks.
   *
   * `[]` when left out.
   */
  task_keywords?: string[];
  /** What else the caller keeps of it: 16 KiB at most. Nothing is found by it. */
  structured?: unknown;
}

/** What a skill is for. An empty text is for anything. */
export interface SkillTriggerOutput {
  /** Who. */
  persona: string;
  /** Where: a part of the address, or a pattern of the whole with `*` for anything. */
  url_pattern: string;
  /** Words of the tasks. */
  task_keywords: string[];
  /** What else the caller keeps of it: 16 KiB at most. Nothing is found by it. */
  structured?: unknown;
}

/** Params of `skills.evolve`. */
export interface SkillsEvolveParams {
  /** The domain. Events that name another one are left out. */
  domain: string;
  /** What happened, in order; nothing when left out. */
  events?: TraceEvent[];
}

/** Params of `skills.list`. */
export interface SkillsListParams {
  /** Only skills for this domain or for all of them; all skills when left out. */
  domain?: string | null;
  /** Whether skills are wanted, too, that another took the place of. */
  deprecated?: boolean | null;
}

/** Params of `skills.domains_needing_evolution`. */
export interface SkillsThresholdParams {
  /** How many of the reports must say that it worked, of 1; 0.6 when left out. */
  threshold?: number | null;
}

/** A policy that `session.init` could not register. */
export interface SkippedPolicy {
  /** Its name. */
  name: string;
  /** Why. */
  reason: string;
}

/** Result of `state.clear`. */
export interface StateCleared {
  /** How many keys were removed. */
  removed: number;
}

/** Names a key. */
export interface StateKeyParams {
  /** The key: 1 to 1,024 bytes. */
  key: string;
  /** The tenant; without one, the session's common keys. */
  tenant_id?: string | null;
}

/** Names a tenant. */
export interface StateScopeParams {
  /** The tenant; without one, the session's common keys. */
  tenant_id?: string | null;
}

/** Params of `state.set`. */
export interface StateSetParams {
  /** The key: 1 to 1,024 bytes. */
  key: string;
  /** The value; `null` when left out. */
  value?: unknown;
  /** The tenant; without one, the session's common keys. */
  tenant_id?: string | null;
}

/** Where the daemon keeps its files. */
export interface StorageStatus {
  /** The folder. */
  path: string;
  /** The files of the database that are there. */
  files: StoredFile[];
  /** Bytes that the daemon's user may still write to the file system, where the system tells. */
  free_bytes?: number;
}

/** One file of the database. */
export interface StoredFile {
  /** Its name. */
  name: string;
  /** Its size. */
  bytes: number;
}

/** One stream of events. */
export interface StreamStatus {
  /** Its name. */
  stream: string;
  /** Changes when the stream begins anew. */
  epoch: number;
  /** The number of its newest event. */
  seq: number;
  /** Events that are kept. */
  events: number;
  /** Their bytes. */
  bytes: number;
}

/** Params of the methods that are about one agent. */
export interface SupervisedAgentParams {
  /** Its id. */
  id: string;
}

/** RFC 3339, UTC, with milliseconds. */
export type Timestamp = string;

/** A tool that a client offers. */
export interface ToolDefinition {
  /** 1 to 128 bytes. */
  name: string;
  /**
   * What it does, for a model.
   *
   * `""` when left out.
   */
  description?: string;
  /** JSON Schema of its parameters; `{}` or `null` takes anything. */
  parameters?: unknown;
  /** JSON Schema of its result. */
  returns?: unknown;
  /**
   * Whether running it twice is the same as once.
   *
   * `false` when left out.
   */
  idempotent?: boolean;
  /** How long a result may be reused for the same parameters, in seconds. */
  cache_ttl_secs?: number | null;
  /** How often it may be called. */
  rate_limit?: ToolRateLimit | null;
  /** How many calls of it may run at the same time, over all proposals of the session; at least 1. */
  max_concurrency?: number | null;
  /** How long it may be silent, in milliseconds, where the action says nothing; as long as it has time when left out. */
  idle_timeout_ms?: number | null;
}

/** A tool that a client offers. */
export interface ToolDefinitionOutput {
  /** 1 to 128 bytes. */
  name: string;
  /** What it does, for a model. */
  description: string;
  /** JSON Schema of its parameters; `{}` or `null` takes anything. */
  parameters: unknown;
  /** JSON Schema of its result. */
  returns?: unknown;
  /** Whether running it twice is the same as once. */
  idempotent: boolean;
  /** How long a result may be reused for the same parameters, in seconds. */
  cache_ttl_secs?: number;
  /** How often it may be called. */
  rate_limit?: ToolRateLimit;
  /** How many calls of it may run at the same time, over all proposals of the session; at least 1. */
  max_concurrency?: number;
  /** How long it may be silent, in milliseconds, where the action says nothing; as long as it has time when left out. */
  idle_timeout_ms?: number;
}

/** Result of `tools.list`. */
export interface ToolList {
  /** By name. */
  tools: ToolDefinitionOutput[];
}

/** So many calls in so much time. */
export interface ToolRateLimit {
  /** Calls. */
  max_calls: number;
  /** Seconds; more than 0. */
  interval_secs: number;
}

/** Params of `tools.cancel`. */
export interface ToolsCancelParams {
  /** The `request_id` of the `tools.execute`. */
  request_id: string;
  /** Why: `timeout`, `idle`, `cancelled`. */
  reason: string;
}

/** Params of `tools.execute`. */
export interface ToolsExecuteParams {
  /** The action of the proposal. */
  action_id: string;
  /** The tool's name. */
  tool: string;
  /** Its parameters. */
  parameters: unknown;
  /** The time left for this attempt, in milliseconds. */
  timeout_ms: number | null;
  /** 1 for the first attempt. */
  attempt: number;
  /** The id of this request, as named by `tools.cancel`. */
  request_id: string;
  /** The session that the proposal runs in. */
  session_id: string;
  /** The proposal. */
  proposal_id?: string;
  /** How long it may be silent, in milliseconds; `tools.progress` begins that time anew. */
  idle_timeout_ms?: number;
  /** Whether it undoes the action. */
  compensation?: boolean;
  /** How often this request has been sent, where that is more than once: again on each connection that resumes the session, under the same `request_id`. */
  delivery?: number;
  /** What belongs to the call and not to the tool. */
  _meta?: CallbackMeta;
}

/** Params of `tools.progress`. */
export interface ToolsProgressParams {
  /** The `request_id` of the `tools.execute`. */
  request_id: string;
  /** How much is done. */
  progress: number;
  /** How much there is in all. */
  total?: number | null;
  /** For a person; cut to 1,024 bytes. */
  message?: string | null;
  /** A part of the result; left out of the events when it has more than 65,536 bytes. */
  partial?: unknown;
}

/** Result of `tools.progress`. */
export interface ToolsProgressed {
  /** Whether the call is open and the caller's. */
  taken: boolean;
}

/** Params of `tools.unregister`. */
export interface ToolsUnregisterParams {
  /** The tool's name. */
  name: string;
}

/** Something that happened while an action was executed. Other members are ignored. */
export interface TraceEvent {
  /** `action_succeeded` or `action_failed`; nothing is learnt from others. */
  kind: string;
  /** The action. */
  action_id?: string | null;
  /** The tool that was called. */
  tool?: string | null;
  /** What is known of it. Looked at are the texts `task`, `domain` and `error`, and `parameters`. */
  data?: unknown;
  /** How good it was, of 1. What worked with less than 0.5 is nothing to learn from. */
  reward?: number | null;
}

/** Events by name: params of `skills.distill`, which may be the bare list. */
export interface TraceEvents {
  /** What happened, in order. */
  events: TraceEvent[];
}

/** A bare list, or an object that has it as a member. Read by its form, so that what is wrong is named. */
export type TraceEventsOrList = TraceEvents | TraceEvent[];

/** How far what a fact says may be taken for true. */
export type Trust =
  /** Said by the owner of the memory. */
  | "trusted"
  /** Said by others: a transcript, a peer, a page. A model is told so. */
  | "untrusted";

/** Result of `tools.unregister`. */
export interface Unregistered {
  /** 1 when it was there, else 0. */
  removed: number;
}

/** Result of `verify`. */
export interface Verification {
  /** Whether no issue is an error. */
  valid: boolean;
  /** What was found. */
  issues: Issue[];
  /** The state after all declared effects. */
  simulated_state: { [key: string]: unknown };
}

/** Params of `verify`. */
export interface VerifyParams {
  /** The proposal. */
  proposal: ActionProposal;
  /** The state to start from; the session's own when left out. */
  initial_state?: { [key: string]: unknown } | null;
  /** For whom it would run: the session's own state is that of this tenant. */
  scope?: ProposalScope | null;
}

/** Result of `voice.transcribe_stream.push` and `voice.playback`. */
export interface VoiceAccepted {
  /** Always `true`. */
  accepted: boolean;
}

/** Params of `voice.audio_refused`. */
export interface VoiceAudioRefusedParams {
  /** The stream, where the message could be read so far. */
  session_id?: string;
  /** The number of the message in the stream. */
  sequence?: number;
  /** `data.kind` of the error that a push would be refused with. */
  kind: string;
  /** Why, for a person. */
  message: string;
  /** How many were refused in a row by now. */
  refused: number;
}

/** Where audio comes from. */
export interface VoiceAudioSource {
  /** `pcm_push`: the client sends it. The daemon opens no device and no file itself, so `mic`, `system`, `file` and `fifo` are `unavailable`. */
  kind: string;
  /** Samples a second and channel, 4,000 to 384,000; 16,000 when left out. */
  sample_rate?: number | null;
  /** Interleaved channels, 1 to 8; 1 when left out. */
  channels?: number | null;
}

/** Params of `voice.cancel_turn`. */
export interface VoiceCancelTurnParams {
  /** Only this turn. */
  turn_id?: string | null;
}

/** Params of `voice.dispatch_turn`. */
export interface VoiceDispatchTurnParams {
  /** What was said; at most 1 MiB. */
  utterance: string;
  /** The `session_id` of the events: 1 to 128 letters, digits and `-_.:/` of ASCII; `voice-turn` when left out. */
  session_id?: string | null;
  /** Whatever the agents are to know beside it: they get it as the attachment `config_overlay`. */
  config_overlay?: unknown;
  /** How long the agent that takes its time may take, 1 to 600,000; 30,000 when left out. */
  sidecar_timeout_ms?: number | null;
  /** The agent that answers at once; the first of the option `voice.agents` when left out. */
  fast_agent?: string | null;
  /** The agent that takes its time; the second of the option `voice.agents` when left out. */
  sidecar_agent?: string | null;
}

/** Something was heard. */
export type VoiceEvent = { type: "speech_start"; at_ms: number } | { type: "speech_end"; at_ms: number } | { type: "barge_in"; at_ms: number } | { type: "partial" } & VoiceUtterance | { type: "transcript" } & VoiceUtterance | { type: "audio_chunk"; sample_rate: number; frame_count: number; missing?: number } | { type: "voice.turn.fast_delta"; turn_id: string; text: string } | { type: "voice.turn.fast_done"; turn_id: string; text: string; last?: boolean } | { type: "voice.turn.bridge"; turn_id: string; kind: string; phrase: string } | { type: "voice.turn.sidecar"; turn_id: string; text: string; last?: boolean } | { type: "voice.turn.error"; turn_id: string; error: string; track: string; last?: boolean } | { type: "voice.turn.cancelled"; turn_id: string } | { type: "done"; outcome: VoiceStreamOutcome; message?: string };

/** Params of `voice.event`. */
export interface VoiceEventParams {
  /** The stream of audio. */
  session_id: string;
  /** What was heard. */
  event: VoiceEvent;
  /** The stream of events: `voice/`, the session, `/` and the stream of audio. */
  stream: string;
  /** Its epoch. */
  epoch: number;
  /** The event's number in the stream. */
  seq: number;
}

/** Params of `voice.playback`. */
export interface VoicePlaybackParams {
  /** The stream. */
  session_id: string;
  /** Whether the client plays speech from now on. */
  playing: boolean;
}

/** A recogniser. */
export interface VoiceProvider {
  /** What `options.provider` calls it. */
  id: string;
  /** `stt`. */
  kind: string;
  /** Whether a stream can have it now. */
  available: boolean;
  /** What it is, or how to get it. */
  description: string;
}

/** Params of `voice.transcribe_stream.push`. */
export interface VoicePushParams {
  /** The stream. */
  session_id: string;
  /** Whole samples of 16-bit signed little-endian PCM as base64, 1 MiB at most. */
  pcm_b64: string;
  /** Its number, from 0; without one it follows what came last. What is missing is waited for, for half a second. */
  sequence?: number | null;
}

/** A stream of audio that has not ended. */
export interface VoiceSession {
  /** Its id. */
  session_id: string;
  /** The session that owns it. */
  owner: string;
  /** Its events. */
  stream: string;
  /** Since when it is there. */
  started_at: Timestamp;
  /** Samples a second and channel. */
  sample_rate: number;
  /** Channels. */
  channels: number;
  /** The recogniser that hears it. */
  provider?: string;
  /** Bytes of audio that were taken. */
  bytes: number;
  /** How often audio was refused because too much waited. */
  refused: number;
}

/** Result of `voice.sessions.list`. */
export interface VoiceSessions {
  /** Their ids, in order. */
  sessions: string[];
  /** What is known of each, in the same order. */
  details: VoiceSession[];
}

/** What a stream is asked for. */
export interface VoiceStartOptions {
  /** The recogniser, by the id that `voice.providers.list` gives it; the first that is available when left out, and for `local`. */
  provider?: string | null;
  /** Which of the recogniser's models. */
  model?: string | null;
  /** The language that is spoken, as a BCP 47 tag. */
  language?: string | null;
  /** Whether each piece of audio is told as `audio_chunk`. */
  emit_audio_meta?: boolean | null;
}

/** Params of `voice.transcribe_stream.start`. */
export interface VoiceStartParams {
  /** The id that the stream is to have in the caller's session: 1 to 128 letters, digits and `-_.:/` of ASCII. */
  session_id: string;
  /** Where its audio comes from. */
  audio_source: VoiceAudioSource;
  /** What else is wanted. */
  options?: VoiceStartOptions | null;
}

/** Result of `voice.transcribe_stream.start`. */
export interface VoiceStarted {
  /** The stream's id. */
  session_id: string;
  /** Its events: `voice/`, the session, `/` and the id. */
  stream: string;
  /** The epoch of that. */
  epoch: number;
  /** The number after which its events begin. */
  seq: number;
  /** The recogniser that hears it. Without one, speech is noticed but not turned into text. */
  provider?: string;
  /** Where there is none: the recognisers that there could be, and how to get them. */
  providers?: VoiceProvider[];
}

/** Params of `voice.transcribe_stream.stop`. */
export interface VoiceStopParams {
  /** The stream. */
  session_id: string;
}

/** Result of `voice.transcribe_stream.stop`. */
export interface VoiceStopped {
  /** The stream. */
  session_id: string;
  /** Always `true`. */
  stopped: boolean;
  /** The epoch of its events. */
  epoch: number;
  /** The number of the last one. */
  seq: number;
}

/** Why a stream is over. */
export type VoiceStreamOutcome =
  /** It was stopped. */
  | "stopped"
  /** Nobody could feed or stop it any more. */
  | "abandoned"
  /** Its session ended, or was without a connection for too long. */
  | "owner_lost"
  /** It lasted as long as a stream may. */
  | "too_long"
  /** The recogniser failed, or the audio could not be read. */
  | "failed"
  /** It was ended together with the daemon. */
  | "aborted";

/** Result of `voice.cancel_turn`. */
export interface VoiceTurnCancelled {
  /** Always `true`: no turn is left. */
  cancelled: boolean;
  /** The turn that was cancelled; left out where none ran. */
  turn_id?: string;
}

/** Result of `voice.dispatch_turn`. */
export interface VoiceTurnDispatched {
  /** The turn. */
  turn_id: string;
  /** Who answers. */
  tracks: VoiceTurnTrack[];
  /** Its events: `voice/`, the session, `/` and the `session_id`. */
  stream: string;
  /** The epoch of that. */
  epoch: number;
  /** The number after which its events begin. */
  seq: number;
}

/** Result of `voice.prewarm_turn`. */
export interface VoiceTurnPrewarmed {
  /** Always `true`: there is nothing more to do before a turn. */
  prewarmed: boolean;
  /** The agents of the option `voice.agents`. */
  tracks: VoiceTurnTrack[];
}

/** Somebody who answers. */
export interface VoiceTurnTrack {
  /** `fast` or `sidecar`. */
  track: string;
  /** The agent. */
  agent_id: string;
  /** Whether the agent is there. */
  available: boolean;
}

/** Words, and where they were said. */
export interface VoiceUtterance {
  /** The words. */
  text: string;
  /** How long they took. */
  duration_ms: number;
  /** Who spoke: `enrolled_user`, `other:<id>`, `unknown`, or what the source is called. */
  role: string;
  /** Which part of the stream it is; unique in the stream. */
  segment_id: string;
  /** Counts the corrections of the segment, from 0. */
  revision: number;
  /** Where it begins. */
  start_ms: number;
  /** Where it ends. */
  end_ms: number;
  /** The language, where the recogniser tells. */
  language?: string;
  /** How sure the recogniser is, from 0 to 1, where it tells. */
  confidence?: number;
}
