// The page: before signing in a place to do so, then GraphiQL under a line that says who one is.
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from "react";
import { known } from "./places.js";
import { Session } from "./session.js";
import { Start } from "./start.jsx";

const load = () => import("./desk.jsx");
const Desk = lazy(load);

/** Signs in as one and out as another; `trying` is whom one is about to be. */
function useSession() {
  const [session, setSession] = useState(null);
  const [trying, setTrying] = useState(null);
  const [fault, setFault] = useState("");
  const last = useRef(null);

  const become = useCallback((next, why = "") => {
    last.current?.end();
    last.current = next;
    setSession(next);
    setFault(why);
  }, []);
  const signIn = useCallback(
    async (credentials) => {
      setTrying(credentials);
      setFault("");
      try {
        become(await Session.begin(credentials));
      } catch (error) {
        setFault(error.message);
      } finally {
        setTrying(null);
      }
    },
    [become],
  );
  const signOut = useCallback((why) => become(null, why), [become]);
  return { session, trying, fault, signIn, signOut };
}

export function Page() {
  const [server, setServer] = useState(null);
  const way = useSession();
  useEffect(() => {
    load(); // it is large, and needed as soon as somebody is signed in
    Promise.all([known("demo", null), known("examples", [])]).then(([demo, examples]) =>
      setServer({ demo, examples }),
    );
  }, []);
  if (!server) return null;
  if (!way.session) return <Start demo={server.demo} {...way} />;
  return (
    <Suspense fallback={<p className="waiting">Opening the editor …</p>}>
      <Desk {...server} {...way} />
    </Suspense>
  );
}
