// The lines below a result: requested fields that the user may not read, and the state of a subscription.
const REASONS = {
  hidden: "Fields hidden from",
  status: "Fields hidden by the record's status from",
  object: "Fields of a feature that is off for",
  module: "Fields of a feature that is off for",
};

/** The denied fields, grouped by the reason. */
function byReason(denied) {
  const found = new Map();
  for (const { type, field, reason } of denied) {
    found.set(reason, [...(found.get(reason) ?? []), `${type}.${field}`]);
  }
  return [...found];
}

export function ResultNotes({ notes, session }) {
  const { denied = [], hasData, messages, ended } = notes;
  return (
    <div className="result-notes" role="status">
      {byReason(denied).map(([reason, fields]) => (
        <p key={reason} className="denied">
          <strong>
            {REASONS[reason] ?? reason} {session.name}:
          </strong>{" "}
          {fields.join(", ")}
        </p>
      ))}
      {hasData && denied.length === 0 && <p>{session.name} may read all requested fields.</p>}
      {messages > 0 && (
        <p>
          <strong>{ended ? "Subscription ended:" : "Subscription active:"}</strong> {messages}{" "}
          {messages === 1 ? "message" : "messages"}
        </p>
      )}
    </div>
  );
}
