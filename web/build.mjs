// Bundles the page into a directory: a few files, each named by a hash of its content.
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
  legalComments: "linked", // licenses, in separate files
  metafile: true,
  logLevel: "warning",
};

/** The output file of an entry. */
function outputOf({ metafile }, entry, ending = ".js") {
  const found = Object.entries(metafile.outputs).find(([, each]) => each.entryPoint === entry);
  return basename(ending === ".js" ? found[0] : found[1].cssBundle);
}

// Workers first, because the page needs their file names. They are classic scripts, so one file each.
const WORKERS = {
  editor: "node_modules/monaco-editor/esm/vs/editor/editor.worker.js",
  json: "node_modules/monaco-editor/esm/vs/language/json/json.worker.js",
  graphql: "node_modules/monaco-graphql/esm/graphql.worker.js",
};
const workers = await build({ ...common, entryPoints: WORKERS, format: "iife" });
const names = Object.entries(WORKERS).map(([name, entry]) => [name, outputOf(workers, entry)]);

// GraphiQL's style sheet contains Monaco's; without this, Monaco's modules would include it again.
const skipStyles = {
  name: "skip styles",
  setup(bundle) {
    bundle.onLoad({ filter: /monaco-editor[\\/]esm[\\/].*\.css$/ }, () => ({ contents: "", loader: "css" }));
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
  plugins: [skipStyles],
});

const html = (await readFile("src/page.html", "utf8"))
  .replace("main.js", outputOf(page, ENTRY))
  .replace("main.css", outputOf(page, ENTRY, ".css"));
await writeFile(join(out, "page.html"), html);
