import { useSyncExternalStore } from "react";

/** The colours of a chart, as the style sheet defines them for light and dark. */
export interface Palette {
  readonly accent: string;
  readonly band: string;
  readonly ink: string;
  readonly soft: string;
  readonly muted: string;
  readonly line: string;
  readonly surface: string;
}

const DARK = "(prefers-color-scheme: dark)";
const palettes = new Map<boolean, Palette>();

/** The palette in force; changes when the reader switches between light and dark. */
export function usePalette(): Palette {
  return useSyncExternalStore(subscribe, current);
}

// Kept per scheme, because a store must answer with the same object until something changed.
function current(): Palette {
  const dark = window.matchMedia(DARK).matches;
  const known = palettes.get(dark);
  if (known) return known;
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const palette = {
    accent: color("accent"),
    band: color("accent-soft"),
    ink: color("ink"),
    soft: color("soft"),
    muted: color("muted"),
    line: color("line"),
    surface: color("surface"),
  };
  palettes.set(dark, palette);
  return palette;
}

function subscribe(changed: () => void): () => void {
  const media = window.matchMedia(DARK);
  media.addEventListener("change", changed);
  return () => media.removeEventListener("change", changed);
}
