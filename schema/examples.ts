// Examples of all messages: each filled, with every member, and minimal, with those that must be there.
// Generated from crates/car-protocol; `cargo xtask codegen` writes it.

import type { Callbacks, Methods, Notifications } from "./car";

type Examples<Table> = { [Name in keyof Table]: Table[Name][] };

export const methods: Examples<Methods> = {
  "session.auth": [
    {"params":{"agent_id":"planner","grace_ms":60000,"host_token":"kQ7x…","resume":true,"token":"pN0s…"},"result":{"agent_id":"planner","auth_enabled":true,"grace_ms":60000,"ok":true,"resume_token":"6f1d0c4b92ae.8c…","role":"host"}},
    {"params":{},"result":{"auth_enabled":false,"ok":true,"role":"client"}},
  ],
  "session.init": [
    {"params":{"client_id":"notebook","grace_ms":60000,"policies":[{"agent":"planner","count":2,"key":"city","name":"calm-city","pattern":"storm","rule":"deny_tool_param","target":"weather","tools":["weather","search"],"value":"Lisbon","window_ms":60000}],"resume":true,"tools":[{"cache_ttl_secs":60,"description":"The weather of a city","idempotent":true,"idle_timeout_ms":10000,"max_concurrency":4,"name":"weather","parameters":{"properties":{"city":{"type":"string"}},"required":["city"],"type":"object"},"rate_limit":{"interval_secs":1.5,"max_calls":10},"returns":{"type":"object"}}]},"result":{"grace_ms":60000,"policies_registered":0,"policies_skipped":[{"name":"no-rm","reason":"unknown rule: deny_everything"}],"resume_token":"6f1d0c4b92ae.8c…","session_id":"6f1d0c4b92ae","tools_registered":1}},
    {"params":{},"result":{"policies_registered":0,"session_id":"6f1d0c4b92ae","tools_registered":0}},
  ],
  "session.resume": [
    {"params":{"grace_ms":60000,"seen":{"host":{"epoch":3,"seq":41}},"token":"6f1d0c4b92ae.8c…","waiting":[7,8,"nine",10,2]},"result":{"callbacks":[{"delivered":true,"delivery":2,"method":"tools.execute","request_id":"cb-5","timeout_ms":29000}],"grace_ms":60000,"lost":["policy_scopes","state","memory","agents","requests","callbacks"],"not_seen":[10],"replies":[{"id":7,"jsonrpc":"2.0","result":null}],"replies_lost":["nine"],"restarted":true,"restored":["tools","policies","subscriptions"],"resume_token":"6f1d0c4b92ae.d1…","role":"client","running":[8],"session_id":"6f1d0c4b92ae","streams":[{"from":{"epoch":3,"seq":41},"head":{"epoch":3,"seq":44},"stream":"host"},{"head":{"epoch":9,"seq":0},"resync_required":{"epoch":9,"seq":0},"stream":"session/6f1d0c4b92ae"}],"unknown":[2]}},
    {"params":{"token":"6f1d0c4b92ae.8c…"},"result":{"callbacks":[],"grace_ms":120000,"replies":[],"restarted":false,"restored":[],"resume_token":"6f1d0c4b92ae.d1…","role":"client","running":[],"session_id":"6f1d0c4b92ae","streams":[]}},
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
    {"params":{"client_name":"notebook","client_version":"1.4.0","protocol_version":3,"required_capabilities":["tools.cancel"]},"result":{"capabilities":["tools.cancel","events.query"],"client_protocol_version":3,"protocol_version":3,"server_version":"0.1.0"}},
    {"params":{"protocol_version":1},"result":{"capabilities":["tools.cancel","events.query"],"client_protocol_version":1,"protocol_version":1,"server_version":"0.1.0"}},
  ],
  "server.status": [
    {"params":{},"result":{"approvals_pending":0,"callbacks_open":1,"connections":3,"host_agents":2,"pid":4711,"requests_in_flight":1,"sessions":3,"shutting_down":false,"started_at":"2026-01-02T03:04:05.678Z","streams":4,"uptime_ms":86400000,"version":"0.1.0"}},
    {"params":{},"result":{"approvals_pending":0,"callbacks_open":1,"connections":3,"host_agents":2,"pid":4711,"requests_in_flight":1,"sessions":3,"shutting_down":false,"started_at":"2026-01-02T03:04:05.678Z","streams":4,"uptime_ms":86400000,"version":"0.1.0"}},
  ],
  "server.shutdown": [
    {"params":{},"result":{"ok":true}},
    {"params":{},"result":{"ok":true}},
  ],
  "rpc.discover": [
    {"params":{},"result":{"info":{},"methods":[],"openrpc":"1.4.1"}},
    {"params":{},"result":{"info":{},"methods":[],"openrpc":"1.4.1"}},
  ],
  "diagnostics.snapshot": [
    {"params":{"limit":10},"result":{"at":"2026-01-03T03:04:05.678Z","connections":[{"authenticated":true,"callbacks_open":1,"lag_events":118,"open_ms":86399000,"peer":"unix uid 1000 pid 812","queued_bytes":1024,"queued_frames":3,"requests_in_flight":1,"role":"client","session_id":"6f1d0c4b92ae","stalled_ms":2400,"subscriptions":1,"transport":"unix"}],"connections_omitted":2,"counters":{"connections_ended":[{"count":9,"name":"normal"}],"connections_opened":12,"errors":[{"count":2,"name":"forbidden"}],"events":[{"count":40,"name":"host"}],"events_coalesced":60,"events_refused":0,"events_skipped":7,"frames_dropped":0,"http_refused":[{"count":1,"name":"origin"}],"requests":[{"count":1000,"name":"state.get ok"}],"resumes":[{"count":2,"name":"resumed"}]},"memory":{"closed":1,"evicted":30,"given_back":2,"let_go":900,"limit":67108864,"outboxes":67584,"rings":1048576},"notices":[{"at":"2026-01-03T03:00:00.000Z","count":3,"level":"warn","message":"there are as many connections as allowed; further clients wait listener=tcp limit=4096","target":"car_transport::accept"}],"process":{"max_descriptors":8192,"open_descriptors":17,"pid":4711,"resident_bytes":18874368,"threads":4},"queues":{"bulk_bytes":65536,"bulk_lag_events":120,"bulk_lag_most":118,"fast_bytes":1024,"fast_frames":3,"reply_bytes":2048,"request_bytes":512,"sessions_detached":1,"sessions_noted":0,"stalled_connections":1,"subscriptions":2},"settings":[{"name":"port","origin":"CAR_PORT","value":9200},{"name":"relay_token","origin":"/home/ada/.car/car.toml:3","value":"(hidden)"}],"status":{"approvals_pending":0,"callbacks_open":1,"connections":3,"host_agents":2,"pid":4711,"requests_in_flight":1,"sessions":3,"shutting_down":false,"started_at":"2026-01-02T03:04:05.678Z","streams":4,"uptime_ms":86400000,"version":"0.1.0"},"storage":{"files":[{"bytes":262144,"name":"car.db"}],"free_bytes":53687091200,"path":"/home/ada/.car"},"streams":[{"bytes":9120,"epoch":1767323045678,"events":40,"seq":40,"stream":"host"}],"streams_omitted":3,"versions":{"arch":"x86_64","os":"linux","protocol_max":3,"protocol_min":1,"server":"0.1.0"}}},
    {"params":{},"result":{"at":"2026-01-02T03:04:05.678Z","connections":[],"connections_omitted":0,"counters":{"connections_ended":[],"connections_opened":0,"errors":[],"events":[],"events_coalesced":0,"events_refused":0,"events_skipped":0,"frames_dropped":0,"http_refused":[],"requests":[],"resumes":[]},"memory":{"closed":0,"evicted":0,"given_back":0,"let_go":0,"limit":67108864,"outboxes":0,"rings":0},"notices":[],"process":{"pid":4711},"queues":{"bulk_bytes":0,"bulk_lag_events":0,"bulk_lag_most":0,"fast_bytes":0,"fast_frames":0,"reply_bytes":0,"request_bytes":0,"sessions_detached":0,"sessions_noted":0,"stalled_connections":0,"subscriptions":0},"settings":[],"status":{"approvals_pending":0,"callbacks_open":1,"connections":3,"host_agents":2,"pid":4711,"requests_in_flight":1,"sessions":3,"shutting_down":false,"started_at":"2026-01-02T03:04:05.678Z","streams":4,"uptime_ms":86400000,"version":"0.1.0"},"storage":{"files":[],"path":"/home/ada/.car"},"streams":[],"streams_omitted":0,"versions":{"arch":"x86_64","os":"linux","protocol_max":3,"protocol_min":1,"server":"0.1.0"}}},
  ],
  "tools.register": [
    {"params":[{"cache_ttl_secs":60,"description":"The weather of a city","idempotent":true,"idle_timeout_ms":10000,"max_concurrency":4,"name":"weather","parameters":{"properties":{"city":{"type":"string"}},"required":["city"],"type":"object"},"rate_limit":{"interval_secs":1.5,"max_calls":10},"returns":{"type":"object"}}],"result":1},
    {"params":[{"name":"weather"}],"result":1},
  ],
  "tools.list": [
    {"params":{},"result":{"tools":[{"cache_ttl_secs":60,"description":"The weather of a city","idempotent":true,"idle_timeout_ms":10000,"max_concurrency":4,"name":"weather","parameters":{"properties":{"city":{"type":"string"}},"required":["city"],"type":"object"},"rate_limit":{"interval_secs":1.5,"max_calls":10},"returns":{"type":"object"}}]}},
    {"params":{},"result":{"tools":[{"description":"","idempotent":false,"name":"weather","parameters":null}]}},
  ],
  "tools.unregister": [
    {"params":{"name":"weather"},"result":{"removed":1}},
    {"params":{"name":"weather"},"result":{"removed":0}},
  ],
  "tools.progress": [
    {"params":{"message":"the third of twelve stations","partial":{"stations":3},"progress":3.0,"request_id":"cb-7","total":12.0},"result":{"taken":true}},
    {"params":{"progress":0.5,"request_id":"cb-7"},"result":{"taken":false}},
  ],
  "proposal.submit": [
    {"params":{"proposal":{"actions":[{"compensable":true,"compensation":{"parameters":{"forecast":"$a1.output"},"timeout_ms":5000,"tool":"forget"},"dependencies":[],"expected_effects":{"forecast":"mild"},"failure_behavior":"retry","id":"a1","idempotent":true,"idle_timeout_ms":5000,"max_retries":2,"metadata":{"why":"the trip"},"parameters":{"city":"Lisbon"},"preconditions":[{"description":"the city was chosen","key":"city","operator":"eq","value":"Lisbon"}],"state_dependencies":["city"],"timeout_ms":30000,"tool":"weather","type":"tool_call"}],"budget":{"max_actions":10,"max_duration_ms":60000,"max_tool_calls":5},"context":{"goal":"plan a trip"},"execution":"sequential","id":"p1","max_concurrency":8,"source":"planner","timeout_ms":600000,"timestamp":"2026-01-02T03:04:05Z"},"scope":{"callerId":"ada","claims":{"team":"research"},"tenantId":"acme"},"session_id":"0b5d8a52-7c1e-4f0a-9d53-2f8f6f0e7f11","stream":true},"result":{"budget_exhausted":"max_tool_calls","compensations":[{"action_id":"a1","duration_ms":3.5,"error":"no such tool","output":null,"status":"succeeded","timestamp":"2026-01-02T03:04:05.680Z","tool":"forget"}],"cost":{"actions_executed":2,"actions_rejected":1,"actions_skipped":0,"retries":0,"tool_calls":1,"total_duration_ms":13.25},"outcome":"aborted","proposal_id":"p1","results":[{"action_id":"a1","attempts":1,"duration_ms":12.5,"output":{"celsius":21.5},"state_changes":{"forecast":"mild"},"status":"succeeded","timestamp":"2026-01-02T03:04:05.678Z"},{"action_id":"a2","attempts":0,"error":"policy `two-trains`: `train` was called 2 times in 60000 ms","error_kind":"policy","retry_after_ms":1500,"state_changes":{},"status":"rejected","stored":true,"timestamp":"2026-01-02T03:04:05.679Z","violations":[{"level":"daemon","policy":"two-trains","reason":"`train` was called 2 times in 60000 ms","retry_after_ms":1500,"rule":"max_calls"}]}],"run":{"epoch":1,"seq":9,"stream":"run/6f1d0c4b92ae/p1"}}},
    {"params":{"proposal":{"actions":[{"type":"tool_call"}]}},"result":{"cost":{"actions_executed":2,"actions_rejected":1,"actions_skipped":0,"retries":0,"tool_calls":1,"total_duration_ms":13.25},"outcome":"completed","proposal_id":"p1","results":[{"action_id":"a1","attempts":0,"state_changes":{},"status":"skipped","timestamp":"2026-01-02T03:04:05.678Z"}]}},
  ],
  "proposal.cancel": [
    {"params":{"proposal_id":"p1","reason":"no longer needed","session_id":"6f1d0c4b92ae"},"result":{"cancelled":false,"outcome":"completed","proposal_id":"p1"}},
    {"params":{"proposal_id":"p1"},"result":{"cancelled":true,"proposal_id":"p1"}},
  ],
  "proposal.calls": [
    {"params":{"proposal_id":"p1","session_id":"6f1d0c4b92ae"},"result":{"calls":[{"action_id":"a1","attempt":1,"began":"2026-01-02T03:04:05.678Z","compensation":true,"duration_ms":30000.0,"fence":7,"late":{"bytes":16,"error":"the station is closed","result":{"celsius":21.5},"timestamp":"2026-01-02T03:04:39.000Z"},"lease_ms":30000,"state":"timed_out","tool":"weather"}],"proposal_id":"p1","running":false}},
    {"params":{"proposal_id":"p1"},"result":{"calls":[],"proposal_id":"p1","running":true}},
  ],
  "results.read": [
    {"params":{"encoding":"text","handle":{"bytes":2097152,"expires_at":"2026-01-02T04:04:05.678Z","media_type":"text/plain; charset=utf-8","sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},"length":12,"offset":0},"result":{"data":"Lisbon, 21 C","encoding":"text","handle":{"bytes":2097152,"expires_at":"2026-01-02T04:04:05.678Z","media_type":"text/plain; charset=utf-8","sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},"length":12,"next_offset":12,"offset":0}},
    {"params":{"handle":{"sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}},"result":{"data":"","encoding":"base64","handle":{"bytes":2097152,"expires_at":"2026-01-02T04:04:05.678Z","media_type":"text/plain; charset=utf-8","sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},"length":0,"offset":2097152}},
  ],
  "policy.register": [
    {"params":{"agent":"planner","count":2,"key":"city","name":"calm-city","pattern":"storm","rule":"deny_tool_param","scope":"global","session_id":"0b5d8a52-7c1e-4f0a-9d53-2f8f6f0e7f11","target":"weather","tools":["weather","search"],"value":"Lisbon","window_ms":60000},"result":{"level":"policy_scope","registered":"calm-city","scope":{"session_id":"0b5d8a52-7c1e-4f0a-9d53-2f8f6f0e7f11"}}},
    {"params":{"name":"no-shell","rule":"deny_tool"},"result":{"level":"session","registered":"no-shell","scope":"global"}},
  ],
  "policy.list": [
    {"params":{"scope":"global","session_id":"0b5d8a52-7c1e-4f0a-9d53-2f8f6f0e7f11"},"result":{"policies":[{"agent":"planner","count":2,"key":"city","name":"calm-city","pattern":"storm","rule":"deny_tool_param","target":"weather","tools":["weather","search"],"value":"Lisbon","window_ms":60000}]}},
    {"params":{},"result":{"policies":[{"name":"no-shell","rule":"deny_tool"}]}},
  ],
  "policy.unregister": [
    {"params":{"name":"calm-city","scope":"global","session_id":"0b5d8a52-7c1e-4f0a-9d53-2f8f6f0e7f11"},"result":{"removed":1}},
    {"params":{"name":"no-shell"},"result":{"removed":0}},
  ],
  "policy.explain": [
    {"params":{"action":{"compensable":true,"compensation":{"parameters":{"forecast":"$a1.output"},"timeout_ms":5000,"tool":"forget"},"dependencies":[],"expected_effects":{"forecast":"mild"},"failure_behavior":"retry","id":"a1","idempotent":true,"idle_timeout_ms":5000,"max_retries":2,"metadata":{"why":"the trip"},"parameters":{"city":"Lisbon"},"preconditions":[{"description":"the city was chosen","key":"city","operator":"eq","value":"Lisbon"}],"state_dependencies":["city"],"timeout_ms":30000,"tool":"weather","type":"tool_call"},"scope":{"callerId":"ada","claims":{"team":"research"},"tenantId":"acme"},"session_id":"0b5d8a52-7c1e-4f0a-9d53-2f8f6f0e7f11"},"result":{"asked":3,"decided_by":"two-a-minute","decision":"deny","policies":[{"finding":"denies","level":"session","policy":"two-a-minute","reason":"`weather` was called 2 times in 60000 ms","remaining":0,"retry_after_ms":1500,"rule":"max_calls"}],"reason":"`weather` was called 2 times in 60000 ms"}},
    {"params":{"action":{"type":"tool_call"}},"result":{"asked":0,"decision":"allow","policies":[]}},
  ],
  "verify": [
    {"params":{"initial_state":{"city":"Lisbon"},"proposal":{"actions":[{"compensable":true,"compensation":{"parameters":{"forecast":"$a1.output"},"timeout_ms":5000,"tool":"forget"},"dependencies":[],"expected_effects":{"forecast":"mild"},"failure_behavior":"retry","id":"a1","idempotent":true,"idle_timeout_ms":5000,"max_retries":2,"metadata":{"why":"the trip"},"parameters":{"city":"Lisbon"},"preconditions":[{"description":"the city was chosen","key":"city","operator":"eq","value":"Lisbon"}],"state_dependencies":["city"],"timeout_ms":30000,"tool":"weather","type":"tool_call"}],"budget":{"max_actions":10,"max_duration_ms":60000,"max_tool_calls":5},"context":{"goal":"plan a trip"},"execution":"sequential","id":"p1","max_concurrency":8,"source":"planner","timeout_ms":600000,"timestamp":"2026-01-02T03:04:05Z"},"scope":{"callerId":"ada","claims":{"team":"research"},"tenantId":"acme"}},"result":{"issues":[{"action_id":"a1","message":"tool is not registered: weather","severity":"error"}],"simulated_state":{"city":"Lisbon","forecast":"mild"},"valid":false}},
    {"params":{"proposal":{"actions":[{"type":"tool_call"}]}},"result":{"issues":[],"simulated_state":{},"valid":true}},
  ],
  "simulate": [
    {"params":{"initial_state":{"city":"Lisbon"},"proposal":{"actions":[{"compensable":true,"compensation":{"parameters":{"forecast":"$a1.output"},"timeout_ms":5000,"tool":"forget"},"dependencies":[],"expected_effects":{"forecast":"mild"},"failure_behavior":"retry","id":"a1","idempotent":true,"idle_timeout_ms":5000,"max_retries":2,"metadata":{"why":"the trip"},"parameters":{"city":"Lisbon"},"preconditions":[{"description":"the city was chosen","key":"city","operator":"eq","value":"Lisbon"}],"state_dependencies":["city"],"timeout_ms":30000,"tool":"weather","type":"tool_call"}],"budget":{"max_actions":10,"max_duration_ms":60000,"max_tool_calls":5},"context":{"goal":"plan a trip"},"execution":"sequential","id":"p1","max_concurrency":8,"source":"planner","timeout_ms":600000,"timestamp":"2026-01-02T03:04:05Z"},"scope":{"callerId":"ada","claims":{"team":"research"},"tenantId":"acme"}},"result":{"issues":[{"action_id":"a1","message":"tool is not registered: weather","severity":"error"}],"simulated_state":{"city":"Lisbon","forecast":"mild"},"steps":[{"action_id":"a1","state":{"city":"Lisbon","forecast":"mild"},"unknown":["forecast"],"writes":{"forecast":"mild"}}],"truncated":true,"valid":false}},
    {"params":{"proposal":{"actions":[{"type":"tool_call"}]}},"result":{"issues":[],"simulated_state":{},"steps":[{"action_id":"a1","writes":{}}],"valid":true}},
  ],
  "state.get": [
    {"params":{"key":"greeting","tenant_id":"acme"},"result":"hello"},
    {"params":{"key":"greeting"},"result":null},
  ],
  "state.set": [
    {"params":{"key":"greeting","tenant_id":"acme","value":"hello"},"result":"ok"},
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
    {"params":{},"result":{"approxEventBytes":8400,"approxSpanBytes":0,"events":42,"spans":0}},
    {"params":{},"result":{"approxEventBytes":0,"approxSpanBytes":0,"events":0,"spans":0}},
  ],
  "events.streams": [
    {"params":{"after":"host","family":"host","limit":10},"result":{"more":true,"streams":[{"bytes":12800,"durability":"os","events":64,"family":"host","head":{"epoch":3,"seq":164},"oldest":{"epoch":3,"seq":100},"stream":"host"}]}},
    {"params":{},"result":{"more":false,"streams":[]}},
  ],
  "events.retention": [
    {"params":{},"result":{"families":[{"bytes":12800,"durability":"os","events":64,"family":"host","keys":[{"about":["agent_id"],"kinds":"agent."}],"max_age_ms":604800000,"max_bytes":4194304,"max_events":500,"notification":"host.event","reader":"everybody","snapshot":true,"streams":1}]}},
    {"params":{},"result":{"families":[]}},
  ],
  "events.query": [
    {"params":{"kinds":["action_succeeded"],"limit":2,"since":{"epoch":1,"seq":40},"stream":"session/6f1d0c4b92ae"},"result":{"events":[{"action_id":"a1","data":{"attempts":1},"kind":"action_succeeded","message":"done","proposal_id":"p1","seq":41,"timestamp":"2026-01-02T03:04:05.678Z"}],"missed":0,"more":false,"next":{"epoch":1,"seq":41},"stream":"session/6f1d0c4b92ae"}},
    {"params":{},"result":{"events":[{"data":{},"kind":"session_scope","seq":1,"timestamp":"2026-01-02T03:04:05.678Z"}],"missed":0,"more":true,"next":{"epoch":1,"seq":1},"stream":"session/6f1d0c4b92ae"}},
  ],
  "events.subscribe": [
    {"params":{"delivery":"coalesce","since":{"host":"now","session/6f1d0c4b92ae":{"epoch":5,"seq":4}},"snapshot":true,"streams":["host","session/*"]},"result":{"caps":{"bytes":262144,"frames":512},"delivery":"coalesce","ended":["session/0a9c1b2d3e4f"],"streams":[{"from":{"epoch":3,"seq":164},"head":{"epoch":3,"seq":164},"notification":"host.event","snapshot":{"agents":[],"approvals":[]},"stream":"host"},{"from":{"epoch":5,"seq":4},"head":{"epoch":5,"seq":12},"notification":"session.event","pattern":"session/*","stream":"session/6f1d0c4b92ae"}]}},
    {"params":{"streams":["host"]},"result":{"caps":{"bytes":262144,"frames":512},"delivery":"lossless","streams":[{"from":{"epoch":3,"seq":164},"head":{"epoch":3,"seq":164},"notification":"host.event","stream":"host"}]}},
  ],
  "events.unsubscribe": [
    {"params":{"streams":["host"]},"result":{"removed":1}},
    {"params":{"streams":["host"]},"result":{"removed":0}},
  ],
  "events.truncate": [
    {"params":{"maxEvents":10,"maxSpans":0},"result":{"removedEvents":32,"removedSpans":0,"stats":{"approxEventBytes":2000,"approxSpanBytes":0,"events":10,"spans":0}}},
    {"params":{},"result":{"removedEvents":32,"removedSpans":0,"stats":{"approxEventBytes":2000,"approxSpanBytes":0,"events":10,"spans":0}}},
  ],
  "events.clear": [
    {"params":{},"result":{"removed":{"approxEventBytes":8400,"approxSpanBytes":0,"events":42,"spans":0},"stats":{"approxEventBytes":0,"approxSpanBytes":0,"events":0,"spans":0}}},
    {"params":{},"result":{"removed":{"approxEventBytes":8400,"approxSpanBytes":0,"events":42,"spans":0},"stats":{"approxEventBytes":0,"approxSpanBytes":0,"events":0,"spans":0}}},
  ],
  "host.subscribe": [
    {"params":{},"result":{"agents":[{"capabilities":["plan"],"current_task":"looking at the weather","display":{"accent":"#2d6cdf","icon":"map","label":"Planner"},"id":"agent-5d2f0a91c3be","kind":"assistant","metadata":{"model":"none"},"name":"planner","pid":4712,"project":"trip","session_id":"6f1d0c4b92ae","status":"running","updated_at":"2026-01-02T03:04:05.678Z"}],"approvals":[{"action":"ws.method:state.clear","agent_id":"agent-5d2f0a91c3be","client_id":"6f1d0c4b92ae","created_at":"2026-01-02T03:04:05.678Z","details":{"method":"state.clear"},"expires_at":"2026-01-02T03:05:05.678Z","id":"approval-1f0c2a9b7e44","options":["approve","deny"],"resolution":"approve","resolved_at":"2026-01-02T03:04:09.001Z","status":"resolved"}],"epoch":3,"events":[{"agent_id":"agent-5d2f0a91c3be","epoch":3,"id":"event-77b1d2e3f405","kind":"host.notification","message":"the plan is ready","payload":{"pages":3},"seq":164,"stream":"host","timestamp":"2026-01-02T03:04:05.678Z"}],"identity":{"manifest_path":"agents.json","manifest_role":"owner","pid":4711,"version":"0.1.0"},"seq":164,"subscribed":true}},
    {"params":{},"result":{"agents":[],"approvals":[],"epoch":3,"events":[],"identity":{"manifest_path":null,"manifest_role":"owner","pid":4711,"version":"0.1.0"},"seq":164,"subscribed":true}},
  ],
  "host.agents": [
    {"params":{},"result":[{"capabilities":["plan"],"current_task":"looking at the weather","display":{"accent":"#2d6cdf","icon":"map","label":"Planner"},"id":"agent-5d2f0a91c3be","kind":"assistant","metadata":{"model":"none"},"name":"planner","pid":4712,"project":"trip","session_id":"6f1d0c4b92ae","status":"running","updated_at":"2026-01-02T03:04:05.678Z"}]},
    {"params":{},"result":[]},
  ],
  "host.events": [
    {"params":{"limit":20},"result":[{"agent_id":"agent-5d2f0a91c3be","epoch":3,"id":"event-77b1d2e3f405","kind":"host.notification","message":"the plan is ready","payload":{"pages":3},"seq":164,"stream":"host","timestamp":"2026-01-02T03:04:05.678Z"}]},
    {"params":{},"result":[]},
  ],
  "host.approvals": [
    {"params":{},"result":[{"action":"ws.method:state.clear","agent_id":"agent-5d2f0a91c3be","client_id":"6f1d0c4b92ae","created_at":"2026-01-02T03:04:05.678Z","details":{"method":"state.clear"},"expires_at":"2026-01-02T03:05:05.678Z","id":"approval-1f0c2a9b7e44","options":["approve","deny"],"resolution":"approve","resolved_at":"2026-01-02T03:04:09.001Z","status":"resolved"}]},
    {"params":{},"result":[]},
  ],
  "host.register_agent": [
    {"params":{"capabilities":["plan"],"display":{"accent":"#2d6cdf","icon":"map","label":"Planner"},"id":"agent-5d2f0a91c3be","kind":"assistant","metadata":{"model":"none"},"name":"planner","pid":4712,"project":"trip"},"result":{"capabilities":["plan"],"current_task":"looking at the weather","display":{"accent":"#2d6cdf","icon":"map","label":"Planner"},"id":"agent-5d2f0a91c3be","kind":"assistant","metadata":{"model":"none"},"name":"planner","pid":4712,"project":"trip","session_id":"6f1d0c4b92ae","status":"running","updated_at":"2026-01-02T03:04:05.678Z"}},
    {"params":{"name":"planner"},"result":{"capabilities":[],"display":{},"id":"agent-5d2f0a91c3be","kind":"","metadata":null,"name":"planner","status":"idle","updated_at":"2026-01-02T03:04:05.678Z"}},
  ],
  "host.unregister_agent": [
    {"params":{"agent_id":"agent-5d2f0a91c3be"},"result":{"ok":true}},
    {"params":{"agent_id":"agent-5d2f0a91c3be"},"result":{"ok":true}},
  ],
  "host.set_status": [
    {"params":{"agent_id":"agent-5d2f0a91c3be","current_task":"looking at the weather","message":"planner looks at the weather","payload":{"step":1},"status":"running"},"result":{"capabilities":["plan"],"current_task":"looking at the weather","display":{"accent":"#2d6cdf","icon":"map","label":"Planner"},"id":"agent-5d2f0a91c3be","kind":"assistant","metadata":{"model":"none"},"name":"planner","pid":4712,"project":"trip","session_id":"6f1d0c4b92ae","status":"running","updated_at":"2026-01-02T03:04:05.678Z"}},
    {"params":{"agent_id":"agent-5d2f0a91c3be","status":"idle"},"result":{"capabilities":[],"display":{},"id":"agent-5d2f0a91c3be","kind":"","metadata":null,"name":"planner","status":"idle","updated_at":"2026-01-02T03:04:05.678Z"}},
  ],
  "host.notify": [
    {"params":{"agent_id":"agent-5d2f0a91c3be","kind":"host.notification","message":"the plan is ready","payload":{"pages":3}},"result":{"agent_id":"agent-5d2f0a91c3be","epoch":3,"id":"event-77b1d2e3f405","kind":"host.notification","message":"the plan is ready","payload":{"pages":3},"seq":164,"stream":"host","timestamp":"2026-01-02T03:04:05.678Z"}},
    {"params":{},"result":{"epoch":3,"id":"event-77b1d2e3f405","kind":"host.notification","message":"","payload":null,"seq":164,"stream":"host","timestamp":"2026-01-02T03:04:05.678Z"}},
  ],
  "host.request_approval": [
    {"params":{"action":"book the train","agent_id":"agent-5d2f0a91c3be","details":{"price":"39 EUR"},"options":["approve","deny"],"system_level":false},"result":{"action":"ws.method:state.clear","agent_id":"agent-5d2f0a91c3be","client_id":"6f1d0c4b92ae","created_at":"2026-01-02T03:04:05.678Z","details":{"method":"state.clear"},"expires_at":"2026-01-02T03:05:05.678Z","id":"approval-1f0c2a9b7e44","options":["approve","deny"],"resolution":"approve","resolved_at":"2026-01-02T03:04:09.001Z","status":"resolved"}},
    {"params":{"action":"book the train"},"result":{"action":"book the train","created_at":"2026-01-02T03:04:05.678Z","details":null,"id":"approval-1f0c2a9b7e44","options":["approve","deny"],"status":"pending"}},
  ],
  "host.resolve_approval": [
    {"params":{"approval_id":"approval-1f0c2a9b7e44","resolution":"approve"},"result":{"action":"ws.method:state.clear","agent_id":"agent-5d2f0a91c3be","client_id":"6f1d0c4b92ae","created_at":"2026-01-02T03:04:05.678Z","details":{"method":"state.clear"},"expires_at":"2026-01-02T03:05:05.678Z","id":"approval-1f0c2a9b7e44","options":["approve","deny"],"resolution":"approve","resolved_at":"2026-01-02T03:04:09.001Z","status":"resolved"}},
    {"params":{"approval_id":"approval-1f0c2a9b7e44","resolution":"approve"},"result":{"action":"book the train","created_at":"2026-01-02T03:04:05.678Z","details":null,"id":"approval-1f0c2a9b7e44","options":["approve","deny"],"status":"pending"}},
  ],
  "request.outcome": [
    {"params":{"key":"3e0f2c58-6f0b-4a39-9a57-1f2d8a5c7b10"},"result":{"begun_at":"2026-01-02T03:04:05.678Z","ended_at":"2026-01-02T03:04:06.012Z","error":{"code":-32602,"data":{"field":"proposal.actions[2].id","kind":"invalid_params","limit":64,"retry_after_ms":1500,"retryable":false},"message":"proposal.actions[2].id: invalid type: integer `5`, expected a string"},"key":"3e0f2c58-6f0b-4a39-9a57-1f2d8a5c7b10","known_since":"2026-01-01T03:04:05.678Z","method":"state.set","result":"ok","result_kept":true,"status":"done"}},
    {"params":{"key":"3e0f2c58-6f0b-4a39-9a57-1f2d8a5c7b10"},"result":{"key":"3e0f2c58-6f0b-4a39-9a57-1f2d8a5c7b10","known_since":"2026-01-01T03:04:05.678Z","status":"not_seen"}},
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
  "agents.chat": [
    {"params":{"agent_id":"echo","attachments":[{"content":"Lisbon, Porto","name":"notes.txt"}],"idle_timeout_ms":60000,"on_disconnect":"cancel","prompt":"How warm is it in Lisbon?","session_id":"chat-2f6c1a90b7de","stream":true,"timeout_ms":600000,"voice_input":false,"when_busy":"queue"},"result":{"accepted":true,"from":{"epoch":1767323045678,"seq":12},"queued":true,"session_id":"chat-2f6c1a90b7de","stream":"chat/chat-2f6c1a90b7de","turn_id":"turn-51b0c2d3e4f5"}},
    {"params":{"agent_id":"echo","prompt":"hello"},"result":{"accepted":true,"from":{"epoch":1767323045678,"seq":0},"session_id":"chat-2f6c1a90b7de","stream":"chat/chat-2f6c1a90b7de","turn_id":"turn-51b0c2d3e4f5"}},
  ],
  "agents.chat.cancel": [
    {"params":{"session_id":"chat-2f6c1a90b7de","turn_id":"turn-51b0c2d3e4f5"},"result":{"cancelled":true,"reason":"no turn of this chat runs","session_id":"chat-2f6c1a90b7de"}},
    {"params":{"session_id":"chat-2f6c1a90b7de"},"result":{"cancelled":true}},
  ],
  "agents.chat.history": [
    {"params":{"before":7,"limit":20,"session_id":"chat-2f6c1a90b7de"},"result":{"more":false,"session_id":"chat-2f6c1a90b7de","turns":[{"agent_id":"echo","ended_at":"2026-01-02T03:04:06.678Z","error":"the model is away","number":6,"outcome":"error","prompt":"How warm is it in Lisbon?","started_at":"2026-01-02T03:04:05.678Z","text":"I do not know","turn_id":"turn-51b0c2d3e4f5"}]}},
    {"params":{"session_id":"chat-2f6c1a90b7de"},"result":{"more":false,"session_id":"chat-2f6c1a90b7de","turns":[]}},
  ],
  "agents.chat.list": [
    {"params":{"agent_id":"echo","running":true},"result":{"chats":[{"agent_id":"echo","last_outcome":"done","running":"turn-51b0c2d3e4f5","session_id":"chat-2f6c1a90b7de","stream":"chat/chat-2f6c1a90b7de","updated_at":"2026-01-02T03:04:05.678Z","waiting":1}]}},
    {"params":{},"result":{"chats":[]}},
  ],
  "agent.chat.event": [
    {"params":{"attachments":[{"content":{"celsius":21.5},"name":"answer.json"}],"delta":"It is ","detail":{"tool":"weather"},"error":"the model is away","finish_reason":"stop","kind":"token","session_id":"chat-2f6c1a90b7de","turn_id":"turn-51b0c2d3e4f5"},"result":{"taken":true}},
    {"params":{"kind":"done","session_id":"chat-2f6c1a90b7de"},"result":{"taken":false}},
  ],
};

export const callbacks: Examples<Callbacks> = {
  "tools.execute": [
    {"params":{"_meta":{"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},"action_id":"a1","attempt":1,"compensation":true,"delivery":2,"idle_timeout_ms":5000,"parameters":{"city":"Lisbon"},"proposal_id":"p1","request_id":"cb-7","session_id":"6f1d0c4b92ae","timeout_ms":30000,"tool":"weather"},"result":{"celsius":21.5}},
    {"params":{"action_id":"a1","attempt":2,"parameters":{},"request_id":"cb-8","session_id":"6f1d0c4b92ae","timeout_ms":null,"tool":"weather"},"result":null},
  ],
  "agent.chat": [
    {"params":{"agent_id":"echo","attachments":[{"handle":{"bytes":13,"expires_at":"2026-01-02T04:04:05.678Z","media_type":"text/plain; charset=utf-8","sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},"name":"notes.txt"}],"context":{"host_client_id":"6f1d0c4b92ae","voice_input":false},"prompt":"How warm is it in Lisbon?","session_id":"chat-2f6c1a90b7de","stream":true,"turn_id":"turn-51b0c2d3e4f5"},"result":{"accepted":true}},
    {"params":{"agent_id":"echo","context":{"host_client_id":"6f1d0c4b92ae","voice_input":false},"prompt":"hello","session_id":"chat-2f6c1a90b7de","stream":true,"turn_id":"turn-51b0c2d3e4f5"},"result":null},
  ],
};

export const notifications: Examples<Notifications> = {
  "session.closing": [
    {"params":{"message":"the daemon is shutting down","reason":"shutting_down"}},
    {"params":{"message":"the session goes on on another connection","reason":"fenced"}},
  ],
  "session.event": [
    {"params":{"action_id":"a1","data":{"attempts":1},"epoch":1,"kind":"action_succeeded","proposal_id":"p1","seq":41,"stream":"session/6f1d0c4b92ae","timestamp":"2026-01-02T03:04:05.678Z"}},
    {"params":{"data":{},"epoch":1,"kind":"session_scope","seq":1,"stream":"session/6f1d0c4b92ae","timestamp":"2026-01-02T03:04:05.678Z"}},
  ],
  "tools.cancel": [
    {"params":{"reason":"timeout","request_id":"cb-7"}},
    {"params":{"reason":"cancelled","request_id":"cb-7"}},
  ],
  "events.lagged": [
    {"params":{"coalesced":8,"epoch":3,"from_seq":120,"skipped":37,"stream":"host","to_seq":164}},
    {"params":{"epoch":3,"from_seq":120,"skipped":45,"stream":"host","to_seq":164}},
  ],
  "events.ended": [
    {"params":{"epoch":5,"seq":12,"stream":"session/6f1d0c4b92ae"}},
    {"params":{"epoch":5,"seq":12,"stream":"session/6f1d0c4b92ae"}},
  ],
  "events.uncovered": [
    {"params":{"limit":1024,"stream":"session/6f1d0c4b92ae"}},
    {"params":{"limit":1024,"stream":"session/6f1d0c4b92ae"}},
  ],
  "host.event": [
    {"params":{"agent_id":"agent-5d2f0a91c3be","epoch":3,"id":"event-77b1d2e3f405","kind":"host.notification","message":"the plan is ready","payload":{"pages":3},"seq":164,"stream":"host","timestamp":"2026-01-02T03:04:05.678Z"}},
    {"params":{"epoch":3,"id":"event-77b1d2e3f405","kind":"host.notification","message":"","payload":null,"seq":164,"stream":"host","timestamp":"2026-01-02T03:04:05.678Z"}},
  ],
  "agents.chat.event": [
    {"params":{"agent_id":"echo","attachments":[{"handle":{"bytes":13,"expires_at":"2026-01-02T04:04:05.678Z","media_type":"text/plain; charset=utf-8","sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},"name":"notes.txt"}],"delta":"It is ","detail":{"tool":"weather"},"epoch":1767323045678,"error":"the agent's session has ended","finish_reason":"stop","from_seq":11,"kind":"error","outcome":"agent_gone","prompt":"How warm is it in Lisbon?","seq":13,"session_id":"chat-2f6c1a90b7de","stream":"chat/chat-2f6c1a90b7de","turn_id":"turn-51b0c2d3e4f5"}},
    {"params":{"agent_id":"echo","epoch":1767323045678,"kind":"token","seq":13,"session_id":"chat-2f6c1a90b7de","stream":"chat/chat-2f6c1a90b7de","turn_id":"turn-51b0c2d3e4f5"}},
  ],
  "agent.chat.cancel": [
    {"params":{"reason":"cancelled","session_id":"chat-2f6c1a90b7de","turn_id":"turn-51b0c2d3e4f5"}},
    {"params":{"reason":"cancelled","session_id":"chat-2f6c1a90b7de","turn_id":"turn-51b0c2d3e4f5"}},
  ],
  "execution.event": [
    {"params":{"action_id":"a1","data":{"attempt":1,"progress":3.0,"total":12.0},"epoch":1,"kind":"progress","proposal_id":"p1","seq":3,"stream":"run/6f1d0c4b92ae/p1","timestamp":"2026-01-02T03:04:05.678Z"}},
    {"params":{"data":{},"epoch":1,"kind":"ended","proposal_id":"p1","seq":9,"stream":"run/6f1d0c4b92ae/p1","timestamp":"2026-01-02T03:04:05.678Z"}},
  ],
};
