// What GraphiQL asks with: queries and mutations by POST, subscriptions over a WebSocket, both as who is signed in.
import { createClient } from "graphql-ws";
import { kindOf } from "./kind.js";
import { LIVE } from "./places.js";
import { Ended, Refusal } from "./session.js";

const FORBIDDEN = 4403; // the token has expired, or its session ended

/** What is told below an answer. */
const shown = ({ data, errors, extensions }) => ({
  denied: extensions?.access?.denied,
  isAnswered: Boolean(data) && !errors,
});

/** The fetcher of a session, with what became of the last answer told to `tell`. */
export function fetcherOf(session, tell, ended) {
  let number = 0;
  const client = createClient({
    url: LIVE.href,
    connectionParams: async () => ({ authorization: `Bearer ${await session.token()}` }),
    on: { closed: (event) => event.code === FORBIDDEN && session.distrust() },
  });

  /** Runs it, says in words what went wrong, and goes to the start when the session turns out to be over. */
  async function guarded(work) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Ended) ended(error.message);
      // A socket tells its end as an event, which would be shown as one.
      if (!(error instanceof Event)) throw error;
      throw new Refusal(`The connection has ended: ${error.reason || "the server does not answer"}.`);
    }
  }

  async function* followed(asked) {
    const messages = client.iterate(asked);
    let heard = 0;
    let last = {};
    try {
      for (;;) {
        const { value, done } = await guarded(() => messages.next());
        if (done) return;
        heard += 1;
        // What is denied is told with the whole list, and holds for the changes that follow.
        if (value.data && Object.values(value.data)[0]?.kind !== "DELTA") last = shown(value);
        tell({ ...last, heard });
        yield value;
      }
    } finally {
      await messages.return?.();
      tell((before) => ({ ...before, over: true }));
    }
  }

  async function fetch(asked, { headers } = {}) {
    if (kindOf(asked.query, asked.operationName) === "subscription") return followed(asked);
    if (asked.operationName === "IntrospectionQuery") return guarded(() => session.ask(asked));
    const mine = ++number;
    tell({});
    const answer = await guarded(() => session.ask(asked, headers));
    if (mine === number) tell(shown(answer));
    return answer;
  }
  return { fetch, close: () => client.dispose() };
}
