// The variables of an example: its JSON, in which placeholders stand for records to look up and for dates.
const DATE = /^\$today([+-]\d+)?(T.*)?$/;

/** Replaces `$name` with the id that the lookup returns for `name`, and `$today+30` with that date. */
function replaced(value, found) {
  if (Array.isArray(value)) return value.map((each) => replaced(each, found));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, replaced(each, found)]));
  }
  if (typeof value !== "string" || !value.startsWith("$")) return value;
  const date = DATE.exec(value);
  if (!date) return found[value.slice(1)] ?? null;
  const [, days = "0", time = ""] = date;
  return new Date(Date.now() + Number(days) * 86_400_000).toISOString().slice(0, 10) + time;
}

/** The variables as text for the editor. Records are looked up with the rights of the signed-in user. */
export async function variablesOf({ variables, lookup }, session) {
  if (!variables) return "";
  const { data } = lookup ? await session.ask({ query: lookup }) : {};
  const found = Object.entries(data ?? {}).map(([name, list]) => [name, list?.nodes?.[0]?.id]);
  return JSON.stringify(replaced(JSON.parse(variables), Object.fromEntries(found)), null, 2);
}
