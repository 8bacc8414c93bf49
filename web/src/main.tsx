import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createQueryClient } from "./api/queries";
import { Overview } from "./pages/overview/overview";
import "./styles/base.css";
import "./styles/overview.css";

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={createQueryClient()}>
        <Overview />
      </QueryClientProvider>
    </StrictMode>,
  );
}
