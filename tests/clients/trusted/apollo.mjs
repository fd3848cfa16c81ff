// Queries by the identifiers of a manifest with Apollo Client, and prints its requests and the data.
import { readFileSync } from "node:fs";
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client/core";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { generatePersistedQueryIdsFromManifest } from "@apollo/persisted-query-lists";

const [url, token, manifest, ...documents] = process.argv.slice(2);
const requests = [];

async function fetched(uri, options) {
  const { searchParams } = new URL(uri);
  requests.push({ method: options.method, text: searchParams.has("query") || /"query"/.test(options.body ?? "") });
  return fetch(uri, options);
}

const identifiers = generatePersistedQueryIdsFromManifest({
  loadManifest: async () => JSON.parse(readFileSync(manifest, "utf8")),
});
const client = new ApolloClient({
  cache: new InMemoryCache(),
  link: new PersistedQueryLink({ ...identifiers, useGETForHashedQueries: true }).concat(
    new HttpLink({ uri: url, fetch: fetched, headers: { authorization: `Bearer ${token}` } }),
  ),
});
const query = gql(documents.map((each) => readFileSync(each, "utf8")).join("\n"));
const { data } = await client.query({ query, variables: { first: 3 } });
console.log(JSON.stringify({ data, requests }));
