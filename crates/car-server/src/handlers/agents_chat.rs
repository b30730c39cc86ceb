//! `agents.chat*`.

use std::sync::Arc;

use car_protocol::rpc::agents_chat::{
    Cancel, CancelParams, Cancelled, Chat, ChatAccepted, ChatHistory, ChatList, ChatParams,
    History, HistoryParams, List, ListParams, Said, Say, SayParams,
};
use car_protocol::rpc::events::{Cursor, Delivery};
use car_state::channel::{SubscribeError, Wanted};
use car_state::chat::Chats;
use car_state::log::{CHAT, StreamName};
use car_state::session::{Asked, ClientSession};

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

type All = Arc<Chats>;

pub(super) fn routes(chats: All) -> Vec<Route> {
    Routes::with(chats)
        .on::<Chat, _>(chat)
        .on::<Cancel, _>(cancel)
        .on::<History, _>(history)
        .on::<List, _>(list)
        .on::<Say, _>(say)
        .into_routes()
}

async fn chat(chats: All, cx: Cx, params: ChatParams) -> Result<ChatAccepted, Failure> {
    let session = cx.session();
    let begun = chats.begin(session, params)?;
    let turn = Arc::clone(begun.turn());
    let (accepted, taking) = begun.into_parts();
    let from = match taking {
        Some(taking) => {
            taking.wait().await?;
            // Whoever asked knows the prompt.
            turn.prompted().unwrap_or(accepted.from)
        }
        // Of one that waits the prompt tells that its turn has come.
        None => accepted.from,
    };
    chats.settled().await;
    follow(&chats, session, turn.stream(), from)?;
    session.changed();
    Ok(accepted)
}

/// Has a stream fed to the caller, unless it is.
pub(super) fn follow(
    chats: &All,
    session: &ClientSession,
    stream: &StreamName,
    from: Cursor,
) -> Result<(), Failure> {
    let subscriptions = session.subscriptions();
    if subscriptions.feeds(stream) {
        return Ok(());
    }
    let asked = || Asked {
        covered: vec![Wanted {
            stream: stream.clone(),
            cursor: from,
            delivery: Delivery::Lossless,
            when_over: None,
        }],
        ..Asked::default()
    };
    match subscriptions.subscribe_all(asked()) {
        Err(SubscribeError::TooMany { .. }) => {
            let (log, _) = session.events();
            for fed in subscriptions.list() {
                let is_told = fed.written >= log.head(&fed.stream).seq;
                let is_chat = *fed.stream.family() == CHAT && !fed.named;
                if is_chat && is_told && !chats.is_under_way(&fed.stream) {
                    subscriptions.unsubscribe(&fed.stream);
                }
            }
            subscriptions.subscribe_all(asked())?;
        }
        other => drop(other?),
    }
    Ok(())
}

fn cancel(chats: &All, cx: &Cx, params: CancelParams) -> Result<Cancelled, Failure> {
    Ok(chats.cancel(&cx.identity(), &params)?)
}

async fn history(chats: All, cx: Cx, params: HistoryParams) -> Result<ChatHistory, Failure> {
    Ok(chats.history(&cx.identity(), params).await?)
}

fn list(chats: &All, cx: &Cx, params: ListParams) -> Result<ChatList, Failure> {
    Ok(chats.list(&cx.identity(), &params))
}

/// Plain: what an agent says is told in the order in which it says it.
fn say(chats: &All, cx: &Cx, params: SayParams) -> Result<Said, Failure> {
    Ok(chats.say(cx.session(), params)?)
}
