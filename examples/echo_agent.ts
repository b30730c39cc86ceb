// An agent that says what it is told, word by word.
//
// In a project with `ws`, `@types/ws` and `schema/car.ts` of this repository: `car-server` in one terminal, this program
// in another, and in a third `car-server chat echo`. Where the daemon starts it, it speaks for the agent that it is
// started as; otherwise it registers itself as `echo`.

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import WebSocket from "ws";
import type { Callback, ChatPromptParams, ChatSayParams, Id, Methods, Notification, Response } from "../schema/car";

const { CAR_DAEMON_URL, CAR_AGENT_ID, CAR_AGENT_TOKEN, XDG_RUNTIME_DIR } = process.env;
const socket = new WebSocket(CAR_DAEMON_URL ?? "ws://127.0.0.1:9100");
const waiting = new Map<Id, (answer: Response) => void>();

function call<M extends keyof Methods>(method: M, params: Methods[M]["params"]): Promise<unknown> {
  const id = waiting.size + 1;
  socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
  return new Promise((resolve, reject) => {
    waiting.set(id, ({ error, result }) => (error ? reject(new Error(error.message)) : resolve(result)));
  });
}

function say(params: ChatSayParams): void {
  socket.send(JSON.stringify({ jsonrpc: "2.0", method: "agent.chat.event", params }));
}

function answer({ session_id, turn_id, prompt }: ChatPromptParams): void {
  for (const delta of prompt.split(/(?<= )/)) say({ session_id, turn_id, kind: "token", delta });
  say({ session_id, turn_id, kind: "done" });
}

socket.on("message", (data) => {
  const message = JSON.parse(String(data)) as Callback | Notification | Response;
  if (!("method" in message)) return waiting.get(message.id)?.(message);
  if (!("id" in message)) return;
  const known = message.method === "agent.chat" || message.method === "agent.ping";
  const reply = known ? { result: {} } : { error: { code: -32601, message: `no ${message.method} here` } };
  socket.send(JSON.stringify({ jsonrpc: "2.0", id: message.id, ...reply }));
  if (message.method === "agent.chat") answer(message.params);
});

socket.on("open", async () => {
  if (CAR_AGENT_ID) {
    await call("session.auth", { agent_id: CAR_AGENT_ID, token: CAR_AGENT_TOKEN });
  } else {
    const folder = join(XDG_RUNTIME_DIR ?? join(homedir(), ".config"), "ai.parslee.car");
    await call("session.auth", { token: readFileSync(join(folder, "auth-token"), "utf8").trim() });
    await call("host.register_agent", { id: "echo", name: "Echo" });
  }
  console.log("ready");
});
socket.on("close", () => process.exit(0));
