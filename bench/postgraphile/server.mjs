// PostGraphile as its documentation recommends for production, with a database role per request.

import { createServer } from "node:http";
import { PgAggregatesPreset } from "@graphile/pg-aggregates";
import { grafserv } from "postgraphile/grafserv/node";
import { makePgService } from "postgraphile/adaptors/pg";
import { postgraphile } from "postgraphile";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { PostGraphileConnectionFilterPreset } from "postgraphile-plugin-connection-filter";

const { RIVAL_DATABASE_URL: connectionString, RIVAL_SELLER: seller, PORT: port } = process.env;

/** The viewer comes from a header, where a real service would verify a token. */
const settingsOf = (viewer) =>
  viewer === "seller"
    ? { role: "rival_seller", "rival.employee": seller, search_path: "rival, pg_temp" }
    : { role: "rival_admin", search_path: "rival, pg_temp" };

const preset = {
  extends: [PostGraphileAmberPreset, PostGraphileConnectionFilterPreset, PgAggregatesPreset],
  disablePlugins: [
    "PgMutationCreatePlugin", // only reads are measured, and the schema is smaller
    "PgMutationUpdateDeletePlugin",
    "PgIndexBehaviorsPlugin", // so that columns without an index can be filtered and grouped by
  ],
  pgServices: [
    makePgService({ connectionString, schemas: ["rival"], poolConfig: { max: 20 } }),
  ],
  schema: { pgOrderByNullsLast: true }, // as in Relata's indexes
  grafast: {
    explain: false,
    context: (request) => ({
      pgSettings: settingsOf(request.node?.req.headers["x-viewer"]),
    }),
  },
  grafserv: { port: Number(port), graphiql: false, watch: false },
};

const service = postgraphile(preset).createServ(grafserv);
const server = createServer();
server.keepAliveTimeout = 60_000;
server.on("error", (error) => {
  console.error(error);
  process.exit(1);
});
await service.addTo(server);
await service.ready();
server.listen(Number(port), "127.0.0.1", () => console.error(`ready: ${port}`));
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));
