import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where `chargewire serve` or `chargewire demo` listens while the portal is developed. */
const BACKEND = "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../../src/chargewire/backoffice/portal",
    emptyOutDir: true,
    // The Content-Security-Policy allows 'self' only: no data: URLs.
    assetsInlineLimit: 0,
    // Notices of the bundled packages travel with the wheel.
    license: { fileName: "licenses.md" },
  },
  server: {
    proxy: {
      "/api": BACKEND,
      "/socket.io": { target: BACKEND, ws: true },
    },
  },
  test: { include: ["src/**/*.test.ts"] },
});
