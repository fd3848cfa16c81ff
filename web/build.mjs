// Bundles the page into the directory that is given: a few files, each named by a hash of what is in it.
import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { build } from "esbuild";

const out = process.argv[2];
const common = {
  bundle: true,
  minify: true,
  outdir: out,
  target: "es2022",
  entryNames: "[name]-[hash]",
  chunkNames: "part-[hash]",
  assetNames: "[name]-[hash]",
  legalComments: "linked", // the licences go along, in files of their own
  metafile: true,
  logLevel: "warning",
};

/** The file that an entry became. */
function made({ metafile }, entry, ending = ".js") {
  const found = Object.entries(metafile.outputs).find(([, each]) => each.entryPoint === entry);
  return basename(ending === ".js" ? found[0] : found[1].cssBundle);
}

// Workers first: what starts them must know their names. They are classic scripts, so one file each.
const WORKERS = {
  editor: "node_modules/monaco-editor/esm/vs/editor/editor.worker.js",
  json: "node_modules/monaco-editor/esm/vs/language/json/json.worker.js",
  graphql: "node_modules/monaco-graphql/esm/graphql.worker.js",
};
const workers = await build({ ...common, entryPoints: WORKERS, format: "iife" });
const names = Object.entries(WORKERS).map(([name, entry]) => [name, made(workers, entry)]);

// GraphiQL's style sheet holds Monaco's already; Monaco's modules would bring the same once more.
const once = {
  name: "styles once",
  setup(building) {
    building.onLoad({ filter: /monaco-editor[\\/]esm[\\/].*\.css$/ }, () => ({ contents: "", loader: "css" }));
  },
};
const ENTRY = "src/main.jsx";
const page = await build({
  ...common,
  entryPoints: [ENTRY],
  format: "esm",
  splitting: true,
  jsx: "automatic",
  loader: { ".graphql": "text" },
  define: {
    "process.env.NODE_ENV": '"production"',
    WORKERS: JSON.stringify(Object.fromEntries(names)),
  },
  plugins: [once],
});

const html = (await readFile("src/page.html", "utf8"))
  .replace("main.js", made(page, ENTRY))
  .replace("main.css", made(page, ENTRY, ".css"));
await writeFile(join(out, "page.html"), html);
