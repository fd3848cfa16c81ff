// GraphiQL's fetcher: queries and mutations by POST, subscriptions over a WebSocket, both as the signed-in user.
import { createClient } from "graphql-ws";
import { operationType } from "./operation_type.js";
import { Refusal, SessionEnded } from "./session.js";
import { WEBSOCKET } from "./urls.js";

const FORBIDDEN = 4403; // the token has expired, or its session has ended

/** What is shown below a result. */
const notesOf = ({ data, errors, extensions }) => ({
  denied: extensions?.access?.denied,
  hasData: Boolean(data) && !errors,
});

/** The fetcher of a session. It passes notes on each result to `setNotes`, and calls `onEnded` when the session has ended. */
export function createFetcher(session, setNotes, onEnded) {
  let number = 0;
  const client = createClient({
    url: WEBSOCKET.href,
    connectionParams: async () => ({ authorization: `Bearer ${await session.token()}` }),
    on: { closed: (event) => event.code === FORBIDDEN && session.expireToken() },
  });

  /** Runs `work`; turns its errors into messages for the user. */
  async function guarded(work) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof SessionEnded) onEnded(error.message);
      // A closed socket is reported as an event.
      if (!(error instanceof Event)) throw error;
      throw new Refusal(`The connection was closed: ${error.reason || "the server does not answer"}.`);
    }
  }

  async function* subscribe(request) {
    const results = client.iterate(request);
    let messages = 0;
    let last = {};
    try {
      for (;;) {
        const { value, done } = await guarded(() => results.next());
        if (done) return;
        messages += 1;
        // Denied fields come with a snapshot and apply to the deltas that follow.
        if (value.data && Object.values(value.data)[0]?.kind !== "DELTA") last = notesOf(value);
        setNotes({ ...last, messages });
        yield value;
      }
    } finally {
      await results.return?.();
      setNotes((before) => ({ ...before, ended: true }));
    }
  }

  async function fetch(request, { headers } = {}) {
    if (operationType(request.query, request.operationName) === "subscription") return subscribe(request);
    if (request.operationName === "IntrospectionQuery") return guarded(() => session.ask(request));
    const own = ++number;
    setNotes({});
    const result = await guarded(() => session.ask(request, headers));
    if (own === number) setNotes(notesOf(result));
    return result;
  }
  return { fetch, close: () => client.dispose() };
}
