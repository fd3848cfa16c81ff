// Actions inside GraphiQL: open an example, and run the query again when another user signs in.
import { pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { useCallback, useEffect, useMemo, useRef } from "react";
import { operationType } from "./operation_type.js";

/** Whether an operation may run without a click: a mutation would be executed twice. */
const isSafe = (query, name) => ["query", "subscription"].includes(operationType(query, name));

export function useEditorActions(session) {
  const actions = useGraphiQLActions();
  const state = useGraphiQL(
    pick("queryEditor", "variableEditor", "responseEditor", "subscription", "operationName", "tabs"),
  );
  const latest = useRef(state);
  latest.current = state;
  const ranFor = useRef(null);

  const ready = Boolean(state.queryEditor && state.responseEditor);
  useEffect(() => {
    if (!ready || ranFor.current === session) return;
    ranFor.current = session;
    const { queryEditor, responseEditor, subscription, operationName, tabs } = latest.current;
    if (subscription) actions.stop();
    // Results of the previous user are removed, from the other tabs too.
    for (const tab of tabs) tab.response = null;
    responseEditor.setValue("");
    if (isSafe(queryEditor.getValue(), operationName)) actions.run();
  }, [ready, session, actions]);

  const open = useCallback(
    (query, variables) => {
      if (latest.current.subscription) actions.stop();
      actions.addTab();
      // The editors first load the texts of the new tab.
      setTimeout(() => {
        latest.current.queryEditor?.setValue(query);
        latest.current.variableEditor?.setValue(variables);
        if (isSafe(query)) setTimeout(() => actions.run(), 300);
      });
    },
    [actions],
  );
  return useMemo(() => ({ open }), [open]);
}
