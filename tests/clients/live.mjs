// A live list by graphql-ws. Reads commands from stdin and writes events to stdout, one JSON object per line.
import { createInterface } from "node:readline";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, query, filter] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin });
const awaited = new Map();

function report(type, more = {}) {
  process.stdout.write(`${JSON.stringify({ type, ...more })}\n`);
}

function received(name) {
  return new Promise((resolve) => awaited.set(name, resolve));
}

async function connectionParams() {
  report("token_request");
  return { authorization: `Bearer ${await received("token")}` };
}

const client = createClient({
  url,
  webSocketImpl: WebSocket, // Node 20 has no WebSocket
  connectionParams,
  retryAttempts: Infinity,
  retryWait: (retries) => new Promise((resolve) => setTimeout(resolve, retries ? 100 : 0)),
  shouldRetry: () => true, // a connection that fails is an error of the socket, which is fatal by default
  on: {
    connected: (_, __, again) => report("connected", { again }),
    closed: ({ code, reason }) => report("closed", { code, reason }),
  },
});

const rows = new Map();
const variables = { after: null, filter: JSON.parse(filter) };

function next({ data, errors, extensions }) {
  if (errors) return report("errors", { errors });
  const { kind, cursor, changes } = data.opportunities;
  if (kind === "SNAPSHOT" || kind === "RESYNC") rows.clear();
  for (const { kind: change, id, node } of changes) {
    if (change === "LEFT") rows.delete(id);
    else rows.set(id, node);
  }
  // graphql-ws sends the same object again after a reconnect, so the subscription resumes from this cursor.
  variables.after = cursor;
  report("event", { kind, cursor, changes, rows: [...rows.values()], extensions });
}

function listen() {
  return client.subscribe(
    { query, variables },
    {
      next,
      error: (error) => report("error", Array.isArray(error) ? { errors: error } : { code: error.code ?? null }),
      complete: () => {
        report("complete");
        awaited.get("end")?.();
      },
    },
  );
}

const commands = {
  token: ({ token }) => awaited.get("token")?.(token),
  execute: async ({ query, variables }) => {
    for await (const result of client.iterate({ query, variables })) report("result", { result });
  },
  terminate: () => client.terminate(),
  end: async () => {
    const complete = received("end");
    unsubscribe();
    await complete;
    await client.dispose();
    lines.close();
  },
};

const unsubscribe = listen();
for await (const line of lines) {
  const { command, ...params } = JSON.parse(line);
  await commands[command](params);
}
process.exit(0); // the end of the input asks the script to exit
