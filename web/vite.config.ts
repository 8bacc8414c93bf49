import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  // The charting library is most of the page and cannot be split further.
  build: { target: "es2022", chunkSizeWarningLimit: 1000 },
  server: { proxy: { "/api": "http://127.0.0.1:7878" } },
  test: { environment: "happy-dom", restoreMocks: true },
});
