/** Starts the portal. */

import "@fontsource-variable/geist/index.css";
import "@fontsource-variable/geist-mono/index.css";
import "./styles/tokens.css";
import "./styles/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { saveToken, takeTokenFromFragment } from "./session";
import { restoreTheme } from "./theme";

restoreTheme();

const token = takeTokenFromFragment();
if (token !== null) {
  saveToken(token);
}

const root = document.getElementById("root");
if (root === null) {
  throw new Error("The page has no element #root.");
}
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
