//! Questions on a connection that nobody else uses yet.

use std::collections::BTreeMap;
use std::future::poll_fn;

use car_protocol::RpcError;
use car_protocol::jsonrpc::{Id, Message, decode_message, encode_request};
use car_protocol::kind;
use car_protocol::method::Method;
use car_protocol::rpc::events::{Cursor, Place, Since, SinceWord, Subscribe, SubscribeParams};
use car_transport::source::next;
use car_transport::{Duplex, Frame};
use serde::Serialize;

use crate::pending::rpc_error;
use crate::reader::Reader;
use crate::revive::Trouble;

/// A connection on which one question is asked after the other. What else comes goes where it always does.
pub(crate) struct Exchange<'a> {
    pub(crate) reader: &'a mut Reader,
    pub(crate) duplex: Duplex,
}

impl Exchange<'_> {
    /// Asks, and waits for the answer.
    pub(crate) async fn ask<M: Method>(
        &mut self,
        params: &M::Params,
    ) -> Result<Result<M::Result, RpcError>, Trouble> {
        self.ask_as::<M, _>(params).await
    }

    /// The same with params as they were once said.
    pub(crate) async fn ask_as<M: Method, P: Serialize + ?Sized>(
        &mut self,
        params: &P,
    ) -> Result<Result<M::Result, RpcError>, Trouble> {
        let broken = |error: serde_json::Error| Trouble::Passing(error.to_string());
        let id = self.reader.pending.next_id();
        let text = encode_request(&Id::integer(id), M::NAME, params).map_err(broken)?;
        self.write(Frame::Text(text.into())).await?;
        loop {
            let text = self.read().await?;
            match decode_message(&text) {
                Ok(Message::Response(response)) if response.id.as_i64() == Some(id) => {
                    return match response.outcome {
                        Ok(result) => serde_json::from_str(result.get()).map(Ok).map_err(broken),
                        Err(error) => Ok(Err(rpc_error(error))),
                    };
                }
                _ => self.reader.text(&text),
            }
        }
    }

    async fn write(&mut self, frame: Frame) -> Result<(), Trouble> {
        let cut = |error: car_transport::SinkError| Trouble::Passing(error.to_string());
        let sink = &mut self.duplex.sink;
        poll_fn(|cx| sink.as_mut().poll_ready(cx))
            .await
            .map_err(cut)?;
        sink.as_mut().start_send(frame).map_err(cut)?;
        poll_fn(|cx| sink.as_mut().poll_flush(cx))
            .await
            .map_err(cut)
    }

    async fn read(&mut self) -> Result<car_transport::ByteString, Trouble> {
        loop {
            match next(&mut self.duplex.source).await {
                Some(Ok(Frame::Text(text))) => return Ok(text),
                Some(Ok(Frame::Ping(payload))) => self.write(Frame::Pong(payload)).await?,
                Some(Ok(Frame::Close(reason))) => {
                    let why = reason.map_or_else(String::new, |reason| reason.text.to_string());
                    return Err(Trouble::Passing(format!("the daemon closed it: {why}")));
                }
                Some(Ok(Frame::Binary(_) | Frame::Pong(_))) => {}
                Some(Err(error)) => return Err(Trouble::Passing(error.to_string())),
                None => return Err(Trouble::Passing("the connection is cut".to_owned())),
            }
        }
    }

    /// Subscribes to all that was subscribed to; whether all of it goes on.
    pub(crate) async fn subscribe_again(
        &mut self,
        resync: &mut BTreeMap<String, Cursor>,
    ) -> Result<bool, Trouble> {
        let Some(past) = &self.reader.past else {
            return Ok(false);
        };
        let again = past.belongings.subscriptions.iter();
        let again: Vec<_> = again.map(|asked| past.again(asked)).collect();
        let mut well = true;
        for params in again {
            // One by one: what is gone does not keep the others from going on.
            for name in &params.streams {
                let params = SubscribeParams {
                    streams: vec![name.clone()],
                    ..params.clone()
                };
                well &= self.subscribe(params, resync).await?;
            }
        }
        for chat in self.reader.chats.read_now() {
            let stream = format!("chat/{chat}");
            if !self.follow(&stream, None, resync).await? {
                self.reader.chats.end_of(&chat);
            }
        }
        Ok(well)
    }

    /// Subscribes to one stream after `from`, where that is known to be the place to go on from, else after what was seen.
    pub(crate) async fn follow(
        &mut self,
        stream: &str,
        from: Option<Cursor>,
        resync: &mut BTreeMap<String, Cursor>,
    ) -> Result<bool, Trouble> {
        let past = self.reader.past.as_ref();
        let seen = past.and_then(|past| past.seen.get(stream)).copied();
        let place = from.or(seen).map(Place::After);
        let place = place.unwrap_or(Place::Word(SinceWord::Start));
        let held = past.map(|past| past.belongings.subscriptions.iter());
        let naming = held
            .into_iter()
            .flatten()
            .find(|asked| asked.streams.iter().any(|name| name == stream));
        let params = SubscribeParams {
            streams: vec![stream.to_owned()],
            since: Some(Since::Places([(stream.to_owned(), place)].into())),
            delivery: naming.and_then(|asked| asked.delivery),
            snapshot: Some(false),
        };
        if let Some(oldest) = from {
            self.reader.subscriptions.resync(stream, oldest);
            resync.insert(stream.to_owned(), oldest);
        }
        self.subscribe(params, resync).await
    }

    /// Subscribes, from the oldest event that is kept where what was asked for is gone; whether that went well.
    async fn subscribe(
        &mut self,
        mut params: SubscribeParams,
        resync: &mut BTreeMap<String, Cursor>,
    ) -> Result<bool, Trouble> {
        loop {
            let error = match self.ask::<Subscribe>(&params).await? {
                Ok(subscribed) => {
                    for stream in subscribed.streams {
                        self.reader.begins(&stream.stream, Some(stream.from));
                    }
                    return Ok(true);
                }
                Err(error) => error,
            };
            let gone = gone(&error);
            let (Some((stream, oldest)), Some(Since::Places(places))) = (gone, &mut params.since)
            else {
                self.reader.subscriptions.refuse(&params.streams, &error);
                return Ok(false);
            };
            let place = Place::After(oldest);
            if places.insert(stream.clone(), place) == Some(place) {
                // It says the same again.
                self.reader.subscriptions.refuse(&params.streams, &error);
                return Ok(false);
            }
            self.reader.subscriptions.resync(&stream, oldest);
            resync.insert(stream, oldest);
        }
    }
}

/// The stream whose place is gone, and the place before the oldest event that is kept.
fn gone(error: &RpcError) -> Option<(String, Cursor)> {
    let data = error.data.as_ref()?;
    if data.kind != kind::RESYNC_REQUIRED {
        return None;
    }
    let stream = data.details.get("stream")?.as_str()?.to_owned();
    let oldest = serde_json::from_value(data.details.get("oldest")?.clone()).ok()?;
    Some((stream, oldest))
}
