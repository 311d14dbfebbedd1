import { existsSync } from "node:fs";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Pages that are not part of the application, while there are any.
const pages = ["index.html", "live/index.html"].filter((page) => existsSync(page));

export default defineConfig({
  plugins: [react()],
  resolve: {
    // the light build has all of live playback; subtitles, DRM and alternate audio are not used
    alias: [{ find: /^hls\.js$/, replacement: "hls.js/light" }],
  },
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // what is not inlined needs no exception in the content security policy
    modulePreload: { polyfill: false },
    rolldownOptions: { input: pages },
  },
  server: {
    // `npm run dev` beside a running installation
    proxy: { "/api": { target: "http://127.0.0.1:8080", ws: true } },
  },
  test: {
    include: ["tests/**/*.test.{ts,tsx}"],
    environment: "node",
  },
});
