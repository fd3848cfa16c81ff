// The page: a sign-in form, then GraphiQL for the signed-in user.
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from "react";
import { Session } from "./session.js";
import { SignIn } from "./sign_in.jsx";
import { loadJson } from "./urls.js";

const load = () => import("./editor.jsx");
const Editor = lazy(load);

/** The session. `pending` holds the credentials of a sign-in under way; `error` its message, and the form it belongs to. */
function useSession() {
  const [session, setSession] = useState(null);
  const [pending, setPending] = useState(null);
  const [error, setError] = useState(null);
  const last = useRef(null);

  const replace = useCallback((next, message = "") => {
    last.current?.end();
    last.current = next;
    setSession(next);
    setError(message ? { message, form: "page" } : null);
  }, []);
  const signIn = useCallback(
    async (credentials, form) => {
      setPending(credentials);
      setError(null);
      try {
        replace(await Session.begin(credentials));
      } catch ({ message }) {
        setError({ message, form });
      } finally {
        setPending(null);
      }
    },
    [replace],
  );
  const signOut = useCallback((message) => replace(null, message), [replace]);
  return { session, pending, error, signIn, signOut };
}

export function Page() {
  const [server, setServer] = useState(null);
  const account = useSession();
  useEffect(() => {
    load(); // it is large, and needed right after sign-in
    Promise.all([loadJson("demo", null), loadJson("examples", [])]).then(([demo, examples]) =>
      setServer({ demo, examples }),
    );
  }, []);
  if (!server) return null;
  if (!account.session) return <SignIn demo={server.demo} {...account} />;
  return (
    <Suspense fallback={<p className="loading">Loading GraphiQL …</p>}>
      <Editor {...server} {...account} />
    </Suspense>
  );
}
