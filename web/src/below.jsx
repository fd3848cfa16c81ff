// The line under the result: what was asked for and not shown, and whether a live list is followed.
const REASONS = {
  hidden: "Hidden from",
  status: "Hidden in some statuses from",
  module: "Of a module that is off for",
};

/** Fields by the reason that they are not shown for. */
function byReason(denied) {
  const found = new Map();
  for (const { type, field, reason } of denied) {
    found.set(reason, [...(found.get(reason) ?? []), `${type}.${field}`]);
  }
  return [...found];
}

export function Below({ told, session }) {
  const { denied = [], isAnswered, heard, over } = told;
  return (
    <div className="below" role="status">
      {byReason(denied).map(([reason, fields]) => (
        <p key={reason} className="denied">
          <strong>
            {REASONS[reason] ?? reason} {session.name}:
          </strong>{" "}
          {fields.join(", ")}
        </p>
      ))}
      {isAnswered && denied.length === 0 && <p>Nothing is hidden from {session.name} here.</p>}
      {heard > 0 && (
        <p>
          <strong>{over ? "Was followed live:" : "Live:"}</strong> {heard}{" "}
          {heard === 1 ? "message" : "messages"} so far
        </p>
      )}
    </div>
  );
}
