import { defineConfig } from "vitest/config";

// Each folder with an index.html is one set of pages. `dist` is what the gateway serves under
// /live/, so every address in it is relative.
export default defineConfig({
  root: "live",
  base: "./",
  resolve: {
    // the light build has all of live playback; subtitles, DRM and alternate audio are not used
    alias: [{ find: /^hls\.js$/, replacement: "hls.js/light" }],
  },
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // the content security policy allows no data: addresses
    modulePreload: { polyfill: false },
  },
  test: {
    root: ".",
    include: ["tests/**/*.test.ts"],
    environment: "node",
  },
});
