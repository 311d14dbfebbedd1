import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const OTHER_LANGUAGE =
  /\/react-(aria|stately)[^/]*\/.*\/intl\/.*\/(?!en-US)[a-z]{2}-[A-Z]{2}\.mjs$/;

/** The components bring their words in thirty languages; the pages are in English. */
const onlyEnglish: Plugin = {
  name: "only-english",
  enforce: "pre",
  load: (id) => (OTHER_LANGUAGE.test(id) ? "export default {};" : null),
};

export default defineConfig({
  plugins: [react(), onlyEnglish],
  resolve: {
    // the light build has all of live playback; subtitles, DRM and alternate audio are not used
    alias: [{ find: /^hls\.js$/, replacement: "hls.js/light" }],
  },
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // what is not inlined needs no exception in the content security policy
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700, // in kilobytes before compression; scripts/size.mjs has the real limit
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: "hls", test: /node_modules\/hls\.js\// }] } },
    },
  },
  server: {
    // `npm run dev` beside a running installation
    proxy: { "/api": { target: "http://127.0.0.1:8080", ws: true } },
  },
  test: {
    include: ["tests/**/*.test.{ts,tsx}"],
    environment: "node",
    // one file each instead of thousands, which every test file would load anew
    deps: {
      optimizer: { client: { enabled: true, include: ["react-aria-components", "lucide-react"] } },
    },
    testTimeout: 20_000, // a machine that does other things, too
  },
});
