// Examples of all messages: each filled, with every member, and minimal, with those that must be there.
// Generated from crates/car-protocol; `cargo xtask codegen` writes it.

import type { Callbacks, Methods, Notifications } from "./car";

type Examples<Table> = { [Name in keyof Table]: Table[Name][] };

export const methods: Examples<Methods> = {
  "session.auth": [
    {"params":{"token":"pN0s…","host_token":"kQ7x…","agent_id":"planner","memory_namespace":"harbour-project","resume":true,"grace_ms":60000},"result":{"ok":true,"auth_enabled":true,"role":"host","agent_id":"planner","resume_token":"6f1d0c4b92ae.8c…","grace_ms":60000}},
    {"params":{},"result":{"ok":true,"auth_enabled":false,"role":"client"}},
  ],
  "session.init": [
    {"params":{"client_id":"notebook","tools":[{"name":"weather","description":"The weather of a city","parameters":{"properties":{"city":{"type":"string"}},"required":["city"],"type":"object"},"returns":{"type":"object"},"idempotent":true,"cache_ttl_secs":60,"rate_limit":{"max_calls":10,"interval_secs":1.5},"max_concurrency":4,"idle_timeout_ms":10000}],"policies":[{"name":"calm-city","rule":"deny_tool_param","target":"weather","key":"city","value":"Lisbon","pattern":"storm","tools":["weather","search"],"count":2,"window_ms":60000,"agent":"planner"}],"memory_namespace":"harbour-project","resume":true,"grace_ms":60000},"result":{"session_id":"6f1d0c4b92ae","tools_registered":1,"policies_registered":0,"policies_skipped":[{"name":"no-rm","reason":"unknown rule: deny_everything"}],"resume_token":"6f1d0c4b92ae.8c…","grace_ms":60000}},
    {"params":{},"result":{"session_id":"6f1d0c4b92ae","tools_registered":0,"policies_registered":0}},
  ],
  "session.resume": [
    {"params":{"token":"6f1d0c4b92ae.8c…","seen":{"host":{"epoch":3,"seq":41}},"waiting":[7,8,"nine",10,2],"grace_ms":60000,"attempt":{"client":"b1946ac92492d234","number":3}},"result":{"session_id":"6f1d0c4b92ae","role":"client","resume_token":"6f1d0c4b92ae.d1…","grace_ms":60000,"restarted":true,"restored":["tools","policies","subscriptions","approvals"],"lost":["policy_scopes","state","memory","agents","requests","callbacks"],"streams":[{"stream":"host","from":{"epoch":3,"seq":41},"head":{"epoch":3,"seq":44}},{"stream":"session/6f1d0c4b92ae","head":{"epoch":9,"seq":0},"resync_required":{"epoch":9,"seq":0}}],"replies":[{"jsonrpc":"2.0","result":null,"id":7}],"running":[8],"replies_lost":["nine"],"not_seen":[10],"unknown":[2],"callbacks":[{"request_id":"cb-5","method":"tools.execute","delivery":2,"delivered":true,"timeout_ms":29000}],"approvals":[{"approval_id":"approval-1f0c2a9b7e44","action":"ws.method:state.clear","digest":"0a3c1f5e7d9b2468ace013579bdf02468ace13579bdf02468ace13579bdf0246","expires_at":"2026-01-02T03:05:05.678Z"}]}},
    {"params":{"token":"6f1d0c4b92ae.8c…"},"result":{"session_id":"6f1d0c4b92ae","role":"client","resume_token":"6f1d0c4b92ae.d1…","grace_ms":120000,"restarted":false,"restored":[],"streams":[],"replies":[],"running":[],"callbacks":[]}},
  ],
  "session.close": [
    {"params":{},"result":{"ok":true}},
    {"params":{},"result":{"ok":true}},
  ],
  "session.policy.open": [
    {"params":{},"result":{"session_id":"0b5d8a52-7c1e-4f0a-9d53-2f8f6f0e7f11"}},
    {"params":{},"result":{"session_id":"0b5d8a52-7c1e-4f0a-9d53-2f8f6f0e7f11"}},
  ],
  "session.policy.close": [
    {"params":{"session_id":"0b5d8a52-7c1e-4f0a-9d53-2f8f6f0e7f11"},"result":{"closed":true}},
    {"params":{"session_id":"0b5d8a52-7c1e-4f0a-9d53-2f8f6f0e7f11"},"result":{"closed":false}},
  ],
  "server.handshake": [
    {"params":{"protocol_version":3,"client_name":"notebook","client_version":"1.4.0","required_capabilities":["tools.cancel"]},"result":{"protocol_version":3,"server_version":"0.1.0","client_protocol_version":3,"capabilities":["tools.cancel","events.query"]}},
    {"params":{"protocol_version":1},"result":{"protocol_version":1,"server_version":"0.1.0","client_protocol_version":1,"capabilities":["tools.cancel","events.query"]}},
  ],
  "server.status": [
    {"params":{},"result":{"version":"0.1.0","pid":4711,"started_at":"2026-01-02T03:04:05.678Z","uptime_ms":86400000,"connections":3,"sessions":3,"requests_in_flight":1,"callbacks_open":1,"approvals_pending":0,"host_agents":2,"streams":4,"shutting_down":false}},
    {"params":{},"result":{"version":"0.1.0","pid":4711,"started_at":"2026-01-02T03:04:05.678Z","uptime_ms":86400000,"connections":3,"sessions":3,"requests_in_flight":1,"callbacks_open":1,"approvals_pending":0,"host_agents":2,"streams":4,"shutting_down":false}},
  ],
  "server.shutdown": [
    {"params":{},"result":{"ok":true}},
    {"params":{},"result":{"ok":true}},
  ],
  "rpc.discover": [
    {"params":{},"result":{"openrpc":"1.4.1","info":{},"methods":[]}},
    {"params":{},"result":{"openrpc":"1.4.1","info":{},"methods":[]}},
  ],
  "diagnostics.snapshot": [
    {"params":{"limit":10},"result":{"at":"2026-01-03T03:04:05.678Z","versions":{"server":"0.1.0","protocol_min":1,"protocol_max":3,"os":"linux","arch":"x86_64"},"status":{"version":"0.1.0","pid":4711,"started_at":"2026-01-02T03:04:05.678Z","uptime_ms":86400000,"connections":3,"sessions":3,"requests_in_flight":1,"callbacks_open":1,"approvals_pending":0,"host_agents":2,"streams":4,"shutting_down":false},"process":{"pid":4711,"resident_bytes":18874368,"threads":4,"open_descriptors":17,"max_descriptors":8192},"settings":[{"name":"port","value":9200,"origin":"CAR_PORT"},{"name":"relay_token","value":"(hidden)","origin":"/home/ada/.car/car.toml:3"}],"queues":{"fast_frames":3,"fast_bytes":1024,"request_bytes":512,"subscriptions":2,"bulk_bytes":65536,"bulk_lag_events":120,"bulk_lag_most":118,"stalled_connections":1,"sessions_detached":1,"sessions_noted":0,"reply_bytes":2048},"memory":{"limit":67108864,"outboxes":67584,"rings":1048576,"given_back":2,"let_go":900,"evicted":30,"closed":1},"counters":{"connections_opened":12,"connections_ended":[{"name":"normal","count":9}],"resumes":[{"name":"resumed","count":2}],"http_refused":[{"name":"origin","count":1}],"requests":[{"name":"state.get ok","count":1000}],"errors":[{"name":"forbidden","count":2}],"events":[{"name":"host","count":40}],"events_refused":0,"events_skipped":7,"events_coalesced":60,"frames_dropped":0},"connections":[{"session_id":"6f1d0c4b92ae","role":"client","authenticated":true,"transport":"unix","peer":"unix uid 1000 pid 812","open_ms":86399000,"requests_in_flight":1,"callbacks_open":1,"queued_frames":3,"queued_bytes":1024,"subscriptions":1,"lag_events":118,"stalled_ms":2400}],"connections_omitted":2,"streams":[{"stream":"host","epoch":1767323045678,"seq":40,"events":40,"bytes":9120}],"streams_omitted":3,"storage":{"path":"/home/ada/.car","files":[{"name":"car.db","bytes":262144}],"free_bytes":53687091200},"notices":[{"at":"2026-01-03T03:00:00.000Z","level":"warn","target":"car_transport::accept","message":"there are as many connections as allowed; further clients wait listener=tcp limit=4096","count":3}]}},
    {"params":{},"result":{"at":"2026-01-02T03:04:05.678Z","versions":{"server":"0.1.0","protocol_min":1,"protocol_max":3,"os":"linux","arch":"x86_64"},"status":{"version":"0.1.0","pid":4711,"started_at":"2026-01-02T03:04:05.678Z","uptime_ms":86400000,"connections":3,"sessions":3,"requests_in_flight":1,"callbacks_open":1,"approvals_pending":0,"host_agents":2,"streams":4,"shutting_down":false},"process":{"pid":4711},"settings":[],"queues":{"fast_frames":0,"fast_bytes":0,"request_bytes":0,"subscriptions":0,"bulk_bytes":0,"bulk_lag_events":0,"bulk_lag_most":0,"stalled_connections":0,"sessions_detached":0,"sessions_noted":0,"reply_bytes":0},"memory":{"limit":67108864,"outboxes":0,"rings":0,"given_back":0,"let_go":0,"evicted":0,"closed":0},"counters":{"connections_opened":0,"connections_ended":[],"resumes":[],"http_refused":[],"requests":[],"errors":[],"events":[],"events_refused":0,"events_skipped":0,"events_coalesced":0,"frames_dropped":0},"connections":[],"connections_omitted":0,"streams":[],"streams_omitted":0,"storage":{"path":"/home/ada/.car","files":[]},"notices":[]}},
  ],
  "tools.register": [
    {"params":[{"name":"weather","description":"The weather of a city","parameters":{"properties":{"city":{"type":"string"}},"required":["city"],"type":"object"},"returns":{"type":"object"},"idempotent":true,"cache_ttl_secs":60,"rate_limit":{"max_calls":10,"interval_secs":1.5},"max_concurrency":4,"idle_timeout_ms":10000}],"result":1},
    {"params":[{"name":"weather"}],"result":1},
  ],
  "tools.list": [
    {"params":{},"result":{"tools":[{"name":"weather","description":"The weather of a city","parameters":{"properties":{"city":{"type":"string"}},"required":["city"],"type":"object"},"returns":{"type":"object"},"idempotent":true,"cache_ttl_secs":60,"rate_limit":{"max_calls":10,"interval_secs":1.5},"max_concurrency":4,"idle_timeout_ms":10000}]}},
    {"params":{},"result":{"tools":[{"name":"weather","description":"","parameters":null,"idempotent":false}]}},
  ],
  "tools.unregister": [
    {"params":{"name":"weather"},"result":{"removed":1}},
    {"params":{"name":"weather"},"result":{"removed":0}},
  ],
  "tools.progress": [
    {"params":{"request_id":"cb-7","progress":3.0,"total":12.0,"message":"the third of twelve stations","partial":{"stations":3}},"result":{"taken":true}},
    {"params":{"request_id":"cb-7","progress":0.5},"result":{"taken":false}},
  ],
  "proposal.submit": [
    {"params":{"proposal":{"id":"p1","source":"planner","actions":[{"id":"a1","type":"tool_call","tool":"weather","parameters":{"city":"Lisbon"},"preconditions":[{"key":"city","operator":"eq","value":"Lisbon","description":"the city was chosen"}],"expected_effects":{"forecast":"mild"},"state_dependencies":["city"],"dependencies":[],"idempotent":true,"max_retries":2,"failure_behavior":"retry","timeout_ms":30000,"idle_timeout_ms":5000,"compensation":{"tool":"forget","parameters":{"forecast":"$a1.output"},"timeout_ms":5000},"compensable":true,"metadata":{"why":"the trip"}}],"timestamp":"2026-01-02T03:04:05Z","context":{"goal":"plan a trip"},"timeout_ms":600000,"max_concurrency":8,"execution":"sequential","budget":{"max_actions":10,"max_tool_calls":5,"max_duration_ms":60000}},"session_id":"0b5d8a52-7c1e-4f0a-9d53-2f8f6f0e7f11","scope":{"callerId":"ada","tenantId":"acme","claims":{"team":"research"}},"stream":true},"result":{"proposal_id":"p1","results":[{"action_id":"a1","status":"succeeded","output":{"celsius":21.5},"state_changes":{"forecast":"mild"},"duration_ms":12.5,"timestamp":"2026-01-02T03:04:05.678Z","attempts":1},{"action_id":"a2","status":"rejected","error":"policy `two-trains`: `train` was called 2 times in 60000 ms","state_changes":{},"timestamp":"2026-01-02T03:04:05.679Z","attempts":0,"stored":true,"error_kind":"policy","violations":[{"policy":"two-trains","rule":"max_calls","level":"daemon","reason":"`train` was called 2 times in 60000 ms","retry_after_ms":1500}],"retry_after_ms":1500}],"cost":{"tool_calls":1,"actions_executed":2,"actions_skipped":0,"actions_rejected":1,"total_duration_ms":13.25,"retries":0},"outcome":"aborted","compensations":[{"action_id":"a1","tool":"forget","status":"succeeded","output":null,"error":"no such tool","duration_ms":3.5,"timestamp":"2026-01-02T03:04:05.680Z"}],"budget_exhausted":"max_tool_calls","run":{"stream":"run/6f1d0c4b92ae/p1","epoch":1,"seq":9}}},
    {"params":{"proposal":{"actions":[{"type":"tool_call"}]}},"result":{"proposal_id":"p1","results":[{"action_id":"a1","status":"skipped","state_changes":{},"timestamp":"2026-01-02T03:04:05.678Z","attempts":0}],"cost":{"tool_calls":1,"actions_executed":2,"actions_skipped":0,"actions_rejected":1,"total_duration_ms":13.25,"retries":0},"outcome":"completed"}},
  ],
  "proposal.cancel": [
    {"params":{"proposal_id":"p1","reason":"no longer needed","session_id":"6f1d0c4b92ae"},"result":{"proposal_id":"p1","cancelled":false,"outcome":"completed"}},
    {"params":{"proposal_id":"p1"},"result":{"proposal_id":"p1","cancelled":true}},
  ],
  "proposal.calls": [
    {"params":{"proposal_id":"p1","session_id":"6f1d0c4b92ae"},"result":{"proposal_id":"p1","running":false,"calls":[{"fence":7,"action_id":"a1","tool":"weather","attempt":1,"compensation":true,"began":"2026-01-02T03:04:05.678Z","lease_ms":30000,"state":"timed_out","duration_ms":30000.0,"late":{"timestamp":"2026-01-02T03:04:39.000Z","bytes":16,"result":{"celsius":21.5},"error":"the station is closed"}}]}},
    {"params":{"proposal_id":"p1"},"result":{"proposal_id":"p1","running":true,"calls":[]}},
  ],
  "results.read": [
    {"params":{"handle":{"sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","bytes":2097152,"media_type":"text/plain; charset=utf-8","expires_at":"2026-01-02T04:04:05.678Z"},"offset":0,"length":12,"encoding":"text"},"result":{"handle":{"sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","bytes":2097152,"media_type":"text/plain; charset=utf-8","expires_at":"2026-01-02T04:04:05.678Z"},"offset":0,"length":12,"encoding":"text","data":"Lisbon, 21 C","next_offset":12}},
    {"params":{"handle":{"sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}},"result":{"handle":{"sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","bytes":2097152,"media_type":"text/plain; charset=utf-8","expires_at":"2026-01-02T04:04:05.678Z"},"offset":2097152,"length":0,"encoding":"base64","data":""}},
  ],
  "policy.register": [
    {"params":{"name":"calm-city","rule":"deny_tool_param","target":"weather","key":"city","value":"Lisbon","pattern":"storm","tools":["weather","search"],"count":2,"window_ms":60000,"agent":"planner","session_id":"0b5d8a52-7c1e-4f0a-9d53-2f8f6f0e7f11","scope":"global"},"result":{"registered":"calm-city","scope":{"session_id":"0b5d8a52-7c1e-4f0a-9d53-2f8f6f0e7f11"},"level":"policy_scope"}},
    {"params":{"name":"no-shell","rule":"deny_tool"},"result":{"registered":"no-shell","scope":"global","level":"session"}},
  ],
  "policy.list": [
    {"params":{"session_id":"0b5d8a52-7c1e-4f0a-9d53-2f8f6f0e7f11","scope":"global"},"result":{"policies":[{"name":"calm-city","rule":"deny_tool_param","target":"weather","key":"city","value":"Lisbon","pattern":"storm","tools":["weather","search"],"count":2,"window_ms":60000,"agent":"planner"}]}},
    {"params":{},"result":{"policies":[{"name":"no-shell","rule":"deny_tool"}]}},
  ],
  "policy.unregister": [
    {"params":{"name":"calm-city","session_id":"0b5d8a52-7c1e-4f0a-9d53-2f8f6f0e7f11","scope":"global"},"result":{"removed":1}},
    {"params":{"name":"no-shell"},"result":{"removed":0}},
  ],
  "policy.explain": [
    {"params":{"action":{"id":"a1","type":"tool_call","tool":"weather","parameters":{"city":"Lisbon"},"preconditions":[{"key":"city","operator":"eq","value":"Lisbon","description":"the city was chosen"}],"expected_effects":{"forecast":"mild"},"state_dependencies":["city"],"dependencies":[],"idempotent":true,"max_retries":2,"failure_behavior":"retry","timeout_ms":30000,"idle_timeout_ms":5000,"compensation":{"tool":"forget","parameters":{"forecast":"$a1.output"},"timeout_ms":5000},"compensable":true,"metadata":{"why":"the trip"}},"session_id":"0b5d8a52-7c1e-4f0a-9d53-2f8f6f0e7f11","scope":{"callerId":"ada","tenantId":"acme","claims":{"team":"research"}}},"result":{"decision":"deny","decided_by":"two-a-minute","reason":"`weather` was called 2 times in 60000 ms","policies":[{"policy":"two-a-minute","rule":"max_calls","level":"session","finding":"denies","reason":"`weather` was called 2 times in 60000 ms","remaining":0,"retry_after_ms":1500}],"asked":3}},
    {"params":{"action":{"type":"tool_call"}},"result":{"decision":"allow","policies":[],"asked":0}},
  ],
  "verify": [
    {"params":{"proposal":{"id":"p1","source":"planner","actions":[{"id":"a1","type":"tool_call","tool":"weather","parameters":{"city":"Lisbon"},"preconditions":[{"key":"city","operator":"eq","value":"Lisbon","description":"the city was chosen"}],"expected_effects":{"forecast":"mild"},"state_dependencies":["city"],"dependencies":[],"idempotent":true,"max_retries":2,"failure_behavior":"retry","timeout_ms":30000,"idle_timeout_ms":5000,"compensation":{"tool":"forget","parameters":{"forecast":"$a1.output"},"timeout_ms":5000},"compensable":true,"metadata":{"why":"the trip"}}],"timestamp":"2026-01-02T03:04:05Z","context":{"goal":"plan a trip"},"timeout_ms":600000,"max_concurrency":8,"execution":"sequential","budget":{"max_actions":10,"max_tool_calls":5,"max_duration_ms":60000}},"initial_state":{"city":"Lisbon"},"scope":{"callerId":"ada","tenantId":"acme","claims":{"team":"research"}}},"result":{"valid":false,"issues":[{"action_id":"a1","severity":"error","message":"tool is not registered: weather"}],"simulated_state":{"city":"Lisbon","forecast":"mild"}}},
    {"params":{"proposal":{"actions":[{"type":"tool_call"}]}},"result":{"valid":true,"issues":[],"simulated_state":{}}},
  ],
  "simulate": [
    {"params":{"proposal":{"id":"p1","source":"planner","actions":[{"id":"a1","type":"tool_call","tool":"weather","parameters":{"city":"Lisbon"},"preconditions":[{"key":"city","operator":"eq","value":"Lisbon","description":"the city was chosen"}],"expected_effects":{"forecast":"mild"},"state_dependencies":["city"],"dependencies":[],"idempotent":true,"max_retries":2,"failure_behavior":"retry","timeout_ms":30000,"idle_timeout_ms":5000,"compensation":{"tool":"forget","parameters":{"forecast":"$a1.output"},"timeout_ms":5000},"compensable":true,"metadata":{"why":"the trip"}}],"timestamp":"2026-01-02T03:04:05Z","context":{"goal":"plan a trip"},"timeout_ms":600000,"max_concurrency":8,"execution":"sequential","budget":{"max_actions":10,"max_tool_calls":5,"max_duration_ms":60000}},"initial_state":{"city":"Lisbon"},"scope":{"callerId":"ada","tenantId":"acme","claims":{"team":"research"}}},"result":{"valid":false,"issues":[{"action_id":"a1","severity":"error","message":"tool is not registered: weather"}],"steps":[{"action_id":"a1","writes":{"forecast":"mild"},"unknown":["forecast"],"state":{"city":"Lisbon","forecast":"mild"}}],"simulated_state":{"city":"Lisbon","forecast":"mild"},"truncated":true}},
    {"params":{"proposal":{"actions":[{"type":"tool_call"}]}},"result":{"valid":true,"issues":[],"steps":[{"action_id":"a1","writes":{}}],"simulated_state":{}}},
  ],
  "state.get": [
    {"params":{"key":"greeting","tenant_id":"acme"},"result":"hello"},
    {"params":{"key":"greeting"},"result":null},
  ],
  "state.set": [
    {"params":{"key":"greeting","value":"hello","tenant_id":"acme"},"result":"ok"},
    {"params":{"key":"greeting"},"result":"ok"},
  ],
  "state.exists": [
    {"params":{"key":"greeting","tenant_id":"acme"},"result":true},
    {"params":{"key":"greeting"},"result":false},
  ],
  "state.keys": [
    {"params":{"tenant_id":"acme"},"result":["city","greeting"]},
    {"params":{},"result":[]},
  ],
  "state.snapshot": [
    {"params":{"tenant_id":"acme"},"result":{"city":"Lisbon"}},
    {"params":{},"result":{}},
  ],
  "state.delete": [
    {"params":{"key":"greeting","tenant_id":"acme"},"result":true},
    {"params":{"key":"greeting"},"result":false},
  ],
  "state.clear": [
    {"params":{"tenant_id":"acme"},"result":{"removed":2}},
    {"params":{},"result":{"removed":0}},
  ],
  "events.count": [
    {"params":{},"result":42},
    {"params":{},"result":0},
  ],
  "events.stats": [
    {"params":{},"result":{"events":42,"spans":0,"approxEventBytes":8400,"approxSpanBytes":0}},
    {"params":{},"result":{"events":0,"spans":0,"approxEventBytes":0,"approxSpanBytes":0}},
  ],
  "events.streams": [
    {"params":{"family":"host","after":"host","limit":10},"result":{"streams":[{"stream":"host","family":"host","durability":"os","head":{"epoch":3,"seq":164},"oldest":{"epoch":3,"seq":100},"events":64,"bytes":12800}],"more":true}},
    {"params":{},"result":{"streams":[],"more":false}},
  ],
  "events.retention": [
    {"params":{},"result":{"families":[{"family":"host","notification":"host.event","durability":"os","reader":"everybody","max_events":500,"max_bytes":4194304,"max_age_ms":604800000,"keys":[{"kinds":"agent.","about":["agent_id"]}],"snapshot":true,"streams":1,"events":64,"bytes":12800}]}},
    {"params":{},"result":{"families":[]}},
  ],
  "events.query": [
    {"params":{"stream":"session/6f1d0c4b92ae","since":{"epoch":1,"seq":40},"limit":2,"kinds":["action_succeeded"]},"result":{"stream":"session/6f1d0c4b92ae","events":[{"seq":41,"kind":"action_succeeded","timestamp":"2026-01-02T03:04:05.678Z","action_id":"a1","proposal_id":"p1","data":{"attempts":1},"message":"done"}],"next":{"epoch":1,"seq":41},"more":false,"missed":0}},
    {"params":{},"result":{"stream":"session/6f1d0c4b92ae","events":[{"seq":1,"kind":"session_scope","timestamp":"2026-01-02T03:04:05.678Z","data":{}}],"next":{"epoch":1,"seq":1},"more":true,"missed":0}},
  ],
  "events.subscribe": [
    {"params":{"streams":["host","session/*"],"since":{"host":"now","session/6f1d0c4b92ae":{"epoch":5,"seq":4}},"delivery":"coalesce","snapshot":true},"result":{"streams":[{"stream":"host","notification":"host.event","from":{"epoch":3,"seq":164},"head":{"epoch":3,"seq":164},"snapshot":{"agents":[],"approvals":[]}},{"stream":"session/6f1d0c4b92ae","notification":"session.event","from":{"epoch":5,"seq":4},"head":{"epoch":5,"seq":12},"pattern":"session/*"}],"delivery":"coalesce","caps":{"frames":512,"bytes":262144},"ended":["session/0a9c1b2d3e4f"]}},
    {"params":{"streams":["host"]},"result":{"streams":[{"stream":"host","notification":"host.event","from":{"epoch":3,"seq":164},"head":{"epoch":3,"seq":164}}],"delivery":"lossless","caps":{"frames":512,"bytes":262144}}},
  ],
  "events.unsubscribe": [
    {"params":{"streams":["host"]},"result":{"removed":1}},
    {"params":{"streams":["host"]},"result":{"removed":0}},
  ],
  "events.truncate": [
    {"params":{"maxEvents":10,"maxSpans":0},"result":{"removedEvents":32,"removedSpans":0,"stats":{"events":10,"spans":0,"approxEventBytes":2000,"approxSpanBytes":0}}},
    {"params":{},"result":{"removedEvents":32,"removedSpans":0,"stats":{"events":10,"spans":0,"approxEventBytes":2000,"approxSpanBytes":0}}},
  ],
  "events.clear": [
    {"params":{},"result":{"removed":{"events":42,"spans":0,"approxEventBytes":8400,"approxSpanBytes":0},"stats":{"events":0,"spans":0,"approxEventBytes":0,"approxSpanBytes":0}}},
    {"params":{},"result":{"removed":{"events":42,"spans":0,"approxEventBytes":8400,"approxSpanBytes":0},"stats":{"events":0,"spans":0,"approxEventBytes":0,"approxSpanBytes":0}}},
  ],
  "host.subscribe": [
    {"params":{},"result":{"subscribed":true,"agents":[{"id":"agent-5d2f0a91c3be","name":"planner","kind":"assistant","capabilities":["plan"],"project":"trip","session_id":"6f1d0c4b92ae","status":"running","current_task":"looking at the weather","pid":4712,"display":{"label":"Planner","icon":"map","accent":"#2d6cdf"},"updated_at":"2026-01-02T03:04:05.678Z","metadata":{"model":"none"}}],"approvals":[{"id":"approval-1f0c2a9b7e44","agent_id":"agent-5d2f0a91c3be","client_id":"6f1d0c4b92ae","action":"ws.method:state.clear","details":{"method":"state.clear"},"options":["approve","deny"],"status":"resolved","created_at":"2026-01-02T03:04:05.678Z","resolved_at":"2026-01-02T03:04:09.001Z","resolution":"approve","expires_at":"2026-01-02T03:05:05.678Z","digest":"0a3c1f5e7d9b2468ace013579bdf02468ace13579bdf02468ace13579bdf0246","decision":{"resolution":"approve","by":{"principal":"host","role":"host","session_id":"0a9b8c7d6e5f"},"at":"2026-01-02T03:04:09.001Z","scope":{"kind":"for","ms":900000},"narrowing":{"arguments":{"/tenant_id":"t*"},"same_arguments":false,"agent_id":"agent-5d2f0a91c3be"},"comment":"while you tidy up","edits":{"tenant_id":"t1"}},"reason":"timeout"}],"events":[{"id":"event-77b1d2e3f405","timestamp":"2026-01-02T03:04:05.678Z","kind":"host.notification","agent_id":"agent-5d2f0a91c3be","message":"the plan is ready","payload":{"pages":3},"stream":"host","epoch":3,"seq":164}],"identity":{"version":"0.1.0","pid":4711,"manifest_path":"agents.json","manifest_role":"owner"},"epoch":3,"seq":164}},
    {"params":{},"result":{"subscribed":true,"agents":[],"approvals":[],"events":[],"identity":{"version":"0.1.0","pid":4711,"manifest_path":null,"manifest_role":"owner"},"epoch":3,"seq":164}},
  ],
  "host.agents": [
    {"params":{},"result":[{"id":"agent-5d2f0a91c3be","name":"planner","kind":"assistant","capabilities":["plan"],"project":"trip","session_id":"6f1d0c4b92ae","status":"running","current_task":"looking at the weather","pid":4712,"display":{"label":"Planner","icon":"map","accent":"#2d6cdf"},"updated_at":"2026-01-02T03:04:05.678Z","metadata":{"model":"none"}}]},
    {"params":{},"result":[]},
  ],
  "host.events": [
    {"params":{"limit":20},"result":[{"id":"event-77b1d2e3f405","timestamp":"2026-01-02T03:04:05.678Z","kind":"host.notification","agent_id":"agent-5d2f0a91c3be","message":"the plan is ready","payload":{"pages":3},"stream":"host","epoch":3,"seq":164}]},
    {"params":{},"result":[]},
  ],
  "host.approvals": [
    {"params":{},"result":[{"id":"approval-1f0c2a9b7e44","agent_id":"agent-5d2f0a91c3be","client_id":"6f1d0c4b92ae","action":"ws.method:state.clear","details":{"method":"state.clear"},"options":["approve","deny"],"status":"resolved","created_at":"2026-01-02T03:04:05.678Z","resolved_at":"2026-01-02T03:04:09.001Z","resolution":"approve","expires_at":"2026-01-02T03:05:05.678Z","digest":"0a3c1f5e7d9b2468ace013579bdf02468ace13579bdf02468ace13579bdf0246","decision":{"resolution":"approve","by":{"principal":"host","role":"host","session_id":"0a9b8c7d6e5f"},"at":"2026-01-02T03:04:09.001Z","scope":{"kind":"for","ms":900000},"narrowing":{"arguments":{"/tenant_id":"t*"},"same_arguments":false,"agent_id":"agent-5d2f0a91c3be"},"comment":"while you tidy up","edits":{"tenant_id":"t1"}},"reason":"timeout"}]},
    {"params":{},"result":[]},
  ],
  "host.register_agent": [
    {"params":{"id":"agent-5d2f0a91c3be","name":"planner","kind":"assistant","capabilities":["plan"],"project":"trip","pid":4712,"display":{"label":"Planner","icon":"map","accent":"#2d6cdf"},"metadata":{"model":"none"}},"result":{"id":"agent-5d2f0a91c3be","name":"planner","kind":"assistant","capabilities":["plan"],"project":"trip","session_id":"6f1d0c4b92ae","status":"running","current_task":"looking at the weather","pid":4712,"display":{"label":"Planner","icon":"map","accent":"#2d6cdf"},"updated_at":"2026-01-02T03:04:05.678Z","metadata":{"model":"none"}}},
    {"params":{"name":"planner"},"result":{"id":"agent-5d2f0a91c3be","name":"planner","kind":"","capabilities":[],"status":"idle","display":{},"updated_at":"2026-01-02T03:04:05.678Z","metadata":null}},
  ],
  "host.unregister_agent": [
    {"params":{"agent_id":"agent-5d2f0a91c3be"},"result":{"ok":true}},
    {"params":{"agent_id":"agent-5d2f0a91c3be"},"result":{"ok":true}},
  ],
  "host.set_status": [
    {"params":{"agent_id":"agent-5d2f0a91c3be","status":"running","current_task":"looking at the weather","message":"planner looks at the weather","payload":{"step":1}},"result":{"id":"agent-5d2f0a91c3be","name":"planner","kind":"assistant","capabilities":["plan"],"project":"trip","session_id":"6f1d0c4b92ae","status":"running","current_task":"looking at the weather","pid":4712,"display":{"label":"Planner","icon":"map","accent":"#2d6cdf"},"updated_at":"2026-01-02T03:04:05.678Z","metadata":{"model":"none"}}},
    {"params":{"agent_id":"agent-5d2f0a91c3be","status":"idle"},"result":{"id":"agent-5d2f0a91c3be","name":"planner","kind":"","capabilities":[],"status":"idle","display":{},"updated_at":"2026-01-02T03:04:05.678Z","metadata":null}},
  ],
  "host.notify": [
    {"params":{"kind":"host.notification","agent_id":"agent-5d2f0a91c3be","message":"the plan is ready","payload":{"pages":3}},"result":{"id":"event-77b1d2e3f405","timestamp":"2026-01-02T03:04:05.678Z","kind":"host.notification","agent_id":"agent-5d2f0a91c3be","message":"the plan is ready","payload":{"pages":3},"stream":"host","epoch":3,"seq":164}},
    {"params":{},"result":{"id":"event-77b1d2e3f405","timestamp":"2026-01-02T03:04:05.678Z","kind":"host.notification","message":"","payload":null,"stream":"host","epoch":3,"seq":164}},
  ],
  "host.request_approval": [
    {"params":{"action":"book the train","agent_id":"agent-5d2f0a91c3be","details":{"price":"39 EUR"},"options":["approve","deny"],"system_level":false},"result":{"id":"approval-1f0c2a9b7e44","agent_id":"agent-5d2f0a91c3be","client_id":"6f1d0c4b92ae","action":"ws.method:state.clear","details":{"method":"state.clear"},"options":["approve","deny"],"status":"resolved","created_at":"2026-01-02T03:04:05.678Z","resolved_at":"2026-01-02T03:04:09.001Z","resolution":"approve","expires_at":"2026-01-02T03:05:05.678Z","digest":"0a3c1f5e7d9b2468ace013579bdf02468ace13579bdf02468ace13579bdf0246","decision":{"resolution":"approve","by":{"principal":"host","role":"host","session_id":"0a9b8c7d6e5f"},"at":"2026-01-02T03:04:09.001Z","scope":{"kind":"for","ms":900000},"narrowing":{"arguments":{"/tenant_id":"t*"},"same_arguments":false,"agent_id":"agent-5d2f0a91c3be"},"comment":"while you tidy up","edits":{"tenant_id":"t1"}},"reason":"timeout"}},
    {"params":{"action":"book the train"},"result":{"id":"approval-1f0c2a9b7e44","action":"book the train","details":null,"options":["approve","deny"],"status":"pending","created_at":"2026-01-02T03:04:05.678Z"}},
  ],
  "host.resolve_approval": [
    {"params":{"approval_id":"approval-1f0c2a9b7e44","resolution":"approve"},"result":{"id":"approval-1f0c2a9b7e44","agent_id":"agent-5d2f0a91c3be","client_id":"6f1d0c4b92ae","action":"ws.method:state.clear","details":{"method":"state.clear"},"options":["approve","deny"],"status":"resolved","created_at":"2026-01-02T03:04:05.678Z","resolved_at":"2026-01-02T03:04:09.001Z","resolution":"approve","expires_at":"2026-01-02T03:05:05.678Z","digest":"0a3c1f5e7d9b2468ace013579bdf02468ace13579bdf02468ace13579bdf0246","decision":{"resolution":"approve","by":{"principal":"host","role":"host","session_id":"0a9b8c7d6e5f"},"at":"2026-01-02T03:04:09.001Z","scope":{"kind":"for","ms":900000},"narrowing":{"arguments":{"/tenant_id":"t*"},"same_arguments":false,"agent_id":"agent-5d2f0a91c3be"},"comment":"while you tidy up","edits":{"tenant_id":"t1"}},"reason":"timeout"}},
    {"params":{"approval_id":"approval-1f0c2a9b7e44","resolution":"approve"},"result":{"id":"approval-1f0c2a9b7e44","action":"book the train","details":null,"options":["approve","deny"],"status":"pending","created_at":"2026-01-02T03:04:05.678Z"}},
  ],
  "approvals.list": [
    {"params":{"agent_id":"agent-5d2f0a91c3be","mine_to_decide":true},"result":{"approvals":[{"id":"approval-1f0c2a9b7e44","number":40,"action":"book the train","asker":{"principal":"client","role":"client","session_id":"6f1d0c4b92ae"},"details":null,"options":["approve","deny"],"standing":"pending","created_at":"2026-01-02T03:04:05.678Z","delivered_to":[],"seen_by":[],"used":false}]}},
    {"params":{},"result":{"approvals":[]}},
  ],
  "approvals.get": [
    {"params":{"approval_id":"approval-1f0c2a9b7e44"},"result":{"id":"approval-1f0c2a9b7e44","number":40,"action":"ws.method:state.clear","act":{"method":"state.clear","tool":"rm","digest":"0a3c1f5e7d9b2468ace013579bdf02468ace13579bdf02468ace13579bdf0246","preview":{"tenant_id":null},"tool_version":"2","policy_revision":"7","project":"trip","because":"state is not cleared at night"},"asker":{"principal":"client","role":"client","session_id":"6f1d0c4b92ae"},"owner":"6f1d0c4b92ae","agent_id":"agent-5d2f0a91c3be","details":{"method":"state.clear"},"options":["approve","deny"],"standing":"approved","reason":"timeout","created_at":"2026-01-02T03:04:05.678Z","reach_by":"2026-01-02T03:05:05.678Z","expires_at":"2026-01-02T03:05:06.000Z","delivered_to":[{"by":"session:0a9b8c7d6e5f","at":"2026-01-02T03:04:06.000Z"}],"seen_by":[{"by":"session:0a9b8c7d6e5f","at":"2026-01-02T03:04:07.500Z"}],"decision":{"resolution":"approve","by":{"principal":"host","role":"host","session_id":"0a9b8c7d6e5f"},"at":"2026-01-02T03:04:09.001Z","scope":{"kind":"for","ms":900000},"narrowing":{"arguments":{"/tenant_id":"t*"},"same_arguments":false,"agent_id":"agent-5d2f0a91c3be"},"comment":"while you tidy up","edits":{"tenant_id":"t1"}},"ended_at":"2026-01-02T03:04:09.001Z","used":true}},
    {"params":{"approval_id":"approval-1f0c2a9b7e44"},"result":{"id":"approval-1f0c2a9b7e44","number":40,"action":"book the train","asker":{"principal":"client","role":"client","session_id":"6f1d0c4b92ae"},"details":null,"options":["approve","deny"],"standing":"pending","created_at":"2026-01-02T03:04:05.678Z","delivered_to":[],"seen_by":[],"used":false}},
  ],
  "approvals.decide": [
    {"params":{"approval_id":"approval-1f0c2a9b7e44","decision":"approve","digest":"0a3c1f5e7d9b2468ace013579bdf02468ace13579bdf02468ace13579bdf0246","scope":{"kind":"for","ms":900000},"narrowing":{"arguments":{"/tenant_id":"t*"},"same_arguments":false,"agent_id":"agent-5d2f0a91c3be"},"comment":"while you tidy up","edits":{"tenant_id":"t1"}},"result":{"id":"approval-1f0c2a9b7e44","number":40,"action":"ws.method:state.clear","act":{"method":"state.clear","tool":"rm","digest":"0a3c1f5e7d9b2468ace013579bdf02468ace13579bdf02468ace13579bdf0246","preview":{"tenant_id":null},"tool_version":"2","policy_revision":"7","project":"trip","because":"state is not cleared at night"},"asker":{"principal":"client","role":"client","session_id":"6f1d0c4b92ae"},"owner":"6f1d0c4b92ae","agent_id":"agent-5d2f0a91c3be","details":{"method":"state.clear"},"options":["approve","deny"],"standing":"approved","reason":"timeout","created_at":"2026-01-02T03:04:05.678Z","reach_by":"2026-01-02T03:05:05.678Z","expires_at":"2026-01-02T03:05:06.000Z","delivered_to":[{"by":"session:0a9b8c7d6e5f","at":"2026-01-02T03:04:06.000Z"}],"seen_by":[{"by":"session:0a9b8c7d6e5f","at":"2026-01-02T03:04:07.500Z"}],"decision":{"resolution":"approve","by":{"principal":"host","role":"host","session_id":"0a9b8c7d6e5f"},"at":"2026-01-02T03:04:09.001Z","scope":{"kind":"for","ms":900000},"narrowing":{"arguments":{"/tenant_id":"t*"},"same_arguments":false,"agent_id":"agent-5d2f0a91c3be"},"comment":"while you tidy up","edits":{"tenant_id":"t1"}},"ended_at":"2026-01-02T03:04:09.001Z","used":true}},
    {"params":{"approval_id":"approval-1f0c2a9b7e44","decision":"deny"},"result":{"id":"approval-1f0c2a9b7e44","number":40,"action":"book the train","asker":{"principal":"client","role":"client","session_id":"6f1d0c4b92ae"},"details":null,"options":["approve","deny"],"standing":"pending","created_at":"2026-01-02T03:04:05.678Z","delivered_to":[],"seen_by":[],"used":false}},
  ],
  "approvals.seen": [
    {"params":{"approval_ids":["approval-1f0c2a9b7e44"]},"result":{"seen":["approval-1f0c2a9b7e44"]}},
    {"params":{"approval_ids":["approval-1f0c2a9b7e44"]},"result":{"seen":[]}},
  ],
  "approvals.withdraw": [
    {"params":{"approval_id":"approval-1f0c2a9b7e44","reason":"done by hand"},"result":{"id":"approval-1f0c2a9b7e44","number":40,"action":"ws.method:state.clear","act":{"method":"state.clear","tool":"rm","digest":"0a3c1f5e7d9b2468ace013579bdf02468ace13579bdf02468ace13579bdf0246","preview":{"tenant_id":null},"tool_version":"2","policy_revision":"7","project":"trip","because":"state is not cleared at night"},"asker":{"principal":"client","role":"client","session_id":"6f1d0c4b92ae"},"owner":"6f1d0c4b92ae","agent_id":"agent-5d2f0a91c3be","details":{"method":"state.clear"},"options":["approve","deny"],"standing":"approved","reason":"timeout","created_at":"2026-01-02T03:04:05.678Z","reach_by":"2026-01-02T03:05:05.678Z","expires_at":"2026-01-02T03:05:06.000Z","delivered_to":[{"by":"session:0a9b8c7d6e5f","at":"2026-01-02T03:04:06.000Z"}],"seen_by":[{"by":"session:0a9b8c7d6e5f","at":"2026-01-02T03:04:07.500Z"}],"decision":{"resolution":"approve","by":{"principal":"host","role":"host","session_id":"0a9b8c7d6e5f"},"at":"2026-01-02T03:04:09.001Z","scope":{"kind":"for","ms":900000},"narrowing":{"arguments":{"/tenant_id":"t*"},"same_arguments":false,"agent_id":"agent-5d2f0a91c3be"},"comment":"while you tidy up","edits":{"tenant_id":"t1"}},"ended_at":"2026-01-02T03:04:09.001Z","used":true}},
    {"params":{"approval_id":"approval-1f0c2a9b7e44"},"result":{"id":"approval-1f0c2a9b7e44","number":40,"action":"book the train","asker":{"principal":"client","role":"client","session_id":"6f1d0c4b92ae"},"details":null,"options":["approve","deny"],"standing":"pending","created_at":"2026-01-02T03:04:05.678Z","delivered_to":[],"seen_by":[],"used":false}},
  ],
  "approvals.history": [
    {"params":{"limit":20,"before":41,"agent_id":"agent-5d2f0a91c3be","standing":"approved"},"result":{"approvals":[{"id":"approval-1f0c2a9b7e44","number":40,"action":"book the train","asker":{"principal":"client","role":"client","session_id":"6f1d0c4b92ae"},"details":null,"options":["approve","deny"],"standing":"pending","created_at":"2026-01-02T03:04:05.678Z","delivered_to":[],"seen_by":[],"used":false}],"next":21}},
    {"params":{},"result":{"approvals":[]}},
  ],
  "approvals.explain": [
    {"params":{"call":{"method":"mail.send","tool":"shell","arguments":{"to":["ada@example.org"]}},"at_ms":1767323045678},"result":{"decision":"ask","decided_by":"rule","rule":"mail","grant":"grant-0123456789ab","reason":"outgoing mail needs a person","timeout_ms":900000,"matched":[{"rule":"mail","decision":"ask","reason":"outgoing mail needs a person","failed":true}],"revision":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","available":false}},
    {"params":{"call":{"tool":"shell","arguments":null}},"result":{"decision":"allow","decided_by":"nothing","reason":"nothing is said about it","matched":[],"revision":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}},
  ],
  "approvals.rules": [
    {"params":{},"result":{"revision":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","loaded_at":"2026-01-02T03:04:05.678Z","rules":[{"rule":"mail","file":"mail.cedar","line":3,"decision":"ask","reason":"outgoing mail needs a person","timeout_ms":900000,"methods":1,"tools":false}],"problems":[{"file":"night.cedar","line":7,"reason":"attribute `hours` in context not found"}],"folder":"/home/ada/.car/policies"}},
    {"params":{},"result":{"revision":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","loaded_at":"2026-01-02T03:04:05.678Z","rules":[],"problems":[]}},
  ],
  "grants.list": [
    {"params":{"method":"state.clear","tool":"shell"},"result":{"grants":[{"id":"grant-5c0ffee5c0ff","method":"state.clear","tool":"shell","tool_version":"sha256:0a3c1f5e7d9b2468ace013579bdf02468ace13579bdf02468ace13579bdf0246","owner":"client","session_id":"6f1d0c4b92ae","arguments":{"/command":"git *"},"digest":"0a3c1f5e7d9b2468ace013579bdf02468ace13579bdf02468ace13579bdf0246","agent_id":"ada","created_by":"host","created_at":"2026-01-02T03:04:09.001Z","approval_id":"approval-0f3a5b7c9d1e","policy_revision":"7d9b2468ace0","expires_at":"2026-01-02T03:19:09.001Z","remaining":2,"uses":1,"last_used_at":"2026-01-02T03:05:00.000Z"}]}},
    {"params":{},"result":{"grants":[{"id":"grant-5c0ffee5c0ff","owner":"client","created_by":"host","created_at":"2026-01-02T03:04:09.001Z","approval_id":"approval-0f3a5b7c9d1e","uses":0}]}},
  ],
  "grants.revoke": [
    {"params":{"grant_id":"grant-5c0ffee5c0ff"},"result":{"id":"grant-5c0ffee5c0ff","method":"state.clear","tool":"shell","tool_version":"sha256:0a3c1f5e7d9b2468ace013579bdf02468ace13579bdf02468ace13579bdf0246","owner":"client","session_id":"6f1d0c4b92ae","arguments":{"/command":"git *"},"digest":"0a3c1f5e7d9b2468ace013579bdf02468ace13579bdf02468ace13579bdf0246","agent_id":"ada","created_by":"host","created_at":"2026-01-02T03:04:09.001Z","approval_id":"approval-0f3a5b7c9d1e","policy_revision":"7d9b2468ace0","expires_at":"2026-01-02T03:19:09.001Z","remaining":2,"uses":1,"last_used_at":"2026-01-02T03:05:00.000Z"}},
    {"params":{"grant_id":"grant-5c0ffee5c0ff"},"result":{"id":"grant-5c0ffee5c0ff","owner":"client","created_by":"host","created_at":"2026-01-02T03:04:09.001Z","approval_id":"approval-0f3a5b7c9d1e","uses":0}},
  ],
  "audit.verify": [
    {"params":{"head":"17:0a3c1f5e7d9b2468ace013579bdf02468ace13579bdf02468ace13579bdf0246"},"result":{"whole":false,"records":0,"first":0,"head":"17:0a3c1f5e7d9b2468ace013579bdf02468ace13579bdf02468ace13579bdf0246","redacted":0,"broken":{"seq":17,"what":"hash","message":"what it says is not what was hashed"}}},
    {"params":{},"result":{"whole":true,"records":0,"first":0,"redacted":0}},
  ],
  "audit.redact": [
    {"params":{"seq":17,"before":"2026-01-02T03:04:05.678Z"},"result":{"first":1,"last":17,"texts":9}},
    {"params":{},"result":{"first":0,"last":0,"texts":0}},
  ],
  "agents.list": [
    {"params":{},"result":[{"id":"echo","name":"Echo","command":"/usr/bin/python3.13","args":["-m","echo_agent"],"cwd":"/home/ada/echo","env":{"ECHO_STYLE":"***"},"restart":"always","max_restarts":10,"backoff_secs":5,"auto_start":true,"daemon_token":true,"sandbox":{"read":["/usr","/lib","/etc"],"write":["/home/ada/notes"],"network":"daemon","memory_bytes":1073741824,"cpu_seconds":3600,"open_files":256,"processes":400,"best_effort":false},"acp":{"read":["/usr/share/doc"],"write":["/home/ada/notes"]},"denied":{"network":["*"]},"status":"running","pid":4242,"last_exit_code":1,"restart_count":2,"started_at":"2026-01-02T03:04:05.678Z","attached":true,"session_id":"6f1d0c4b92ae","error":"it ended 11 times in a row"}]},
    {"params":{},"result":[]},
  ],
  "agents.health": [
    {"params":{},"result":[{"id":"echo","command":"/usr/bin/python3.13","ok":false,"reason":"it does not answer agent.ping","alive":true,"attached":true,"answers":false}]},
    {"params":{},"result":[]},
  ],
  "agents.upsert": [
    {"params":{"id":"echo","name":"Echo","command":"/usr/bin/python3.13","interpreter":"python3","args":["-m","echo_agent"],"cwd":"/home/ada/echo","env":{"ECHO_STYLE":"loud"},"restart":"always","max_restarts":10,"backoff_secs":5,"auto_start":true,"daemon_token":true,"sandbox":{"read":["/usr","/lib","/etc"],"write":["/home/ada/notes"],"network":"daemon","memory_bytes":1073741824,"cpu_seconds":3600,"open_files":256,"processes":400,"best_effort":false},"acp":{"read":["/usr/share/doc"],"write":["/home/ada/notes"]},"token":"kq3bT0Qv5m1sXn7cD2wE9rYfUaGhJpLzVbN4oMiK6t8"},"result":{"id":"echo","name":"Echo","command":"/usr/bin/python3.13","args":["-m","echo_agent"],"cwd":"/home/ada/echo","env":{"ECHO_STYLE":"***"},"restart":"always","max_restarts":10,"backoff_secs":5,"auto_start":true,"daemon_token":true,"sandbox":{"read":["/usr","/lib","/etc"],"write":["/home/ada/notes"],"network":"daemon","memory_bytes":1073741824,"cpu_seconds":3600,"open_files":256,"processes":400,"best_effort":false},"acp":{"read":["/usr/share/doc"],"write":["/home/ada/notes"]},"denied":{"network":["*"]},"status":"running","pid":4242,"last_exit_code":1,"restart_count":2,"started_at":"2026-01-02T03:04:05.678Z","attached":true,"session_id":"6f1d0c4b92ae","error":"it ended 11 times in a row"}},
    {"params":{"id":"echo","name":"Echo"},"result":{"id":"echo","name":"Echo","command":"/usr/bin/python3.13","restart":"on_failure","auto_start":false,"status":"stopped","pid":null,"last_exit_code":null,"restart_count":0,"started_at":null,"attached":false}},
  ],
  "agents.install": [
    {"params":{"agent":{"id":"echo","name":"Echo","version":"1.2.0"},"transport":{"kind":"external_process","command":"/opt/echo/bin/echo-agent"},"capabilities":{"required":{},"optional":{"storage":["temporary"]},"denied":{}}},"result":{"report":{"missingOptional":[{"namespace":"storage","feature":"temporary"}]},"agent":{"id":"echo","name":"Echo","command":"/usr/bin/python3.13","args":["-m","echo_agent"],"cwd":"/home/ada/echo","env":{"ECHO_STYLE":"***"},"restart":"always","max_restarts":10,"backoff_secs":5,"auto_start":true,"daemon_token":true,"sandbox":{"read":["/usr","/lib","/etc"],"write":["/home/ada/notes"],"network":"daemon","memory_bytes":1073741824,"cpu_seconds":3600,"open_files":256,"processes":400,"best_effort":false},"acp":{"read":["/usr/share/doc"],"write":["/home/ada/notes"]},"denied":{"network":["*"]},"status":"running","pid":4242,"last_exit_code":1,"restart_count":2,"started_at":"2026-01-02T03:04:05.678Z","attached":true,"session_id":"6f1d0c4b92ae","error":"it ended 11 times in a row"}}},
    {"params":{},"result":{"report":{"missingOptional":[]},"agent":null}},
  ],
  "agents.remove": [
    {"params":{"id":"echo"},"result":{"removed":true}},
    {"params":{"id":"echo"},"result":{"removed":false}},
  ],
  "agents.start": [
    {"params":{"id":"echo"},"result":{"id":"echo","name":"Echo","command":"/usr/bin/python3.13","args":["-m","echo_agent"],"cwd":"/home/ada/echo","env":{"ECHO_STYLE":"***"},"restart":"always","max_restarts":10,"backoff_secs":5,"auto_start":true,"daemon_token":true,"sandbox":{"read":["/usr","/lib","/etc"],"write":["/home/ada/notes"],"network":"daemon","memory_bytes":1073741824,"cpu_seconds":3600,"open_files":256,"processes":400,"best_effort":false},"acp":{"read":["/usr/share/doc"],"write":["/home/ada/notes"]},"denied":{"network":["*"]},"status":"running","pid":4242,"last_exit_code":1,"restart_count":2,"started_at":"2026-01-02T03:04:05.678Z","attached":true,"session_id":"6f1d0c4b92ae","error":"it ended 11 times in a row"}},
    {"params":{"id":"echo"},"result":{"id":"echo","name":"Echo","command":"/usr/bin/python3.13","restart":"on_failure","auto_start":false,"status":"stopped","pid":null,"last_exit_code":null,"restart_count":0,"started_at":null,"attached":false}},
  ],
  "agents.stop": [
    {"params":{"id":"echo","signal":"kill"},"result":{"id":"echo","name":"Echo","command":"/usr/bin/python3.13","args":["-m","echo_agent"],"cwd":"/home/ada/echo","env":{"ECHO_STYLE":"***"},"restart":"always","max_restarts":10,"backoff_secs":5,"auto_start":true,"daemon_token":true,"sandbox":{"read":["/usr","/lib","/etc"],"write":["/home/ada/notes"],"network":"daemon","memory_bytes":1073741824,"cpu_seconds":3600,"open_files":256,"processes":400,"best_effort":false},"acp":{"read":["/usr/share/doc"],"write":["/home/ada/notes"]},"denied":{"network":["*"]},"status":"running","pid":4242,"last_exit_code":1,"restart_count":2,"started_at":"2026-01-02T03:04:05.678Z","attached":true,"session_id":"6f1d0c4b92ae","error":"it ended 11 times in a row"}},
    {"params":{"id":"echo"},"result":{"id":"echo","name":"Echo","command":"/usr/bin/python3.13","restart":"on_failure","auto_start":false,"status":"stopped","pid":null,"last_exit_code":null,"restart_count":0,"started_at":null,"attached":false}},
  ],
  "agents.restart": [
    {"params":{"id":"echo"},"result":{"id":"echo","name":"Echo","command":"/usr/bin/python3.13","args":["-m","echo_agent"],"cwd":"/home/ada/echo","env":{"ECHO_STYLE":"***"},"restart":"always","max_restarts":10,"backoff_secs":5,"auto_start":true,"daemon_token":true,"sandbox":{"read":["/usr","/lib","/etc"],"write":["/home/ada/notes"],"network":"daemon","memory_bytes":1073741824,"cpu_seconds":3600,"open_files":256,"processes":400,"best_effort":false},"acp":{"read":["/usr/share/doc"],"write":["/home/ada/notes"]},"denied":{"network":["*"]},"status":"running","pid":4242,"last_exit_code":1,"restart_count":2,"started_at":"2026-01-02T03:04:05.678Z","attached":true,"session_id":"6f1d0c4b92ae","error":"it ended 11 times in a row"}},
    {"params":{"id":"echo"},"result":{"id":"echo","name":"Echo","command":"/usr/bin/python3.13","restart":"on_failure","auto_start":false,"status":"stopped","pid":null,"last_exit_code":null,"restart_count":0,"started_at":null,"attached":false}},
  ],
  "agents.tail_log": [
    {"params":{"id":"echo","n":2},"result":{"lines":["ready","connected"]}},
    {"params":{"id":"echo"},"result":{"lines":[]}},
  ],
  "agents.rotate_token": [
    {"params":{"id":"echo"},"result":{"rotated":true}},
    {"params":{"id":"echo"},"result":{"rotated":true}},
  ],
  "agents.chat": [
    {"params":{"agent_id":"echo","prompt":"How warm is it in Lisbon?","session_id":"chat-2f6c1a90b7de","stream":true,"voice_input":false,"attachments":[{"name":"notes.txt","content":"Lisbon, Porto"},{"name":"sky.gif","content":"R0lGODlhAQABAAAAADs=","media_type":"image/gif","encoding":"base64"}],"cwd":"/home/ada/notes","on_disconnect":"cancel","when_busy":"queue","idle_timeout_ms":60000,"timeout_ms":600000},"result":{"accepted":true,"session_id":"chat-2f6c1a90b7de","turn_id":"turn-51b0c2d3e4f5","queued":true,"stream":"chat/chat-2f6c1a90b7de","from":{"epoch":1767323045678,"seq":12}}},
    {"params":{"agent_id":"echo","prompt":"hello"},"result":{"accepted":true,"session_id":"chat-2f6c1a90b7de","turn_id":"turn-51b0c2d3e4f5","stream":"chat/chat-2f6c1a90b7de","from":{"epoch":1767323045678,"seq":0}}},
  ],
  "agents.chat.cancel": [
    {"params":{"session_id":"chat-2f6c1a90b7de","turn_id":"turn-51b0c2d3e4f5"},"result":{"cancelled":true,"session_id":"chat-2f6c1a90b7de","reason":"no turn of this chat runs"}},
    {"params":{"session_id":"chat-2f6c1a90b7de"},"result":{"cancelled":true}},
  ],
  "agents.chat.history": [
    {"params":{"session_id":"chat-2f6c1a90b7de","before":7,"limit":20},"result":{"session_id":"chat-2f6c1a90b7de","turns":[{"number":6,"turn_id":"turn-51b0c2d3e4f5","agent_id":"echo","prompt":"How warm is it in Lisbon?","text":"I do not know","started_at":"2026-01-02T03:04:05.678Z","ended_at":"2026-01-02T03:04:06.678Z","outcome":"error","error":"the model is away"}],"more":false}},
    {"params":{"session_id":"chat-2f6c1a90b7de"},"result":{"session_id":"chat-2f6c1a90b7de","turns":[],"more":false}},
  ],
  "agents.chat.list": [
    {"params":{"agent_id":"echo","running":true},"result":{"chats":[{"session_id":"chat-2f6c1a90b7de","agent_id":"echo","stream":"chat/chat-2f6c1a90b7de","running":"turn-51b0c2d3e4f5","waiting":1,"updated_at":"2026-01-02T03:04:05.678Z","last_outcome":"done"}]}},
    {"params":{},"result":{"chats":[]}},
  ],
  "agents.permit": [
    {"params":{"session_id":"chat-2f6c1a90b7de","turn_id":"turn-51b0c2d3e4f5","tool":"acp.execute","arguments":{"title":"cargo test","rawInput":{"command":"cargo test"}}},"result":{"allowed":false,"reason":"a person refused the call: deny (not now)"}},
    {"params":{"session_id":"chat-2f6c1a90b7de","tool":"acp.read"},"result":{"allowed":true}},
  ],
  "agents.list_external": [
    {"params":{"include_health":true},"result":[{"id":"claude-code","name":"Claude Code","protocol":"acp","command":"/opt/npm/lib/claude-agent-acp/dist/index.js","args":["--quiet"],"installed":true,"status":"running","health":{"id":"claude-code","ok":false,"reason":"it does not answer agent.ping","installed":true,"alive":true,"attached":true,"checked_at":"2026-01-02T03:04:05.678Z"}},{"id":"codex","name":"Codex","protocol":"acp","command":null,"args":[],"installed":false}]},
    {"params":{},"result":[]},
  ],
  "agents.detect_external": [
    {"params":{"include_health":true},"result":[{"id":"claude-code","name":"Claude Code","protocol":"acp","command":"/opt/npm/lib/claude-agent-acp/dist/index.js","args":["--quiet"],"installed":true,"status":"running","health":{"id":"claude-code","ok":false,"reason":"it does not answer agent.ping","installed":true,"alive":true,"attached":true,"checked_at":"2026-01-02T03:04:05.678Z"}},{"id":"codex","name":"Codex","protocol":"acp","command":null,"args":[],"installed":false}]},
    {"params":{},"result":[]},
  ],
  "agents.health_external": [
    {"params":{"id":"claude-code","force":true},"result":{"id":"claude-code","ok":false,"reason":"it does not answer agent.ping","installed":true,"alive":true,"attached":true,"checked_at":"2026-01-02T03:04:05.678Z"}},
    {"params":{},"result":[{"id":"claude-code","ok":false,"reason":"it does not answer agent.ping","installed":true,"alive":true,"attached":true,"checked_at":"2026-01-02T03:04:05.678Z"}]},
  ],
  "agents.invoke_external": [
    {"params":{"id":"claude-code","task":"Why does the build fail?","stream":false,"session_id":"chat-2f6c1a90b7de","cwd":"/home/ada/project","allowed_tools":["Read"],"max_turns":3,"timeout_secs":600,"mcp_endpoint":"http://127.0.0.1:9101/mcp"},"result":{"id":"claude-code","session_id":"chat-2f6c1a90b7de","turn_id":"turn-51b0c2d3e4f5","accepted":true,"output":"A comma is missing in line 3","is_error":true,"outcome":"timeout","error":"it took too long","duration_ms":600004}},
    {"params":{"id":"codex","task":"Say hello."},"result":{"id":"codex","session_id":"chat-2f6c1a90b7de","turn_id":"turn-51b0c2d3e4f5"}},
  ],
  "registry.register": [
    {"params":{"entry":{"name":"echo","dashboard_url":"http://127.0.0.1:8080/","status":"idle","display_name":"Echo","port":8080,"pid":4242,"registered_at":"2026-01-02T03:04:05.678Z","last_heartbeat_at":"2026-01-02T03:04:25.678Z"},"registry_path":"/home/ada/.car/registry"},"result":null},
    {"params":{"entry":{"name":"echo","dashboard_url":"http://127.0.0.1:8080/"}},"result":null},
  ],
  "registry.heartbeat": [
    {"params":{"name":"echo","registry_path":"/home/ada/.car/registry"},"result":{"refreshed":true}},
    {"params":{"name":"echo"},"result":{"refreshed":false}},
  ],
  "registry.unregister": [
    {"params":{"name":"echo","registry_path":"/home/ada/.car/registry"},"result":null},
    {"params":{"name":"echo"},"result":null},
  ],
  "registry.list": [
    {"params":{"registry_path":"/home/ada/.car/registry"},"result":[{"name":"echo","dashboard_url":"http://127.0.0.1:8080/","status":"idle","display_name":"Echo","port":8080,"pid":4242,"registered_at":"2026-01-02T03:04:05.678Z","last_heartbeat_at":"2026-01-02T03:04:25.678Z"}]},
    {"params":{},"result":[]},
  ],
  "registry.reap": [
    {"params":{"max_age_secs":60,"registry_path":"/home/ada/.car/registry"},"result":["echo"]},
    {"params":{},"result":[]},
  ],
  "request.outcome": [
    {"params":{"key":"3e0f2c58-6f0b-4a39-9a57-1f2d8a5c7b10"},"result":{"key":"3e0f2c58-6f0b-4a39-9a57-1f2d8a5c7b10","status":"done","method":"state.set","begun_at":"2026-01-02T03:04:05.678Z","ended_at":"2026-01-02T03:04:06.012Z","result_kept":true,"result":"ok","error":{"code":-32602,"message":"proposal.actions[2].id: invalid type: integer `5`, expected a string","data":{"kind":"invalid_params","retryable":false,"field":"proposal.actions[2].id","limit":64,"retry_after_ms":1500}},"known_since":"2026-01-01T03:04:05.678Z"}},
    {"params":{"key":"3e0f2c58-6f0b-4a39-9a57-1f2d8a5c7b10"},"result":{"key":"3e0f2c58-6f0b-4a39-9a57-1f2d8a5c7b10","status":"not_seen","known_since":"2026-01-01T03:04:05.678Z"}},
  ],
  "automation.run_applescript": [
    {"params":{"script":"beep"},"result":{"output":""}},
    {"params":{},"result":null},
  ],
  "automation.shortcuts.run": [
    {"params":{"name":"Lights off"},"result":{"output":""}},
    {"params":{},"result":null},
  ],
  "messages.send": [
    {"params":{"recipient":"ada@example.org","text":"on my way"},"result":{"sent":true}},
    {"params":{},"result":null},
  ],
  "mail.send": [
    {"params":{"subject":"Trip","to":["ada@example.org"]},"result":{"sent":true}},
    {"params":{},"result":null},
  ],
  "vision.ocr": [
    {"params":{"image":"iVBORw0KGgo="},"result":{"text":"PLATFORM 4"}},
    {"params":{},"result":null},
  ],
  "providers.register": [
    {"params":{"methods":["mail.send","vision.ocr"]},"result":{"methods":["mail.send","vision.ocr"],"replaced":["mail.send"]}},
    {"params":{"methods":["mail.send"]},"result":{"methods":["mail.send"],"replaced":[]}},
  ],
  "providers.unregister": [
    {"params":{"methods":["mail.send"]},"result":{"removed":1}},
    {"params":{},"result":{"removed":0}},
  ],
  "providers.list": [
    {"params":{},"result":{"methods":[{"method":"mail.send","session_id":"6f1d0c4b92ae","since":"2026-01-02T03:04:05.678Z","open":1}]}},
    {"params":{},"result":{"methods":[{"method":"mail.send","open":0}]}},
  ],
  "notifications.local": [
    {"params":{"title":"Build","body":"All green.","subtitle":"car","sound":"message-new-instant"},"result":{"shown":true,"id":7}},
    {"params":{"title":"Build","body":""},"result":{"shown":true,"id":1}},
  ],
  "agent.chat.event": [
    {"params":{"session_id":"chat-2f6c1a90b7de","kind":"token","turn_id":"turn-51b0c2d3e4f5","delta":"It is ","detail":{"tool":"weather"},"finish_reason":"stop","error":"the model is away","attachments":[{"name":"answer.json","content":{"celsius":21.5}}]},"result":{"taken":true}},
    {"params":{"session_id":"chat-2f6c1a90b7de","kind":"done"},"result":{"taken":false}},
  ],
  "voice.transcribe_stream.start": [
    {"params":{"session_id":"desk","audio_source":{"kind":"pcm_push","sample_rate":48000,"channels":2},"options":{"provider":"whisper","model":"tiny.en","language":"en","emit_audio_meta":true}},"result":{"session_id":"desk","stream":"voice/6f1d0c4b92ae/desk","epoch":1,"seq":0,"provider":"whisper","providers":[{"id":"whisper","kind":"stt","available":true,"description":"the program /usr/local/bin/transcribe"}]}},
    {"params":{"session_id":"desk","audio_source":{"kind":"pcm_push"}},"result":{"session_id":"desk","stream":"voice/6f1d0c4b92ae/desk","epoch":1,"seq":0}},
  ],
  "voice.transcribe_stream.push": [
    {"params":{"session_id":"desk","pcm_b64":"AAD/fwCA","sequence":7},"result":{"accepted":true}},
    {"params":{"session_id":"desk","pcm_b64":"AAA="},"result":{"accepted":true}},
  ],
  "voice.transcribe_stream.stop": [
    {"params":{"session_id":"desk"},"result":{"session_id":"desk","stopped":true,"epoch":1,"seq":12}},
    {"params":{"session_id":"desk"},"result":{"session_id":"desk","stopped":true,"epoch":1,"seq":1}},
  ],
  "voice.playback": [
    {"params":{"session_id":"desk","playing":true},"result":{"accepted":true}},
    {"params":{"session_id":"desk","playing":false},"result":{"accepted":true}},
  ],
  "voice.dispatch_turn": [
    {"params":{"utterance":"what is the weather like","session_id":"desk-turn","config_overlay":{"voice":"calm"},"sidecar_timeout_ms":20000,"fast_agent":"quick","sidecar_agent":"thorough"},"result":{"turn_id":"turn-0a1b2c3d4e5f","tracks":[{"track":"fast","agent_id":"quick","available":true},{"track":"sidecar","agent_id":"thorough","available":true}],"stream":"voice/6f1d0c4b92ae/desk-turn","epoch":1,"seq":0}},
    {"params":{"utterance":"good morning"},"result":{"turn_id":"turn-0a1b2c3d4e5f","tracks":[{"track":"fast","agent_id":"quick","available":true}],"stream":"voice/6f1d0c4b92ae/voice-turn","epoch":1,"seq":3}},
  ],
  "voice.cancel_turn": [
    {"params":{"turn_id":"turn-0a1b2c3d4e5f"},"result":{"cancelled":true,"turn_id":"turn-0a1b2c3d4e5f"}},
    {"params":{},"result":{"cancelled":true}},
  ],
  "voice.prewarm_turn": [
    {"params":{},"result":{"prewarmed":true,"tracks":[{"track":"fast","agent_id":"quick","available":false}]}},
    {"params":{},"result":{"prewarmed":true,"tracks":[]}},
  ],
  "voice.sessions.list": [
    {"params":{},"result":{"sessions":["desk"],"details":[{"session_id":"desk","owner":"6f1d0c4b92ae","stream":"voice/6f1d0c4b92ae/desk","started_at":"2026-01-02T03:04:05.678Z","sample_rate":48000,"channels":2,"provider":"whisper","bytes":1920000,"refused":0}]}},
    {"params":{},"result":{"sessions":[],"details":[]}},
  ],
  "voice.providers.list": [
    {"params":{},"result":[{"id":"whisper","kind":"stt","available":true,"description":"the program /usr/local/bin/transcribe"}]},
    {"params":{},"result":[]},
  ],
  "meeting.start": [
    {"params":{"id":"m-1","sources":["mic","system"],"title":"Weekly","model":"tiny.en","language":"en","provider":"whisper","sample_rate":48000,"channels":1,"persist_audio":true,"root":"/home/ada/.car/meetings","consent":"record","erase_after_days":30},"result":{"id":"m-1","title":"Weekly","started_at":"2026-01-02T03:04:05.678Z","voice_session_ids":["meeting:m-1:mic","meeting:m-1:system"],"provider":"whisper"}},
    {"params":{"sources":["mic"]},"result":{"id":"m-6f1d0c4b92ae","title":null,"started_at":"2026-01-02T03:04:05.678Z","voice_session_ids":["meeting:m-6f1d0c4b92ae:mic"]}},
  ],
  "meeting.stop": [
    {"params":{"meeting_id":"m-1","summarize":true,"agent_id":"scribe","timeout_ms":30000},"result":{"id":"m-1","title":"Weekly","started_at":"2026-01-02T03:04:05.678Z","ended_at":"2026-01-02T04:04:05.678Z","sources":["mic","system"],"persist_audio":true,"audio":[{"source":"mic","file":"audio/mic.wav","bytes":345600044,"sample_rate":48000,"channels":1,"duration_ms":3600000,"missing_ms":20}],"model":"tiny.en","language":"en","summary":{"summary":"We decided to buy cheaper steel for the bridge.","decisions":["We decided to buy cheaper steel for the bridge."],"action_items":[],"attendees":["Ada"],"topics":["bridge","steel"],"method":"extractive","citations":[{"text":"We decided to buy cheaper steel for the bridge.","source":"mic","segment_id":"4","index":3}],"agent_id":"scribe","reason":"the agent gave no answer within 30000 ms"},"consent":"record","erase_after_days":30,"owner":"client","memory":"shared","remembered":true,"lost_segments":1,"speakers":{"mic":"Ada"}}},
    {"params":{"meeting_id":"m-1"},"result":{"id":"m-1","title":null,"started_at":"2026-01-02T03:04:05.678Z","ended_at":null,"sources":["mic"],"persist_audio":false,"model":null,"language":null,"summary":null,"consent":"nothing"}},
  ],
  "meeting.summarize": [
    {"params":{"meeting_id":"m-1","agent_id":"scribe","timeout_ms":30000},"result":{"id":"m-1","title":"Weekly","started_at":"2026-01-02T03:04:05.678Z","ended_at":"2026-01-02T04:04:05.678Z","sources":["mic","system"],"persist_audio":true,"audio":[{"source":"mic","file":"audio/mic.wav","bytes":345600044,"sample_rate":48000,"channels":1,"duration_ms":3600000,"missing_ms":20}],"model":"tiny.en","language":"en","summary":{"summary":"We decided to buy cheaper steel for the bridge.","decisions":["We decided to buy cheaper steel for the bridge."],"action_items":[],"attendees":["Ada"],"topics":["bridge","steel"],"method":"extractive","citations":[{"text":"We decided to buy cheaper steel for the bridge.","source":"mic","segment_id":"4","index":3}],"agent_id":"scribe","reason":"the agent gave no answer within 30000 ms"},"consent":"record","erase_after_days":30,"owner":"client","memory":"shared","remembered":true,"lost_segments":1,"speakers":{"mic":"Ada"}}},
    {"params":{"meeting_id":"m-1"},"result":{"id":"m-1","title":null,"started_at":"2026-01-02T03:04:05.678Z","ended_at":null,"sources":["mic"],"persist_audio":false,"model":null,"language":null,"summary":null,"consent":"nothing"}},
  ],
  "meeting.list": [
    {"params":{"root":"/home/ada/.car/meetings"},"result":{"root":"/home/ada/.car/meetings","ids":["m-1","m-2"],"active":["m-2"]}},
    {"params":{},"result":{"root":"/home/ada/.car/meetings","ids":[],"active":[]}},
  ],
  "meeting.get": [
    {"params":{"meeting_id":"m-1","root":"/home/ada/.car/meetings","offset":0,"limit":1},"result":{"metadata":{"id":"m-1","title":"Weekly","started_at":"2026-01-02T03:04:05.678Z","ended_at":"2026-01-02T04:04:05.678Z","sources":["mic","system"],"persist_audio":true,"audio":[{"source":"mic","file":"audio/mic.wav","bytes":345600044,"sample_rate":48000,"channels":1,"duration_ms":3600000,"missing_ms":20}],"model":"tiny.en","language":"en","summary":{"summary":"We decided to buy cheaper steel for the bridge.","decisions":["We decided to buy cheaper steel for the bridge."],"action_items":[],"attendees":["Ada"],"topics":["bridge","steel"],"method":"extractive","citations":[{"text":"We decided to buy cheaper steel for the bridge.","source":"mic","segment_id":"4","index":3}],"agent_id":"scribe","reason":"the agent gave no answer within 30000 ms"},"consent":"record","erase_after_days":30,"owner":"client","memory":"shared","remembered":true,"lost_segments":1,"speakers":{"mic":"Ada"}},"segments":[{"timestamp":"2026-01-02T03:04:06.678Z","source":"mic","role":"unknown","text":"We decided to buy cheaper steel for the bridge.","duration_ms":2900,"segment_id":"4","revision":1,"speaker":"Ada"}],"active":true,"paused":false,"next_offset":1}},
    {"params":{"meeting_id":"m-1"},"result":{"metadata":{"id":"m-1","title":null,"started_at":"2026-01-02T03:04:05.678Z","ended_at":null,"sources":["mic"],"persist_audio":false,"model":null,"language":null,"summary":null,"consent":"nothing"},"segments":[],"active":false,"paused":false}},
  ],
  "meeting.pause": [
    {"params":{"meeting_id":"m-1"},"result":{"meeting_id":"m-1","paused":true}},
    {"params":{"meeting_id":"m-1"},"result":{"meeting_id":"m-1","paused":true}},
  ],
  "meeting.resume": [
    {"params":{"meeting_id":"m-1"},"result":{"meeting_id":"m-1","paused":false}},
    {"params":{"meeting_id":"m-1"},"result":{"meeting_id":"m-1","paused":false}},
  ],
  "meeting.search": [
    {"params":{"query":"steel bridge","meeting_id":"m-1","limit":5},"result":{"hits":[{"meeting_id":"m-1","index":3,"segment":{"timestamp":"2026-01-02T03:04:06.678Z","source":"mic","role":"unknown","text":"We decided to buy cheaper steel for the bridge.","duration_ms":2900,"segment_id":"4","revision":1,"speaker":"Ada"}}],"more":true}},
    {"params":{"query":"steel"},"result":{"hits":[],"more":false}},
  ],
  "meeting.export": [
    {"params":{"meeting_id":"m-1","format":"vtt"},"result":{"meeting_id":"m-1","media_type":"text/vtt","text":"WEBVTT\n\n00:00:01.000 --> 00:00:01.900\n<v Ada>good morning\n"}},
    {"params":{"meeting_id":"m-1"},"result":{"meeting_id":"m-1","media_type":"text/markdown","text":"# m-1\n"}},
  ],
  "meeting.delete": [
    {"params":{"meeting_id":"m-1"},"result":{"meeting_id":"m-1","deleted":true,"facts_forgotten":12}},
    {"params":{"meeting_id":"m-1"},"result":{"meeting_id":"m-1","deleted":true,"facts_forgotten":0}},
  ],
  "meeting.name_speaker": [
    {"params":{"meeting_id":"m-1","speaker":"mic","name":"Ada"},"result":{"id":"m-1","title":"Weekly","started_at":"2026-01-02T03:04:05.678Z","ended_at":"2026-01-02T04:04:05.678Z","sources":["mic","system"],"persist_audio":true,"audio":[{"source":"mic","file":"audio/mic.wav","bytes":345600044,"sample_rate":48000,"channels":1,"duration_ms":3600000,"missing_ms":20}],"model":"tiny.en","language":"en","summary":{"summary":"We decided to buy cheaper steel for the bridge.","decisions":["We decided to buy cheaper steel for the bridge."],"action_items":[],"attendees":["Ada"],"topics":["bridge","steel"],"method":"extractive","citations":[{"text":"We decided to buy cheaper steel for the bridge.","source":"mic","segment_id":"4","index":3}],"agent_id":"scribe","reason":"the agent gave no answer within 30000 ms"},"consent":"record","erase_after_days":30,"owner":"client","memory":"shared","remembered":true,"lost_segments":1,"speakers":{"mic":"Ada"}}},
    {"params":{"meeting_id":"m-1","speaker":"mic"},"result":{"id":"m-1","title":null,"started_at":"2026-01-02T03:04:05.678Z","ended_at":null,"sources":["mic"],"persist_audio":false,"model":null,"language":null,"summary":null,"consent":"nothing"}},
  ],
  "memory.add_fact": [
    {"params":{"subject":"billing","body":"Listens on port 8443","kind":"pattern","confidence":0.9,"valid_until":"2026-06-01T00:00:00.000Z","trust":"untrusted","source":"meeting/7","event":"meeting/7#12","contradicts":["m-3"],"derived_from":["m-4"]},"result":2},
    {"params":{"subject":"billing","body":"Listens on port 8443"},"result":1},
  ],
  "memory.add": [
    {"params":{"subject":"billing","body":"Listens on port 8443","kind":"pattern","confidence":0.9,"valid_until":"2026-06-01T00:00:00.000Z","trust":"untrusted","source":"meeting/7","event":"meeting/7#12","contradicts":["m-3"],"derived_from":["m-4"]},"result":{"id":"m-2","count":2}},
    {"params":{"subject":"billing","body":"Listens on port 8443"},"result":{"id":"m-1","count":1}},
  ],
  "memory.query": [
    {"params":{"query":"which port does billing use","k":3,"explain":true},"result":[{"subject":"billing","body":"Listens on port 8443","kind":"fact","confidence":1.25,"id":"m-2","fact_kind":"pattern","score":{"total":1.25,"lexical":0.75,"dense":0.5,"graph":0.25}}]},
    {"params":{"query":"port"},"result":[]},
  ],
  "memory.build_context": [
    {"params":{"query":"which port does billing use","model_context_window":32768},"result":"## Facts\n- [m-2] billing: Listens on port 8443\n"},
    {"params":{},"result":""},
  ],
  "memory.build_context_fast": [
    {"params":{"query":"which port does billing use","model_context_window":32768},"result":"## Facts\n- [m-2] billing: Listens on port 8443\n"},
    {"params":{},"result":""},
  ],
  "memory.explain_context": [
    {"params":{"query":"which port does billing use","model_context_window":32768},"result":{"text":"## Facts\n- [m-2] billing: Listens on port 8443\n","lines":[{"section":"facts","id":"m-2","score":{"total":1.25,"lexical":0.75,"dense":0.5,"graph":0.25},"text":"- [m-2] billing: Listens on port 8443\n"}]}},
    {"params":{},"result":{"text":"","lines":[]}},
  ],
  "memory.consolidate": [
    {"params":{},"result":{"expired_pruned":1,"superseded_gc":0,"stale_embeddings_removed":40,"nodes_embedded":40,"domains_evolved":["billing"],"total_nodes":200,"total_edges":12,"embedding_coverage":1.0,"trajectory_insights":0,"model_insights":0,"turns_compacted":0,"summaries_created":0,"conv_facts_extracted":0}},
    {"params":{},"result":{"expired_pruned":1,"superseded_gc":0,"stale_embeddings_removed":0,"nodes_embedded":0,"domains_evolved":[],"total_nodes":200,"total_edges":12,"embedding_coverage":1.0,"trajectory_insights":0,"model_insights":0,"turns_compacted":0,"summaries_created":0,"conv_facts_extracted":0}},
  ],
  "memory.fact_count": [
    {"params":{},"result":2},
    {"params":{},"result":0},
  ],
  "memory.get": [
    {"params":{"id":"m-2"},"result":{"id":"m-2","subject":"billing","body":"Listens on port 8443","kind":"pattern","confidence":0.9,"source":"meeting/7/mic","event":"meeting/7#12","at":"2026-01-02T03:04:05.678Z","valid_until":"2026-06-01T00:00:00.000Z","trust":"untrusted","outdated":true,"supersedes":"m-1","superseded_by":"m-5","contradicts":["m-3"],"derived_from":["m-4"],"segment":{"conversation":"meeting/7","source":"mic","segment":"s1","revision":2}}},
    {"params":{"id":"m-1"},"result":{"id":"m-1","subject":"billing","body":"Listens on port 80","kind":"pattern","confidence":0.5,"source":"session/6f1d0c4b92ae","at":"2026-01-02T03:04:05.678Z"}},
  ],
  "memory.update": [
    {"params":{"id":"m-2","subject":"billing","body":"Listens on port 8443","kind":"pattern","confidence":0.9,"valid_until":"2026-06-01T00:00:00.000Z","trust":"untrusted"},"result":{"id":"m-2","subject":"billing","body":"Listens on port 8443","kind":"pattern","confidence":0.9,"source":"meeting/7/mic","event":"meeting/7#12","at":"2026-01-02T03:04:05.678Z","valid_until":"2026-06-01T00:00:00.000Z","trust":"untrusted","outdated":true,"supersedes":"m-1","superseded_by":"m-5","contradicts":["m-3"],"derived_from":["m-4"],"segment":{"conversation":"meeting/7","source":"mic","segment":"s1","revision":2}}},
    {"params":{"id":"m-1"},"result":{"id":"m-1","subject":"billing","body":"Listens on port 80","kind":"pattern","confidence":0.5,"source":"session/6f1d0c4b92ae","at":"2026-01-02T03:04:05.678Z"}},
  ],
  "memory.supersede": [
    {"params":{"id":"m-1","fact":{"subject":"billing","body":"Listens on port 8443","kind":"pattern","confidence":0.9,"valid_until":"2026-06-01T00:00:00.000Z","trust":"untrusted","source":"meeting/7","event":"meeting/7#12","contradicts":["m-3"],"derived_from":["m-4"]}},"result":{"id":"m-2","count":2}},
    {"params":{"id":"m-1","fact":{"subject":"billing","body":"Listens on port 8443"}},"result":{"id":"m-1","count":1}},
  ],
  "memory.forget": [
    {"params":{"id":"m-2","source":"meeting/7"},"result":{"facts":["m-2"],"vectors":1,"index_rows":4,"references":1}},
    {"params":{},"result":{"facts":[],"vectors":0,"index_rows":0,"references":0}},
  ],
  "memory.list": [
    {"params":{"after":"m-1","limit":10,"kind":"pattern","source":"meeting/7","outdated":true},"result":{"facts":[{"id":"m-2","subject":"billing","body":"Listens on port 8443","kind":"pattern","confidence":0.9,"source":"meeting/7/mic","event":"meeting/7#12","at":"2026-01-02T03:04:05.678Z","valid_until":"2026-06-01T00:00:00.000Z","trust":"untrusted","outdated":true,"supersedes":"m-1","superseded_by":"m-5","contradicts":["m-3"],"derived_from":["m-4"],"segment":{"conversation":"meeting/7","source":"mic","segment":"s1","revision":2}}],"next":"m-2"}},
    {"params":{},"result":{"facts":[]}},
  ],
  "memory.history": [
    {"params":{"id":"m-2"},"result":[{"id":"m-2","subject":"billing","body":"Listens on port 8443","kind":"pattern","confidence":0.9,"source":"meeting/7/mic","event":"meeting/7#12","at":"2026-01-02T03:04:05.678Z","valid_until":"2026-06-01T00:00:00.000Z","trust":"untrusted","outdated":true,"supersedes":"m-1","superseded_by":"m-5","contradicts":["m-3"],"derived_from":["m-4"],"segment":{"conversation":"meeting/7","source":"mic","segment":"s1","revision":2}}]},
    {"params":{"id":"m-1"},"result":[]},
  ],
  "memory.ingest_conversation": [
    {"params":{"speaker":"meeting/7/mic","text":"the bridge opens in May","at":"2026-01-02T03:04:05.678Z","segment":{"conversation":"meeting/7","source":"mic","segment":"s1","revision":2}},"result":{"outcome":"replaced","id":"m-2"}},
    {"params":{"speaker":"ada","text":"hello"},"result":{"outcome":"known"}},
  ],
  "memory.persist": [
    {"params":{"path":"team/notes.json"},"result":2},
    {"params":{"path":"a"},"result":0},
  ],
  "memory.load": [
    {"params":{"path":"team/notes.json"},"result":2},
    {"params":{"path":"a"},"result":0},
  ],
  "memory.export": [
    {"params":{"path":"team/notes.json"},"result":{"facts":2,"bytes":512}},
    {"params":{"path":"a"},"result":{"facts":0,"bytes":25}},
  ],
  "memory.import": [
    {"params":{"path":"team/notes.json"},"result":{"facts":2,"outdated":1}},
    {"params":{"path":"a"},"result":{"facts":0,"outdated":0}},
  ],
  "skill.ingest": [
    {"params":{"name":"log_in","code":"click('#login')","platform":"browser","persona":"clerk","url_pattern":"https://shop.example/*","description":"Logs in","supersedes":"log_in_by_form","task_keywords":["log in"]},"result":7},
    {"params":{"name":"log_in","code":"click('#login')"},"result":1},
  ],
  "skill.find": [
    {"params":{"persona":"clerk","url":"https://shop.example/orders","task":"log in to the shop","max_results":3},"result":[{"name":"log_in","code":"click('#login')","platform":"browser","description":"Logs in","stats":{"success_count":3,"fail_count":1,"degraded":false,"broken_for_repair":false},"match_score":0.75}]},
    {"params":{},"result":[]},
  ],
  "skill.report": [
    {"params":{"skill_name":"log_in","outcome":"success"},"result":{"success_count":3,"fail_count":1,"degraded":false,"broken_for_repair":false}},
    {"params":{"skill_name":"log_in","outcome":"fail"},"result":{"success_count":3,"fail_count":1,"degraded":false,"broken_for_repair":false}},
  ],
  "skill.repair": [
    {"params":{"skill_name":"log_in"},"result":{"code":"submit('#form')"}},
    {"params":{"skill_name":"log_in"},"result":null},
  ],
  "skill.forget": [
    {"params":{"skill_name":"log_in"},"result":{"forgotten":true}},
    {"params":{"skill_name":"log_in"},"result":{"forgotten":false}},
  ],
  "skills.list": [
    {"params":{"domain":"web","deprecated":true},"result":[{"name":"log_in","code":"click('#login')","platform":"browser","description":"Logs in","trigger":{"persona":"clerk","url_pattern":"https://shop.example/*","task_keywords":["log in"],"structured":{"form":"login"}},"scope":{"domain":"web"},"when_to_apply":"Before anything is ordered","stats":{"success_count":3,"fail_count":1,"degraded":false,"broken_for_repair":false},"version":2,"at":"2026-01-02T03:04:05.678Z","source":"success","supersedes":"log_in_by_form","deprecated":true}]},
    {"params":{},"result":[]},
  ],
  "skills.ingest_distilled": [
    {"params":{"skills":[{"name":"log_in","description":"Logs in","when_to_apply":"Before anything is ordered","scope":{"domain":"web"},"source":"success","domain":"web","trigger":{"persona":"clerk","url_pattern":"https://shop.example/*","task_keywords":["log in"],"structured":{"form":"login"}},"code":"click('#login')"}]},"result":{"ingested":1}},
    {"params":[],"result":{"ingested":0}},
  ],
  "skills.distill": [
    {"params":{"events":[{"kind":"action_succeeded","action_id":"a1","tool":"browser","data":{"task":"log in to the shop","domain":"web"},"reward":1.0}]},"result":[{"name":"log_in","description":"Logs in","when_to_apply":"Before anything is ordered","scope":{"domain":"web"},"source":"success","domain":"web","trigger":{"persona":"clerk","url_pattern":"https://shop.example/*","task_keywords":["log in"],"structured":{"form":"login"}},"code":"click('#login')"}]},
    {"params":[{"kind":"action_failed","data":null}],"result":[]},
  ],
  "skills.evolve": [
    {"params":{"domain":"web","events":[{"kind":"action_succeeded","action_id":"a1","tool":"browser","data":{"task":"log in to the shop","domain":"web"},"reward":1.0}]},"result":[{"name":"log_in","description":"Logs in","when_to_apply":"Before anything is ordered","scope":{"domain":"web"},"source":"success","domain":"web","trigger":{"persona":"clerk","url_pattern":"https://shop.example/*","task_keywords":["log in"],"structured":{"form":"login"}},"code":"click('#login')"}]},
    {"params":{"domain":"web"},"result":[]},
  ],
  "skills.domains_needing_evolution": [
    {"params":{"threshold":0.5},"result":["web"]},
    {"params":{},"result":[]},
  ],
};

export const callbacks: Examples<Callbacks> = {
  "tools.execute": [
    {"params":{"action_id":"a1","tool":"weather","parameters":{"city":"Lisbon"},"timeout_ms":30000,"attempt":1,"request_id":"cb-7","session_id":"6f1d0c4b92ae","proposal_id":"p1","idle_timeout_ms":5000,"compensation":true,"delivery":2,"_meta":{"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}},"result":{"celsius":21.5}},
    {"params":{"action_id":"a1","tool":"weather","parameters":{},"timeout_ms":null,"attempt":2,"request_id":"cb-8","session_id":"6f1d0c4b92ae"},"result":null},
  ],
  "agent.ping": [
    {"params":{},"result":{}},
    {"params":{},"result":null},
  ],
  "agent.chat": [
    {"params":{"session_id":"chat-2f6c1a90b7de","prompt":"How warm is it in Lisbon?","stream":true,"context":{"host_client_id":"6f1d0c4b92ae","voice_input":false},"turn_id":"turn-51b0c2d3e4f5","agent_id":"echo","attachments":[{"name":"notes.txt","handle":{"sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","bytes":13,"media_type":"text/plain; charset=utf-8","expires_at":"2026-01-02T04:04:05.678Z"}}],"cwd":"/home/ada/notes"},"result":{"accepted":true}},
    {"params":{"session_id":"chat-2f6c1a90b7de","prompt":"hello","stream":true,"context":{"host_client_id":"6f1d0c4b92ae","voice_input":false},"turn_id":"turn-51b0c2d3e4f5","agent_id":"echo"},"result":null},
  ],
  "provider.call": [
    {"params":{"method":"mail.send","params":{"to":["ada@example.org"]},"request_id":"cb-7","timeout_ms":60000,"session_id":"0a1b2c3d4e5f","principal":"client","delivery":2},"result":{"sent":true}},
    {"params":{"method":"mail.send","params":{},"request_id":"cb-8","timeout_ms":60000,"session_id":"0a1b2c3d4e5f","principal":"anonymous/0a1b2c3d4e5f"},"result":null},
  ],
};

export const notifications: Examples<Notifications> = {
  "session.closing": [
    {"params":{"reason":"shutting_down","message":"the daemon is shutting down"}},
    {"params":{"reason":"fenced","message":"the session goes on on another connection"}},
  ],
  "session.event": [
    {"params":{"kind":"action_succeeded","timestamp":"2026-01-02T03:04:05.678Z","action_id":"a1","proposal_id":"p1","data":{"attempts":1},"stream":"session/6f1d0c4b92ae","epoch":1,"seq":41}},
    {"params":{"kind":"session_scope","timestamp":"2026-01-02T03:04:05.678Z","data":{},"stream":"session/6f1d0c4b92ae","epoch":1,"seq":1}},
  ],
  "tools.cancel": [
    {"params":{"request_id":"cb-7","reason":"timeout"}},
    {"params":{"request_id":"cb-7","reason":"cancelled"}},
  ],
  "events.lagged": [
    {"params":{"stream":"host","epoch":3,"from_seq":120,"to_seq":164,"skipped":37,"coalesced":8}},
    {"params":{"stream":"host","epoch":3,"from_seq":120,"to_seq":164,"skipped":45}},
  ],
  "events.ended": [
    {"params":{"stream":"session/6f1d0c4b92ae","epoch":5,"seq":12}},
    {"params":{"stream":"session/6f1d0c4b92ae","epoch":5,"seq":12}},
  ],
  "events.uncovered": [
    {"params":{"stream":"session/6f1d0c4b92ae","limit":1024}},
    {"params":{"stream":"session/6f1d0c4b92ae","limit":1024}},
  ],
  "host.event": [
    {"params":{"id":"event-77b1d2e3f405","timestamp":"2026-01-02T03:04:05.678Z","kind":"host.notification","agent_id":"agent-5d2f0a91c3be","message":"the plan is ready","payload":{"pages":3},"stream":"host","epoch":3,"seq":164}},
    {"params":{"id":"event-77b1d2e3f405","timestamp":"2026-01-02T03:04:05.678Z","kind":"host.notification","message":"","payload":null,"stream":"host","epoch":3,"seq":164}},
  ],
  "agents.chat.event": [
    {"params":{"session_id":"chat-2f6c1a90b7de","agent_id":"echo","turn_id":"turn-51b0c2d3e4f5","kind":"error","prompt":"How warm is it in Lisbon?","delta":"It is ","from_seq":11,"detail":{"tool":"weather"},"attachments":[{"name":"notes.txt","handle":{"sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","bytes":13,"media_type":"text/plain; charset=utf-8","expires_at":"2026-01-02T04:04:05.678Z"}}],"finish_reason":"stop","error":"the agent's session has ended","outcome":"agent_gone","stream":"chat/chat-2f6c1a90b7de","epoch":1767323045678,"seq":13}},
    {"params":{"session_id":"chat-2f6c1a90b7de","agent_id":"echo","turn_id":"turn-51b0c2d3e4f5","kind":"token","stream":"chat/chat-2f6c1a90b7de","epoch":1767323045678,"seq":13}},
  ],
  "agent.log": [
    {"params":{"kind":"stdout","timestamp":"2026-01-02T03:04:05.678Z","agent_id":"echo","lines":["ready"],"stream":"agent/echo/log","epoch":1,"seq":3}},
    {"params":{"kind":"stdout","timestamp":"2026-01-02T03:04:05.678Z","agent_id":"echo","lines":["ready"],"stream":"agent/echo/log","epoch":1,"seq":3}},
  ],
  "agent.chat.cancel": [
    {"params":{"session_id":"chat-2f6c1a90b7de","turn_id":"turn-51b0c2d3e4f5","reason":"cancelled"}},
    {"params":{"session_id":"chat-2f6c1a90b7de","turn_id":"turn-51b0c2d3e4f5","reason":"cancelled"}},
  ],
  "voice.event": [
    {"params":{"session_id":"desk","event":{"type":"transcript","text":"good morning","duration_ms":900,"role":"unknown","segment_id":"0","revision":1,"start_ms":320,"end_ms":1220,"language":"en","confidence":0.93},"stream":"voice/6f1d0c4b92ae/desk","epoch":1,"seq":4}},
    {"params":{"session_id":"desk","event":{"type":"done","outcome":"stopped"},"stream":"voice/6f1d0c4b92ae/desk","epoch":1,"seq":4}},
  ],
  "voice.audio_refused": [
    {"params":{"session_id":"desk","sequence":8,"kind":"overloaded","message":"as much audio waits as may","refused":2}},
    {"params":{"kind":"invalid_params","message":"the message ends within its header","refused":1}},
  ],
  "provider.cancel": [
    {"params":{"request_id":"cb-7","reason":"timeout"}},
    {"params":{"request_id":"cb-7","reason":"cancelled"}},
  ],
  "execution.event": [
    {"params":{"kind":"progress","timestamp":"2026-01-02T03:04:05.678Z","action_id":"a1","proposal_id":"p1","data":{"attempt":1,"progress":3.0,"total":12.0},"stream":"run/6f1d0c4b92ae/p1","epoch":1,"seq":3}},
    {"params":{"kind":"ended","timestamp":"2026-01-02T03:04:05.678Z","proposal_id":"p1","data":{},"stream":"run/6f1d0c4b92ae/p1","epoch":1,"seq":9}},
  ],
};
