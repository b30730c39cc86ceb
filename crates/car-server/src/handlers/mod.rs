//! What the daemon does, a file per namespace: the same stems as the contract in `car_protocol::rpc`.

mod agents;
mod agents_chat;
mod agents_external;
mod approvals;
mod audit;
mod diagnostics;
mod events;
mod grants;
mod host;
mod meeting;
mod meeting_summary;
mod memory;
mod notifications;
mod policy;
mod proposal;
mod provided;
mod providers;
mod registry;
mod request;
mod results;
mod resume;
mod rules;
mod server;
mod session;
mod skills;
mod state;
mod subscriptions;
mod tools;
mod verify;
mod voice;
mod voice_turn;

use std::sync::Arc;

use car_state::registry::DiscoveryRegistry;
use car_state::server::ServerState;
use car_transport::Limits;

use crate::auth::Auth;
use crate::operations::Operations;
use crate::router::Route;

/// Every route there is.
pub(crate) fn routes(
    state: &Arc<ServerState>,
    auth: &Auth,
    limits: &Limits,
    operations: &Arc<Operations>,
) -> Vec<Route> {
    let mut routes = Vec::new();
    // Who the caller is and what runs here. Plain: what is pipelined after them already counts on them.
    routes.extend(session::routes(auth.clone(), state, limits.session));
    routes.extend(resume::routes(Arc::clone(state), limits.session));
    routes.extend(server::routes(Arc::clone(&operations.info)));
    // What the caller has. Plain: a write is seen by the read that follows it.
    routes.extend(state::routes());
    routes.extend(tools::routes());
    routes.extend(tools::progress_routes());
    routes.extend(policy::routes(state.policies()));
    routes.extend(events::routes());
    routes.extend(subscriptions::routes(state));
    // What waits for tools and people. Tasks: the connection goes on working meanwhile.
    routes.extend(proposal::routes(state.sessions()));
    routes.extend(verify::routes());
    routes.extend(results::routes(Arc::clone(state.results())));
    // What looks at the system too. A task: the file system may take its time.
    routes.extend(diagnostics::routes(Arc::clone(operations)));
    // What all sessions see. Plain: they wait for nobody.
    routes.extend(host::routes(Arc::clone(state.host())));
    routes.extend(approvals::routes(Arc::clone(state.host())));
    // What people agreed to, and the chain that says so. Tasks where they wait for storage.
    routes.extend(grants::routes(Arc::clone(state.grants())));
    routes.extend(audit::routes(
        Arc::clone(state.audit()),
        Arc::clone(state.clock()),
    ));
    // What is started and looked after, and who tells that it is there.
    let desk = agents::Desk {
        agents: Arc::clone(state.agents()),
        host: Arc::clone(state.host()),
        gate: Arc::clone(state.gate()),
    };
    routes.extend(agents::routes(desk.clone()));
    let registry = DiscoveryRegistry::new(state.journal_dir(), Arc::clone(state.clock()));
    routes.extend(registry::routes(Arc::new(registry)));
    // What is said with agents: beginning waits for the agent, the rest for nobody.
    routes.extend(agents_chat::routes(Arc::clone(state.chats())));
    routes.extend(agents_external::routes(agents_external::External {
        desk,
        chats: Arc::clone(state.chats()),
        seats: Arc::clone(state.seats()),
        rules: Arc::clone(state.rules()),
        clock: Arc::clone(state.clock()),
    }));
    // What is remembered. Tasks: a model, a disk or a pass over everything may take its time.
    routes.extend(memory::routes(state));
    routes.extend(skills::routes(state));
    // What became of calls. An answer that is in storage takes a task, the others none.
    routes.extend(request::routes(Arc::clone(state.outcomes())));
    // What a connected host does for others.
    routes.extend(provided::routes(Arc::clone(state.providers())));
    routes.extend(providers::routes(Arc::clone(state.providers())));
    // What is heard. Audio is taken in order; what begins or ends a stream waits for its recogniser.
    let sessions = Arc::clone(state.sessions());
    routes.extend(voice::routes(Arc::clone(state.voice()), sessions));
    // What agents answer to it. A task: the agents have to be asked.
    routes.extend(voice_turn::routes(
        Arc::clone(state.voice()),
        Arc::clone(state.chats()),
    ));
    // What was said in meetings. Tasks: their files are on a disk.
    routes.extend(meeting::routes(Arc::clone(state.meetings())));
    routes.extend(meeting_summary::routes(
        Arc::clone(state.meetings()),
        Arc::clone(state.chats()),
    ));
    // What a person has written down. Plain: rules wait for nobody.
    routes.extend(rules::routes(state));
    // What a person sees without a screen of ours. A task: the desktop may take its time.
    routes.extend(notifications::routes(Arc::clone(&operations.desktop)));
    routes
}

#[cfg(test)]
mod tests {
    use car_state::server::ServerStateConfig;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::info::ServerInfo;
    use crate::life::Life;
    use crate::router::Router;

    #[test]
    fn every_method_has_a_route() {
        let state = ServerState::with_config(ServerStateConfig::new("unused")).unwrap();
        let life = Arc::new(Life::new(CancellationToken::new()));
        let operations = Arc::new(Operations {
            info: Arc::new(ServerInfo::new(&state, &life)),
            life,
            state: Arc::clone(&state),
            refusals: Arc::default(),
            settings: Vec::new(),
            desktop: Arc::default(),
            notices: Arc::default(),
        });
        let routes = routes(&state, &Auth::disabled(), &Limits::default(), &operations);
        assert_eq!(Router::new(routes, state.gate()).err(), None);
    }
}
