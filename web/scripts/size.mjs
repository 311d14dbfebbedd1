/** Fails when what a browser may load of the application is larger than promised. */

import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT_BYTES = 350 * 1024;
const folder = process.argv.slice(2).find((argument) => !argument.startsWith("--")) ?? "dist";
const FOLDER = new URL(`../${folder}/assets/`, import.meta.url);

const sizes = readdirSync(FOLDER)
  .filter((name) => /\.(js|css)$/.test(name))
  .filter((name) => !/^hls[.-]/.test(name)) // loaded only where LL-HLS or playback needs it
  .map((name) => ({ name, bytes: gzipSync(readFileSync(new URL(name, FOLDER))).length }))
  .sort((a, b) => b.bytes - a.bytes);
const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;

if (process.argv.includes("--list") || total > LIMIT_BYTES) {
  for (const { name, bytes } of sizes) console.log(kilobytes(bytes).padStart(10), name);
}
if (total > LIMIT_BYTES) {
  console.error(
    `the pages are ${kilobytes(total)} compressed, more than ${kilobytes(LIMIT_BYTES)}`,
  );
  process.exit(1);
}
