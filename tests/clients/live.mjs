// A live list by graphql-ws. It is told what to do by lines of JSON, and tells as such what happens.
import { createInterface } from "node:readline";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, query, filter] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin });
const awaited = new Map();

function tell(what, more = {}) {
  process.stdout.write(`${JSON.stringify({ what, ...more })}\n`);
}

function told(about) {
  return new Promise((resolve) => awaited.set(about, resolve));
}

async function connectionParams() {
  tell("asks");
  return { authorization: `Bearer ${await told("token")}` };
}

const client = createClient({
  url,
  webSocketImpl: WebSocket, // Node 20 has none of its own
  connectionParams,
  retryAttempts: Infinity,
  retryWait: (retries) => new Promise((resolve) => setTimeout(resolve, retries ? 100 : 0)),
  shouldRetry: () => true, // a connection that fails is an error of the socket, which is fatal by default
  on: {
    connected: (_, __, again) => tell("connected", { again }),
    closed: ({ code, reason }) => tell("closed", { code, reason }),
  },
});

const rows = new Map();
const variables = { after: null, filter: JSON.parse(filter) };

function next({ data, errors, extensions }) {
  if (errors) return tell("errors", { errors });
  const { kind, cursor, changes } = data.opportunities;
  if (kind === "SNAPSHOT" || kind === "RESYNC") rows.clear();
  for (const { kind: change, id, node } of changes) {
    if (change === "LEFT") rows.delete(id);
    else rows.set(id, node);
  }
  // The client sends the same object again when it connects again: so it goes on from here.
  variables.after = cursor;
  tell("event", { kind, cursor, changes, rows: [...rows.values()], extensions });
}

function listen() {
  return client.subscribe(
    { query, variables },
    {
      next,
      error: (error) => tell("error", Array.isArray(error) ? { errors: error } : { code: error.code ?? null }),
      complete: () => {
        tell("complete");
        awaited.get("end")?.();
      },
    },
  );
}

const deeds = {
  token: ({ token }) => awaited.get("token")?.(token),
  ask: async ({ query, variables }) => {
    for await (const answer of client.iterate({ query, variables })) tell("answer", { answer });
  },
  terminate: () => client.terminate(),
  end: async () => {
    const complete = told("end");
    unsubscribe();
    await complete;
    await client.dispose();
    lines.close();
  },
};

const unsubscribe = listen();
for await (const line of lines) {
  const { deed, ...given } = JSON.parse(line);
  await deeds[deed](given);
}
process.exit(0); // who wants to hear no more has closed the input
