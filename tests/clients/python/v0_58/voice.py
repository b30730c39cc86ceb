"""Streams of audio and meetings, as the generated wrappers ask for them."""

import base64
import json

from harness import check, equal, raises
from v0_58 import runtime, scenario


@scenario
def voice_streams():
    rt = runtime()
    equal(json.loads(rt.voice_sessions_list("{}"))["sessions"], [], "streams of a new session")
    providers = json.loads(rt.voice_providers_list("{}"))
    check(all({"id", "kind", "available", "description"} <= set(p) for p in providers), f"providers: {providers}")
    source = {"kind": "pcm_push", "sample_rate": 16000, "channels": 1}
    started = json.loads(
        rt.voice_transcribe_stream_start(json.dumps({"session_id": "desk", "audio_source": source}))
    )
    equal(started["session_id"], "desk", "the stream")
    pushed = {"session_id": "desk", "pcm_b64": base64.b64encode(bytes(640)).decode()}
    equal(json.loads(rt.voice_transcribe_stream_push(json.dumps(pushed))), {"accepted": True}, "a push")
    equal(json.loads(rt.voice_sessions_list("{}"))["sessions"], ["desk"], "streams")
    stopped = json.loads(rt.voice_transcribe_stream_stop(json.dumps({"session_id": "desk"})))
    equal((stopped["session_id"], stopped["stopped"]), ("desk", True), "the end")
    with raises(RuntimeError, "a push after the end"):
        rt.voice_transcribe_stream_push(json.dumps(pushed))


@scenario
def meetings():
    rt = runtime()
    begun = json.loads(rt.meeting_start(json.dumps({"id": "python", "sources": ["mic"], "title": "Weekly"})))
    equal(begun["voice_session_ids"], ["meeting:python:mic"], "streams of a meeting")
    ended = json.loads(rt.meeting_stop(json.dumps({"meeting_id": "python"})))
    equal((ended["id"], ended["title"]), ("python", "Weekly"), "the end of a meeting")
    check(ended["ended_at"] is not None, f"it has ended: {ended}")
    listed = json.loads(rt.meeting_list("{}"))
    check("python" in listed["ids"] and listed["root"].endswith("meetings"), f"meetings: {listed}")
    kept = json.loads(rt.meeting_get(json.dumps({"meeting_id": "python"})))
    equal((kept["metadata"]["id"], kept["segments"]), ("python", []), "what is kept")
