// GraphiQL for a signed-in user, with the toolbar above and the notes below the result.
import "./workers.js";
import { GraphiQL } from "graphiql";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import defaultQuery from "./default_query.graphql";
import { useEditorActions } from "./editor_actions.js";
import { createFetcher } from "./fetcher.js";
import { ResultNotes } from "./result_notes.jsx";
import { Toolbar } from "./toolbar.jsx";
import { variablesOf } from "./variables.js";

export default function Editor({ session, signOut, examples, ...account }) {
  const [notes, setNotes] = useState({});
  const current = useRef(null);
  const actions = useRef(null);
  useMemo(() => {
    current.current?.close();
    current.current = createFetcher(session, setNotes, signOut);
    setNotes({});
  }, [session, signOut]);
  useEffect(() => () => current.current?.close(), []);
  // One function for all users: the schema is the same for all, so GraphiQL loads it once.
  const fetcher = useCallback((...request) => current.current.fetch(...request), []);
  const open = useCallback(
    async (example) => actions.current?.open(example.query, await variablesOf(example, session)),
    [session],
  );
  return (
    <div className="editor">
      <Toolbar session={session} signOut={signOut} examples={examples} open={open} {...account} />
      <GraphiQL
        fetcher={fetcher}
        defaultQuery={defaultQuery}
        shouldPersistHeaders={false}
        showPersistHeadersSettings={false}
      >
        <GraphiQL.Logo>{null}</GraphiQL.Logo>
        <GraphiQL.Footer>
          <ResultNotes notes={notes} session={session} />
        </GraphiQL.Footer>
        <EditorActions session={session} actions={actions} />
      </GraphiQL>
    </div>
  );
}

/** Passes GraphiQL's actions to the toolbar; only a component inside GraphiQL can use them. */
function EditorActions({ session, actions }) {
  const found = useEditorActions(session);
  useEffect(() => {
    actions.current = found;
  }, [found, actions]);
  return null;
}
