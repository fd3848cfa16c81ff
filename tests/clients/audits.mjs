// Runs the audits of graphql-http against an address, and prints them as JSON: [{id, name, status, reason}].
import { serverAudits } from "graphql-http";

const [url, token] = process.argv.slice(2);

function fetchFn(address, init = {}) {
  const headers = { ...init.headers, authorization: `Bearer ${token}` };
  return fetch(address, { ...init, headers });
}

const found = [];
for (const audit of serverAudits({ url, fetchFn })) {
  const { id, name, status, reason } = await audit.fn();
  found.push({ id, name, status, reason });
}
console.log(JSON.stringify(found));
