#!/usr/bin/env node
// Builds a component from a job's file: `npx wasmill-build job.ts -o job.wasm`.
//
// The file exports the job function as its default. It and what it imports are bundled into one file, and the component
// imports nothing but the host's interfaces. Types are stripped, not checked: that is `tsc --noEmit`.

import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { componentize } from "componentize-qjs";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));

/** One file of JavaScript with everything that the job imports. */
async function bundle(job, name) {
  const contents = `import job from ${JSON.stringify(job)};
    import { component } from "wasmill/guest";
    export const { manifest, plan, operator, source, sink } = component(${JSON.stringify(name)}, job);`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: dirname(job), sourcefile: "component.js" },
    alias: {
      wasmill: resolve(here, "../dist/src/index.js"),
      "wasmill/guest": resolve(here, "../dist/src/guest.js"),
    },
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2023",
    external: ["wasmill:*"],
    logLevel: "silent",
  });
  return outputFiles[0].text;
}

async function main() {
  const { values, positionals } = parseArgs({
    options: { output: { type: "string", short: "o" } },
    allowPositionals: true,
  });
  const [given] = positionals;
  if (given === undefined || positionals.length > 1) throw new Error("usage: wasmill-build JOB.ts [-o JOB.wasm]");
  const job = resolve(given);
  const stem = basename(job, extname(job));
  const out = resolve(values.output ?? `${dirname(job)}/${stem}.wasm`);
  const { component } = await componentize({
    witPath: resolve(here, "../wit"),
    world: "complete",
    jsSource: await bundle(job, stem.replaceAll("_", "-")),
    sync: true,
    stubWasi: true,
  });
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, component);
  console.log(out);
}

main().catch((error) => {
  console.error(`wasmill-build: ${error.message}`);
  process.exitCode = 1;
});
