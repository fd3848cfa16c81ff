// GraphiQL, signed in: the line above says who one is and lets one be somebody else, the line below what was denied.
import "./workers.js";
import { GraphiQL } from "graphiql";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Bar } from "./bar.jsx";
import { Below } from "./below.jsx";
import { fetcherOf } from "./fetcher.js";
import first from "./first.graphql";
import { useHand } from "./hand.js";

export default function Desk({ session, signOut, examples, ...way }) {
  const [told, tell] = useState({});
  const asked = useRef(null);
  const hand = useRef(null);
  useMemo(() => {
    asked.current?.close();
    asked.current = fetcherOf(session, tell, signOut);
    tell({});
  }, [session, signOut]);
  useEffect(() => () => asked.current?.close(), []);
  // The same function for whoever is signed in: the contract is the same for all, so it is read once.
  const fetcher = useCallback((...given) => asked.current.fetch(...given), []);
  const open = useCallback((example) => hand.current?.open(example), []);
  return (
    <div className="desk">
      <Bar session={session} signOut={signOut} examples={examples} open={open} {...way} />
      <GraphiQL
        fetcher={fetcher}
        defaultQuery={first}
        shouldPersistHeaders={false}
        showPersistHeadersSettings={false}
      >
        <GraphiQL.Logo>{null}</GraphiQL.Logo>
        <GraphiQL.Footer>
          <Below told={told} session={session} />
        </GraphiQL.Footer>
        <Hand session={session} hold={hand} />
      </GraphiQL>
    </div>
  );
}

/** Lets the page reach into GraphiQL, which only what stands inside it can. */
function Hand({ session, hold }) {
  const hand = useHand(session);
  useEffect(() => {
    hold.current = hand;
  }, [hand, hold]);
  return null;
}
