// What the page does in GraphiQL by itself: open an example, and ask again when somebody else is signed in.
import { pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { useCallback, useEffect, useMemo, useRef } from "react";
import { kindOf } from "./kind.js";

/** Whether it may be asked again unasked: a mutation would be done twice. */
const isHarmless = (query, name) => ["query", "subscription"].includes(kindOf(query, name));

export function useHand(session) {
  const actions = useGraphiQLActions();
  const state = useGraphiQL(
    pick("queryEditor", "variableEditor", "responseEditor", "subscription", "operationName", "tabs"),
  );
  const now = useRef(state);
  now.current = state;
  const asked = useRef(null);

  const ready = Boolean(state.queryEditor && state.responseEditor);
  useEffect(() => {
    if (!ready || asked.current === session) return;
    asked.current = session;
    const { queryEditor, responseEditor, subscription, operationName, tabs } = now.current;
    if (subscription) actions.stop();
    // No answer stays under another's name, in other tabs neither; those look when they are opened.
    for (const tab of tabs) tab.response = null;
    responseEditor.setValue("");
    if (isHarmless(queryEditor.getValue(), operationName)) actions.run();
  }, [ready, session, actions]);

  const open = useCallback(
    ({ query, variables }) => {
      if (now.current.subscription) actions.stop();
      actions.addTab();
      // The editors take the new tab's texts first, and then these.
      setTimeout(() => {
        now.current.queryEditor?.setValue(query);
        now.current.variableEditor?.setValue(variables ?? "");
        if (isHarmless(query)) setTimeout(() => actions.run(), 300);
      });
    },
    [actions],
  );
  return useMemo(() => ({ open }), [open]);
}
